// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to end.
const stopTimeout = time.Minute

// process is a child that is ended by its handle.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// build compiles one of this repository's commands as it is released.
func build(ctx context.Context, folder, name, pkg string) (string, error) {
	binary := filepath.Join(folder, name)
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, //nolint:gosec // Our own module.
		"github.com/agentconnect/x-operator"+pkg)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, output)
	}
	return binary, nil
}

// launch starts a program. What it prints goes to a log, and to output if that is
// not nil.
func launch(log string, output io.Writer, env []string, binary string, arguments ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a log: %w", err)
	}
	defer func() { _ = file.Close() }()       // The process has a handle of its own.
	cmd := exec.Command(binary, arguments...) //nolint:gosec,noctx // It is ended in good order, by stop.
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = file, file
	if output != nil {
		cmd.Stdout = output
	}
	// An interrupt from the terminal reaches us alone, and we end everything in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(binary), err)
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // How it ended is in its state.
	}()
	return p, nil
}

// firstLine starts a program and gives the first line that it prints.
func firstLine(log, binary string, arguments ...string) (*process, string, error) {
	read, write := io.Pipe()
	p, err := launch(log, write, nil, binary, arguments...)
	if err != nil {
		return nil, "", err
	}
	go func() {
		<-p.done
		_ = write.Close()
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s said nothing: %w", filepath.Base(binary), err), p.stop())
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	return p, strings.TrimSpace(line), nil
}

// stop asks the process to end, and kills it if it takes too long.
func (p *process) stop() error { return p.end(syscall.SIGTERM) }

// kill ends the process at once.
func (p *process) kill() error { return p.end(syscall.SIGKILL) }

func (p *process) end(how syscall.Signal) error {
	if err := p.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", filepath.Base(p.cmd.Path), err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	err := p.cmd.Process.Kill()
	<-p.done
	return errors.Join(fmt.Errorf("%s had to be killed", filepath.Base(p.cmd.Path)), err)
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// clockTick is the unit of CPU time in /proc: USER_HZ, 100 on every architecture
// that Go runs on.
const clockTick = 10 * time.Millisecond

// cpu is the processor time that a process has used, in user mode and in the
// kernel, by the operating system's account: fields 14 and 15 of proc(5)'s stat.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	// The second field is the program's name, in parentheses, and may hold anything.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	const user, system = 14 - 3, 15 - 3
	if len(fields) <= system {
		return 0, errors.New("reading the CPU time: /proc has another format here")
	}
	ticks, err := strconv.ParseInt(fields[user], 10, 64)
	more, moreErr := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(ticks+more) * clockTick, errors.Join(err, moreErr)
}

// resident is the memory that a process holds, in bytes: proc(5)'s statm.
func (p *process) resident() (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory: %w", err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, errors.New("reading the memory: /proc has another format here")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
