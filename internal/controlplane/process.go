// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a child that is ended by its handle, never by its name.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func startProcess(path string, logs *os.File, arguments ...string) (*process, error) {
	cmd := exec.Command(path, arguments...) //nolint:gosec,noctx // One of the control plane's binaries; it outlives the start's context.
	cmd.Stdout, cmd.Stderr = logs, logs
	// A group of its own, as envtest's: an interrupt from the terminal reaches us
	// alone, and we end everything in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(path), err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // How it ended is in its log.
	}()
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop asks the process to end, and kills it if it takes too long.
func (p *process) stop() error {
	name := filepath.Base(p.cmd.Path)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	err := p.cmd.Process.Kill()
	<-p.done
	return errors.Join(fmt.Errorf("%s had to be killed: it did not end within %s", name, stopTimeout), err)
}
