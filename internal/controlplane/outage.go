// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"os"
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
	pid, err := c.pid(apiServer)
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
	// It is not lost, and envtest, which may learn of its end a moment later, has
	// nothing left to do.
	return os.Remove(c.pidFile(apiServer))
}

// StartAPIServer starts kube-apiserver again, at the same address with the same
// certificates, and waits until it is healthy.
func (c *ControlPlane) StartAPIServer() error {
	log, err := c.openLog(apiServer)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	server := c.env.ControlPlane.APIServer
	server.Out, server.Err = log, log
	if err := server.Start(); err != nil {
		return fmt.Errorf("starting kube-apiserver again: %w\n%s", err, c.tailOf(apiServer))
	}
	return nil
}
