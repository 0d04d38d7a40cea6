// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"net/http"
	"testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
	"github.com/agentconnect/x-operator/internal/version"
)

// TestVersion: one line, and the API server is not asked.
func TestVersion(t *testing.T) {
	server := func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the API server was asked for %s", r.URL) }
	out, errOut, code := run(t.Context(), t, server, terminal.Screen{}, "version")
	if want := "kubectl-xconnection " + version.Get().String() + "\n"; out != want || errOut != "" || code != 0 {
		t.Errorf("it prints %q and %q and gives %d, want %q", out, errOut, code, want)
	}
}
