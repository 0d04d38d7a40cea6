// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestFlags(t *testing.T) {
	got, err := parse([]string{
		"--app", "id:secret:https://x.example.com:8443/cb", "--app", "id:secret:http://127.0.0.1:1/cb",
		"--account", "jane_doe", "--account", "john_roe", "--admin", "--seed", "7",
		"--reuse", "same", "--grace", "10s", "--access-token-lifetime", "1m", "--keep-earlier-logins",
	}, io.Discard)
	want := options{listen: "127.0.0.1:0", config: xsim.Config{
		Apps: []xsim.App{{
			ClientID: "id", ClientSecret: "secret",
			RedirectURIs: []string{"https://x.example.com:8443/cb", "http://127.0.0.1:1/cb"},
		}},
		Accounts:  []string{"jane_doe", "john_roe"},
		Lifetimes: xsim.Lifetimes{Access: xsim.Duration(time.Minute)},
		Policies:  xsim.Policies{Reuse: xsim.ReuseSame, Grace: xsim.Duration(10 * time.Second), KeepEarlierLogins: true},
		Seed:      7,
		Admin:     true,
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--app", "id:secret"}, {"--listen", "0.0.0.0:0"}, {"--listen", ":0"}, {"--listen", "localhost"}, {"stray"}, {"--unknown"}, {"--reuse", "recycle"}, {"--dead-token-error", "dead"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}

func TestServesUntilInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"--admin", "--account", "jane_doe"}, in, io.Discard) }()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	state, err := xsim.Remote{URL: strings.TrimSpace(address)}.State(t.Context())
	if err != nil || state.Accounts != 1 {
		t.Errorf("state %+v, %v", state, err)
	}
	interrupt()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
