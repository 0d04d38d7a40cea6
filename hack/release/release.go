// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// release is one run.
type release struct {
	repository, revision string
	version              string
	// image is the image's name, without a tag.
	image string
	dist  string
	// targets are the binaries to build.
	targets []target
	out     io.Writer

	// What is known once the commit is exported: where, which it is, and of when.
	source string
	commit string
	when   time.Time
}

// build makes everything in dist.
func (r *release) build(ctx context.Context) (err error) {
	if err := r.makeDist(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "x-operator-release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := r.export(ctx, work); err != nil {
		return err
	}
	r.say("%s is the commit %s of %s", r.version, r.commit, r.when.Format(time.RFC3339))
	built, err := r.compile(ctx)
	if err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(r.source, "LICENSE"))
	if err != nil {
		return err
	}
	digest, err := r.writeImage(built)
	if err != nil {
		return err
	}
	return errors.Join(
		r.writeArchives(built, license),
		r.writeBills(built),
		r.writeInstallFile(digest),
		r.writeChart(digest),
		r.writeKrewManifest(built),
		r.writeChecksums(),
	)
}

// makeDist refuses a folder in which something else would be taken for a part of
// the release.
func (r *release) makeDist() error {
	if err := os.MkdirAll(r.dist, 0o750); err != nil {
		return err
	}
	entries, err := os.ReadDir(r.dist)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("the folder %s is not empty: remove it", r.dist)
	}
	return err
}

// write writes a file of the release.
func (r *release) write(name string, content []byte) error {
	path := filepath.Join(r.dist, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	r.say("  %s", path)
	return os.WriteFile(path, content, 0o644) //nolint:gosec // It is for everybody.
}

func (r *release) read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(r.dist, name)) //nolint:gosec // A file of the release.
}

func (r *release) say(format string, values ...any) {
	_, _ = fmt.Fprintf(r.out, format+"\n", values...)
}
