// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// TestTellsWhatEndedByItself: a process that nobody asked to end is named, with what
// it said last.
func TestTellsWhatEndedByItself(t *testing.T) {
	cluster, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	pid, err := cluster.pid(apiServer)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone := func(context.Context) (bool, error) { return syscall.Kill(pid, 0) != nil, nil }
	if err := wait.PollUntilContextTimeout(t.Context(), drainPoll, time.Minute, true, gone); err != nil {
		t.Fatal(err)
	}
	if err := cluster.StopAPIServer(); err == nil {
		t.Error("a process that is gone was stopped")
	}
	last := string(cluster.tailOf(apiServer))
	err = cluster.Stop()
	want := "kube-apiserver ended by itself; the end of its log:\n" + last
	// Envtest, which may not have seen the end yet, can have more to say.
	if err == nil || !strings.HasPrefix(err.Error(), want) || strings.TrimSpace(last) == "" {
		t.Errorf("got %v, want %s", err, want)
	}
}
