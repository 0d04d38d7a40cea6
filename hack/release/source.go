// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// export lays the commit's files into a folder, so that nothing of the work tree
// that is not committed gets into a release.
func (r *release) export(ctx context.Context, work string) error {
	described, err := r.git(ctx, "show", "--no-patch", "--format=%H %ct", r.revision+"^{commit}")
	if err != nil {
		return err
	}
	commit, seconds, _ := strings.Cut(strings.TrimSpace(string(described)), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("reading the time of the commit %s: %w", r.revision, err)
	}
	r.commit, r.when, r.source = commit, time.Unix(unix, 0).UTC(), filepath.Join(work, "source")
	if err := os.Mkdir(r.source, 0o750); err != nil {
		return err
	}
	archive, err := r.git(ctx, "archive", "--format=tar", commit)
	if err != nil {
		return err
	}
	return untar(archive, r.source)
}

func (r *release) git(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", r.repository}, arguments...)...) //nolint:gosec // As asked.
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w\n%s", arguments[0], err, complaint.Bytes())
	}
	return output, nil
}
