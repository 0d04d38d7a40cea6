// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The two programs, by the names of their files.
const (
	operator = "x-operator"
	plugin   = "kubectl-xconnection"
)

// packages says where each program's main package is.
var packages = map[string]string{operator: ".", plugin: "./cmd/kubectl-xconnection"}

// versionPackage has the variables that a release links in.
const versionPackage = "github.com/agentconnect/x-operator/internal/version"

// target is a program for a platform, as GOOS and GOARCH name it.
type target struct{ program, os, arch string }

// targets are all that a release has. The image is made of those for Linux.
var targets = []target{
	{operator, "linux", "amd64"},
	{operator, "linux", "arm64"},
	{plugin, "linux", "amd64"},
	{plugin, "linux", "arm64"},
	{plugin, "darwin", "amd64"},
	{plugin, "darwin", "arm64"},
	{plugin, "windows", "amd64"},
}

// file is the name of the binary.
func (t target) file() string {
	if t.os == "windows" {
		return t.program + ".exe"
	}
	return t.program
}

// base is what the names of the target's files in a release begin with.
func (t target) base(version string) string {
	return fmt.Sprintf("%s_%s_%s_%s", t.program, version, t.os, t.arch)
}

// binary is a target that was built.
type binary struct {
	target
	content []byte
}

func (r *release) compile(ctx context.Context) ([]binary, error) {
	built := make([]binary, 0, len(r.targets))
	for _, t := range r.targets {
		r.say("Building %s for %s/%s", t.program, t.os, t.arch)
		content, err := r.compileOne(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("building %s for %s/%s: %w", t.program, t.os, t.arch, err)
		}
		built = append(built, binary{t, content})
	}
	return built, nil
}

// compileOne builds a static binary that depends on the commit and the toolchain
// alone: the variables that would change it are set.
func (r *release) compileOne(ctx context.Context, t target) ([]byte, error) {
	output := filepath.Join(filepath.Dir(r.source), t.base(r.version))
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", //nolint:gosec // Our own sources.
		"-ldflags", r.linkerFlags(), "-o", output, packages[t.program])
	command.Dir = r.source
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GODEBUG=")
	if complaint, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, complaint)
	}
	return os.ReadFile(output) //nolint:gosec // Just built.
}

func (r *release) linkerFlags() string {
	return fmt.Sprintf("-s -w -X %[1]s.release=%[2]s -X %[1]s.commit=%[3]s", versionPackage, r.version, r.commit)
}
