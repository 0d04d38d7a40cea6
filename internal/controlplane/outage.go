// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// drainTimeout is how long kube-apiserver may take to end in good order. Watches
// keep it from ending for a minute.
const (
	drainTimeout = 3 * time.Second
	drainPoll    = 10 * time.Millisecond
)

// StopAPIServer asks kube-apiserver to end, as an upgrade of the control plane
// does: it takes no more connections and finishes its requests. Whoever watches is
// cut off after 3 seconds. Etcd stays. Start it again before it is stopped again.
func (c *ControlPlane) StopAPIServer() error { return c.endAPIServer(syscall.SIGTERM) }

// KillAPIServer ends kube-apiserver in the middle of whatever it does: nobody
// knows then which writes were applied. Start it again before it is stopped again.
func (c *ControlPlane) KillAPIServer() error { return c.endAPIServer(syscall.SIGKILL) }

func (c *ControlPlane) endAPIServer(how syscall.Signal) error {
	content, err := os.ReadFile(c.apiServerPID())
	if err != nil {
		return fmt.Errorf("stopping kube-apiserver: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return fmt.Errorf("stopping kube-apiserver: %w", err)
	}
	if err := syscall.Kill(pid, how); err != nil {
		return fmt.Errorf("stopping kube-apiserver: %w", err)
	}
	// It exists until envtest, which waits for it, has seen its end.
	gone := func(context.Context) (bool, error) { return syscall.Kill(pid, 0) != nil, nil }
	if wait.PollUntilContextTimeout(context.Background(), drainPoll, drainTimeout, true, gone) != nil {
		_ = syscall.Kill(pid, syscall.SIGKILL) // It may have ended just now.
	}
	if err := wait.PollUntilContextTimeout(context.Background(), drainPoll, stopTimeout, true, gone); err != nil {
		return fmt.Errorf("waiting for the end of kube-apiserver: %w", err)
	}
	if err := c.env.ControlPlane.APIServer.Stop(); err != nil {
		return fmt.Errorf("stopping kube-apiserver: %w", err)
	}
	return nil
}

// StartAPIServer starts kube-apiserver again, at the same address with the same
// certificates, and waits until it is healthy.
func (c *ControlPlane) StartAPIServer() error {
	logs, err := c.create("apiserver.log")
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }() // The process has a handle of its own.
	server := c.env.ControlPlane.APIServer
	server.Out, server.Err = logs, logs
	if err := server.Start(); err != nil {
		return fmt.Errorf("starting kube-apiserver again: %w\n%s", err, tailOf(logs.Name()))
	}
	return nil
}

func (c *ControlPlane) apiServerPID() string { return filepath.Join(c.dir, "apiserver.pid") }

// wrapAPIServer makes a script that notes its process id, which envtest tells
// nobody, and becomes the API server.
func (c *ControlPlane) wrapAPIServer() (string, error) {
	path := filepath.Join(c.dir, "kube-apiserver")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >'%s'\nexec '%s' \"$@\"\n", c.apiServerPID(), c.Binary("kube-apiserver"))
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // It is run.
		return "", fmt.Errorf("configuring kube-apiserver: %w", err)
	}
	return path, nil
}
