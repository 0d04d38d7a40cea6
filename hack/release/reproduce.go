// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// reproduce verifies a release, builds the same commit again elsewhere, and
// compares every byte, by the checksums.
func (r *release) reproduce(ctx context.Context) (err error) {
	if err := r.verify(ctx); err != nil {
		return err
	}
	again := *r
	again.out = io.Discard
	if again.dist, err = os.MkdirTemp("", "x-operator-again-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(again.dist)) }()
	r.say("Building %s again", r.revision)
	if err := again.build(ctx); err != nil {
		return err
	}
	one, err := r.read(checksums)
	if err != nil {
		return err
	}
	other, err := again.read(checksums)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(strings.Split(string(one), "\n"), strings.Split(string(other), "\n")); diff != "" {
		return fmt.Errorf("the commit %s does not give this release (-release +built again):\n%s", again.commit, diff)
	}
	r.say("The commit %s gives the same bytes", again.commit)
	return nil
}
