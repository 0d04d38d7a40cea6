// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/version"
)

// TestParseFlags: what is wrong with a command line is said all at once, with what
// to do.
func TestParseFlags(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{
			name: "all in order",
			args: []string{"--callback-base-url=https://x.example.com", "--grant-namespace=x-operator-system"},
		},
		{
			name: "loopback for development",
			args: []string{"--callback-base-url=http://127.0.0.1:8082", "--grant-namespace=a", "--x-token-url=http://127.0.0.1:1/token"},
		},
		{name: "the agents' door alone", args: []string{"--components=agent", "--grant-namespace=a"}},
		{
			name: "the agents' door for anybody",
			args: []string{"--components=agent", "--grant-namespace=a", "--agent-audience="},
			want: []string{"--agent-audience must not be empty"},
		},
		{
			name: "nothing",
			want: []string{"--grant-namespace is required", "--callback-base-url is required"},
		},
		{
			name: "everything wrong",
			args: []string{
				"--callback-base-url=http://x.example.com", "--grant-namespace=a", "--components=door",
				"--x-token-url=http://api.x.com/token", "--selector=a in (", "--xapp-selector==", "--max-concurrent-reconciles=0",
			},
			want: []string{"http is allowed on a loopback host only", `no component "door"`, "token URL", "--selector", "--xapp-selector", "at least 1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "")
			options, err := ParseFlags("x-operator", test.args, &strings.Builder{})
			if err != nil {
				t.Fatal(err)
			}
			err = options.complete()
			if (err != nil) != (len(test.want) > 0) {
				t.Fatalf("the error is %v", err)
			}
			for _, text := range test.want {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error lacks %q: %v", text, err)
				}
			}
		})
	}
}

// TestVersion: it is printed alone, on standard output, and nothing else is asked.
func TestVersion(t *testing.T) {
	var output, diagnostics strings.Builder
	if err := Main([]string{"--version"}, &output, &diagnostics); err != nil {
		t.Fatal(err)
	}
	want := "x-operator " + version.Get().String() + "\n"
	if output.String() != want || diagnostics.String() != "" {
		t.Errorf("it prints %q and %q, want %q and nothing", output.String(), diagnostics.String(), want)
	}
}

// TestHelp documents every flag.
func TestHelp(t *testing.T) {
	var help strings.Builder
	if _, err := ParseFlags("x-operator", []string{"--help"}, &help); !errors.Is(err, flag.ErrHelp) {
		t.Fatalf("the error is %v", err)
	}
	for _, name := range []string{
		"callback-base-url", "callback-bind-address", "grant-namespace", "x-authorize-url", "x-token-url", "x-revoke-url",
		"x-api-url", "agent-bind-address", "agent-audience", "agent-tls-cert-dir", "components", "namespaces", "selector", "xapp-selector", "leader-elect", "max-concurrent-reconciles",
		"metrics-bind-address", "health-probe-bind-address", "zap-log-level", "kubeconfig", "version",
	} {
		if !strings.Contains(help.String(), "-"+name) {
			t.Errorf("--help does not mention --%s", name)
		}
	}
}
