// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// TestPostAnswerLost looks up what became of a request whose answer is lost, and
// makes nothing a second time.
func TestPostAnswerLost(t *testing.T) {
	tests := map[string]struct {
		// kept says whether the API server made the object before the answer was lost.
		kept bool
		out  string
		err  string
		code int
	}{
		"made": {kept: true, out: "xpost.x.agentconnect.dev/news created\n"},
		"not known": {
			err: "error: making the xpost customer-a/news: an error on the server (\"\") has prevented the request from succeeding (post xposts.x.agentconnect.dev)\n" +
				"It may have been made. To look: kubectl get xpost news -n customer-a\n",
			code: command.ExitError,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var made []byte
			creations := 0
			loses := func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					creations++
					made, _ = io.ReadAll(r.Body)
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				if !test.kept {
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write(made)
			}
			out, errOut, code := run(t.Context(), t, loses, terminal.Screen{}, "post", "agent", "--text=Hello", "--name=news", "--wait=false")
			if out != test.out || errOut != test.err || code != test.code || creations != 1 {
				t.Errorf("got the exit code %d, %q and %q after %d creations; want %d, %q and %q", code, out, errOut, creations, test.code, test.out, test.err)
			}
		})
	}
}

// TestPostOfNothing asks for nothing where that is no error.
func TestPostOfNothing(t *testing.T) {
	asked := func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the server was asked for %s", r.URL) }
	out, errOut, code := run(t.Context(), t, asked, terminal.Screen{}, "post", "agent", "-f=-", "--ignore-empty")
	if out != "" || errOut != "There is nothing to publish.\n" || code != command.ExitOK {
		t.Errorf("got the exit code %d, %q and %q", code, out, errOut)
	}
}
