// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// StopAPIServer ends kube-apiserver in good order, as an upgrade of the control
// plane does; etcd stays. Start it again before it is stopped again.
func (c *ControlPlane) StopAPIServer() error {
	if err := c.env.ControlPlane.APIServer.Stop(); err != nil {
		return fmt.Errorf("stopping kube-apiserver: %w", err)
	}
	return nil
}

// KillAPIServer ends kube-apiserver in the middle of whatever it does: nobody
// knows then which writes were applied. Start it again before it is stopped again.
func (c *ControlPlane) KillAPIServer() error {
	content, err := os.ReadFile(c.apiServerPID())
	if err != nil {
		return fmt.Errorf("killing kube-apiserver: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return fmt.Errorf("killing kube-apiserver: %w", err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing kube-apiserver: %w", err)
	}
	// envtest waits for the end of what it started.
	return c.StopAPIServer()
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
