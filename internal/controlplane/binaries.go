// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

const buildScript = "hack/controlplane/build.sh"

// repositoryRoot is the nearest folder above the working directory that has the
// control plane's build script: tests run in the folder of their package.
func repositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, buildScript)); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no folder above %s has %s: run this inside the x-operator repository", start, buildScript)
		}
	}
}

// binaries is the folder of the control plane's binaries. The script honours
// KUBEBUILDER_ASSETS, keeps what is built already, and waits for another build of
// the same.
func binaries(ctx context.Context, root string, progress io.Writer) (string, error) {
	if progress == nil {
		progress = io.Discard
	}
	var dir, log bytes.Buffer
	build := exec.CommandContext(ctx, filepath.Join(root, buildScript)) //nolint:gosec // The repository's own script.
	// Interrupted, the script ends its compiler, which a kill would leave running.
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) }
	build.Stdout = &dir
	build.Stderr = io.MultiWriter(progress, &log)
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building the control plane with %s: %w\n%s", buildScript, errors.Join(err, ctx.Err()), tail(log.Bytes()))
	}
	return string(bytes.TrimSpace(dir.Bytes())), nil
}

// tail is the end of a log, as much as a person wants to see in an error.
func tail(log []byte) []byte {
	const enough = 2000
	return log[max(0, len(log)-enough):]
}
