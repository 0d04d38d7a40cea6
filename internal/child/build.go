// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Module is this one; the operator's own command is the package of this name.
const Module = "github.com/agentconnect/x-operator"

// Build compiles one of this module's commands as it is released, but for the
// tags, into a folder, and gives the binary's path. The working directory must be
// inside the repository.
func Build(ctx context.Context, folder, pkg string, tags ...string) (string, error) {
	name := path.Base(pkg)
	binary := filepath.Join(folder, name)
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", strings.Join(tags, ","), "-o", binary, pkg) //nolint:gosec // Our own module.
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, output)
	}
	return binary, nil
}

// FreePort gives a port of loopback that nobody listened on a moment ago.
func FreePort(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}
