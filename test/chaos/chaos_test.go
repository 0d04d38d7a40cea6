// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chaos is the short form of the crash suite: the operator's binary is
// killed once at each named step, against a real control plane and the simulator
// of X. The long form is `make chaos`.
package chaos

import (
	"bytes"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/agentconnect/x-operator/internal/chaos"
	"github.com/agentconnect/x-operator/internal/child"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// lines passes what is said on to the test's log.
type lines struct{ t *testing.T }

// Write implements io.Writer.
func (l lines) Write(text []byte) (int, error) {
	l.t.Log(string(bytes.TrimRight(text, "\n")))
	return len(text), nil
}

func TestNothingIsLostAtAnyStep(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs a control plane")
	}
	report, err := chaos.Run(t.Context(), chaos.Short(chaos.Options{Progress: lines{t}}))
	if err != nil {
		t.Fatal(err)
	}
	report.Print(lines{t})
	if report.Broken() {
		t.Errorf("%d times something happened that must not: see above", len(report.Breaches))
	}
	if report.Posts.Published == 0 {
		t.Error("no post was published")
	}
	for _, step := range chaos.Steps {
		if report.Kills[step] == 0 {
			t.Errorf("nothing was killed at the step %s", step)
		}
	}
}

// TestFailpointsStayOutOfReleases looks for the failpoints in the binary as it is
// released, and in the one that the suite runs.
func TestFailpointsStayOutOfReleases(t *testing.T) {
	for _, test := range []struct {
		tags []string
		want bool
	}{{nil, false}, {[]string{chaos.TagFailpoints}, true}} {
		path, err := child.Build(t.Context(), t.TempDir(), child.Module, test.tags...)
		if err != nil {
			t.Fatal(err)
		}
		binary, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range append([]string{"XOP_FAILPOINT"}, chaos.Steps...) {
			if got := bytes.Contains(binary, []byte(text)); got != test.want {
				t.Errorf("with the tags %q the binary has %q: %t", test.tags, text, got)
			}
		}
	}
}
