// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The programs of a control plane, by the names of their binaries and logs.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
)

// lost names each process that ended though nobody asked it to, with the end of its
// log.
func (c *ControlPlane) lost() error {
	var errs []error
	for _, name := range []string{etcd, apiServer} {
		// One that was ended on purpose has no process id.
		if pid, err := c.pid(name); err == nil && syscall.Kill(pid, 0) != nil {
			errs = append(errs, c.lostOne(name))
		}
	}
	if c.manager != nil && c.manager.Ended() {
		errs = append(errs, c.lostOne(controllerManager))
	}
	return errors.Join(errs...)
}

func (c *ControlPlane) lostOne(name string) error {
	return fmt.Errorf("%s ended by itself; the end of its log:\n%s", name, c.tailOf(name))
}

// wrap makes a script that notes its process id, which envtest tells nobody, and
// becomes one of the binaries.
func (c *ControlPlane) wrap(name string) (string, error) {
	path := filepath.Join(c.dir, name)
	script := fmt.Sprintf("#!/bin/sh\necho $$ >'%s'\nexec '%s' \"$@\"\n", c.pidFile(name), c.Binary(name))
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil { //nolint:gosec // It is run.
		return "", fmt.Errorf("configuring %s: %w", name, err)
	}
	return path, nil
}

func (c *ControlPlane) pidFile(name string) string { return filepath.Join(c.dir, name+".pid") }

func (c *ControlPlane) pid(name string) (int, error) {
	content, err := os.ReadFile(c.pidFile(name))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}

// openLog opens the log of one of the programs. A process that was given it has a
// handle of its own.
func (c *ControlPlane) openLog(name string) (*os.File, error) {
	file, err := os.OpenFile(c.logFile(name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a log: %w", err)
	}
	return file, nil
}

func (c *ControlPlane) logFile(name string) string { return filepath.Join(c.dir, name+".log") }

// tailOf is the end of a program's log, or why it can't be read.
func (c *ControlPlane) tailOf(name string) []byte {
	log, err := os.ReadFile(c.logFile(name))
	if err != nil {
		return []byte(err.Error())
	}
	return tail(log)
}
