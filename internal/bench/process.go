// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/child"
)

// stopTimeout is how long a process may take to end.
const stopTimeout = time.Minute

// launch starts a program. What it prints goes to a log, and to output if that is
// not nil.
func launch(log string, output io.Writer, env []string, binary string, arguments ...string) (*child.Process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a log: %w", err)
	}
	defer func() { _ = file.Close() }()       // The process has a handle of its own.
	cmd := exec.Command(binary, arguments...) //nolint:gosec,noctx // It is ended in good order, by Stop.
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = file, file
	if output != nil {
		cmd.Stdout = output
	}
	return child.Start(cmd)
}

// firstLine starts a program and gives the first line that it prints.
func firstLine(log, binary string, arguments ...string) (*child.Process, string, error) {
	read, write := io.Pipe()
	p, err := launch(log, write, nil, binary, arguments...)
	if err != nil {
		return nil, "", err
	}
	go func() {
		<-p.Done()
		_ = write.Close()
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s said nothing: %w", filepath.Base(binary), err), p.Stop(stopTimeout))
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	return p, strings.TrimSpace(line), nil
}
