// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/chaos"
)

func TestAnInterruptedRunIsNoVerdict(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	held, err := run(ctx, []string{"--seed=1"}, io.Discard, io.Discard)
	if want := "interrupted: "; held || err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("it says %t and %v, which does not begin with %q", held, err, want)
	}
}

func TestFlags(t *testing.T) {
	full := chaos.Options{Faults: 1000, Connections: 220, Posts: 400, Outages: 12}
	some := full
	some.Seed, some.Worlds = 7, []string{"kill", "grace"}
	for name, test := range map[string]struct {
		args []string
		want chaos.Options
	}{
		"by default":     {nil, full},
		"some worlds":    {[]string{"--seed=7", "--worlds=kill,grace"}, some},
		"the short form": {[]string{"--short"}, chaos.Short(full)},
	} {
		got, err := parse(test.args, io.Discard)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, test.want)
		}
	}
}
