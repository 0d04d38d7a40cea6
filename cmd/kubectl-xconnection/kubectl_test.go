// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// shell calls kubectl with the plugin on the PATH, as people do.
type shell struct {
	*stage
	dir string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{stage: newStage(t), dir: t.TempDir()}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(s.dir, "kubectl-xconnection"), ".") //nolint:gosec // The path is the test's own.
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the plugin: %v\n%s", err, output)
	}
	if err := os.Symlink(s.cluster.Binary("kubectl"), filepath.Join(s.dir, "kubectl")); err != nil {
		t.Fatal(err)
	}
	return s
}

// kubectl calls it in the person's namespace.
func (s *shell) kubectl(arguments ...string) result {
	s.t.Helper()
	call := exec.CommandContext(s.t.Context(), filepath.Join(s.dir, "kubectl"), arguments...) //nolint:gosec // The arguments are the test's own.
	call.Env = append(os.Environ(), "PATH="+s.dir+string(os.PathListSeparator)+"/usr/bin:/bin", "KUBECONFIG="+s.kubeconfig)
	var out, errOut bytes.Buffer
	call.Stdout, call.Stderr = &out, &errOut
	var exit *exec.ExitError
	if err := call.Run(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return result{out: out.String(), err: errOut.String(), code: call.ProcessState.ExitCode()}
}

// TestKubectl finds the plugin, hands on its arguments and its exit code, and asks
// it for completions, through the script that is shipped and through a link.
func TestKubectl(t *testing.T) {
	s := newShell(t)
	s.apply("agent", invited)
	s.apply("other", connected)
	s.expect(s.kubectl("xconnection", "status", "agent", "-n", s.namespace), result{
		code: command.ExitNotReady,
		out: "NAME    CONNECTED   USERNAME   READY   REASON            SINCE    TOKEN EXPIRES   CONSENT EXPIRES\n" +
			"agent   false       <none>     False   ConsentRequired   <none>   <none>          <none>\n",
		err: "error: xconnection {ns}/agent is not ready: ConsentRequired: A person must open the link in status.authorizeURL and consent\n" +
			"To connect it: kubectl xconnection connect agent -n {ns}\n",
	})
	s.draft()
	completers := map[string]func(name string) error{
		"script": func(name string) error {
			script, err := os.ReadFile("kubectl_complete-xconnection")
			return errors.Join(err, os.WriteFile(name, script, 0o700)) //nolint:gosec // It is to be run.
		},
		"link": func(name string) error { return os.Symlink("kubectl-xconnection", name) },
	}
	for kind, install := range completers {
		name := filepath.Join(s.dir, "kubectl_complete-xconnection")
		if err := install(name); err != nil {
			t.Fatal(err)
		}
		s.completes(kind)
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *shell) completes(kind string) {
	s.t.Helper()
	tests := []struct {
		line []string
		want string
	}{
		{[]string{"re"}, "reconnect\tAsk for consent again while the present token keeps working\nrefresh\tRefresh the access token now\nreject\tReject a post, so that it is not published\n:4\n"},
		{[]string{"status", "--namespace", s.namespace, ""}, "agent\tConsentRequired\nother\tConnected\n:4\n"},
		{[]string{"status", "--namespace", s.namespace, "agent", ""}, "other\tConnected\n:4\n"},
		{[]string{"connect", "--namespace", s.namespace, "agent", ""}, ":4\n"},
		{[]string{"approve", "--namespace", s.namespace, ""}, "launch\tNotSeenYet\n:4\n"},
		{[]string{"reject", "--namespace", s.namespace, "launch", ""}, ":4\n"},
		{[]string{"status", "-o", "wi"}, "wide\n:4\n"},
		{[]string{"adopt", "--dry-run=s"}, "server\n:4\n"},
		{[]string{"refresh", "--namespace", s.namespace}, s.namespace + "\n:4\n"},
	}
	for _, test := range tests {
		got := s.kubectl(append([]string{"__complete", "xconnection"}, test.line...)...)
		if got.out != test.want || got.code != command.ExitOK {
			s.t.Errorf("with the %s, %q completes to\n%s\nnot to\n%s\n(%s)", kind, strings.Join(test.line, " "), got.out, test.want, got.err)
		}
	}
}
