// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a program that was started.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// Start starts a command that no context ends. What it was given as output it has
// written when it is done.
func Start(cmd *exec.Cmd) (*Process, error) {
	// A group of its own: an interrupt from the terminal reaches us alone, and we end
	// everything in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(cmd.Path), err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // How it ended is in its state.
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended tells whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// State is how the process ended, and may be asked for only then.
func (p *Process) State() *os.ProcessState { return p.cmd.ProcessState }

// Signal sends the process a signal; one that has ended needs none.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s to %s: %w", signal, filepath.Base(p.cmd.Path), err)
	}
	return nil
}

// Stop asks the process to end, and kills it if that takes longer than it may.
func (p *Process) Stop(within time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(within):
		return errors.Join(fmt.Errorf("%s had to be killed: it did not end within %s", filepath.Base(p.cmd.Path), within), p.Kill())
	}
}

// Kill ends the process at once.
func (p *Process) Kill() error {
	err := p.Signal(syscall.SIGKILL)
	<-p.done
	return err
}
