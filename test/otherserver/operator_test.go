// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package otherserver

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

// build builds the operator out of its own module, with its own versions of
// libraries, as `make build` does.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "x-operator")
	command := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-trimpath", "-o", binary, ".") //nolint:gosec // Our own module.
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the operator: %v\n%s", err, output)
	}
	return binary
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// operator is the operator's process.
type operator struct {
	command *exec.Cmd
	log     bytes.Buffer // To be read once the process has ended.
}

// startOperator runs the binary with flags alone: nothing of the environment names
// a cluster or X.
func startOperator(t *testing.T, binary, kubeconfig, address string, flags ...string) *operator {
	t.Helper()
	o := &operator{command: exec.Command(binary, append([]string{ //nolint:gosec // Our own binary.
		"--kubeconfig=" + kubeconfig,
		"--grant-namespace=" + operatorNamespace,
		"--callback-base-url=http://" + address,
		"--callback-bind-address=" + address,
		"--health-probe-bind-address=0",
		"--zap-log-level=10",
	}, flags...)...)}
	o.command.Env = []string{}
	o.command.Stdout, o.command.Stderr = &o.log, &o.log
	if err := o.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.stop(t) })
	waitFor(t, "the consent pages to be served", func(ctx context.Context) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
		if err != nil {
			return false
		}
		response, err := http.DefaultClient.Do(request)
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	return o
}

// stop ends the process, once, as the kubelet does, and gives what it logged.
func (o *operator) stop(t *testing.T) []byte {
	t.Helper()
	if o.command.ProcessState != nil {
		return o.log.Bytes()
	}
	if err := o.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stopping the operator: %v", err)
	}
	killer := time.AfterFunc(patience, func() { _ = o.command.Process.Kill() })
	defer killer.Stop()
	if err := o.command.Wait(); err != nil {
		t.Errorf("the operator ended with %v", err)
	}
	if t.Failed() {
		t.Logf("the operator logged:\n%s", o.log.Bytes())
	}
	return o.log.Bytes()
}

// waitFor waits until something holds.
func waitFor(t *testing.T, what string, holds func(context.Context) bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		return holds(ctx), nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}
