// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package envtest gives tests a real control plane: one for all tests of a
// package, started when the first test asks for it. A package's TestMain is
//
//	func TestMain(m *testing.M) { os.Exit(envtest.Run(m, controlplane.Options{})) }
//
// and a test begins with
//
//	cluster := envtest.Cluster(t)
//	namespace := envtest.Namespace(t, cluster, nil)
//
// Namespaces keep the tests of a package apart. Where the control plane can't be
// built or started the test fails; only `go test -short` skips it.
package envtest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/agentconnect/x-operator/internal/controlplane"
)

// exitInterrupted is the exit code of a program that an interrupt ended.
const exitInterrupted = 130

// suite is what the tests of one package share.
var suite struct {
	sync.Mutex
	// start starts the control plane once; nil until Run was called.
	start func() (*controlplane.ControlPlane, error)
	// running is nil until a test wanted it.
	running *controlplane.ControlPlane
}

// Run runs a package's tests, stops the control plane that they used, if any, and
// returns the exit code. The options are those it starts with. An interrupt stops
// it as well, so that no process is left behind.
func Run(m *testing.M, options controlplane.Options) int {
	if options.Progress == nil {
		options.Progress = os.Stderr
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		_ = stop()
		os.Exit(exitInterrupted) //nolint:forbidigo // Nobody can return: the tests are still running.
	})()
	suite.start = sync.OnceValues(func() (*controlplane.ControlPlane, error) {
		return controlplane.Start(ctx, options)
	})
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the control plane:", err)
		return max(code, 1)
	}
	return code
}

// stop waits for a start that is under way.
func stop() error {
	suite.Lock()
	defer suite.Unlock()
	if suite.running == nil {
		return nil
	}
	return suite.running.Stop()
}

// Cluster is the package's control plane, started at the first call. It fails the
// test if there is none.
func Cluster(t testing.TB) *controlplane.ControlPlane {
	t.Helper()
	if testing.Short() {
		t.Skip("this test needs a control plane: run it without -short")
	}
	suite.Lock()
	defer suite.Unlock()
	if suite.start == nil {
		t.Fatal("there is no control plane: TestMain of this package must call envtest.Run")
	}
	running, err := suite.start()
	if err != nil {
		t.Fatalf("there is no control plane: %v", err)
	}
	suite.running = running
	return running
}

// Namespace makes a namespace of its own for a test, named after it, and returns
// its name.
func Namespace(t testing.TB, cluster *controlplane.ControlPlane, labels map[string]string) string {
	t.Helper()
	namespace, err := cluster.CreateNamespace(t.Context(), prefix(t.Name()), labels)
	if err != nil {
		t.Fatal(err)
	}
	return namespace
}

// prefix makes the beginning of an object's name of a test's name.
func prefix(test string) string {
	const longest = 40
	name := strings.Map(nameRune, strings.ToLower(test))
	return strings.Trim(name[:min(len(name), longest)], "-")
}

// nameRune keeps the letters and digits of ASCII.
func nameRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}
