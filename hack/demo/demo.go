// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/controlplane"
)

// The places of the story.
const (
	operatorNamespace = "x-operator-system"
	tenantNamespace   = "customer-a"
)

// demo is what the steps share; each field is there once its step has run.
type demo struct {
	options options
	out     *printer
	// root is the repository, dir the demo's own temporary folder.
	root, dir string

	plane    *controlplane.ControlPlane
	x        *simulator
	operator *operator
	// door is the process that agents talk to.
	door *operator
	// posted are the texts that X must have, each once.
	posted []string
}

// step is one thing that happens, and is checked.
type step struct {
	title string
	run   func(context.Context, *demo) error
}

// walk starts everything, takes each step, and stops everything, whatever
// happened.
func walk(interrupt context.Context, o options, out io.Writer) error {
	d := &demo{options: o, out: &printer{to: out}}
	if err := d.prepare(interrupt); err != nil {
		return err
	}
	// A lost operator ends whatever is waited for.
	ctx, lost := context.WithCancelCause(interrupt)
	defer lost(nil)
	steps := append(startSteps(lost), life...)
	if o.stay {
		steps = append(startSteps(lost), stay...)
	}
	began := time.Now()
	err := d.take(ctx, steps)
	failed := err != nil && interrupt.Err() == nil
	err = errors.Join(err, d.stop(), d.tidy(failed))
	if err == nil && !o.stay {
		d.out.heading("All %d steps happened, in %.0f s; everything is stopped", len(steps), time.Since(began).Seconds())
	}
	return err
}

func (d *demo) prepare(ctx context.Context) error {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/agentconnect/x-operator").Output()
	if err != nil {
		return fmt.Errorf("finding the repository: run this inside it: %w", err)
	}
	d.root = strings.TrimSpace(string(module))
	d.dir, err = os.MkdirTemp("", "x-operator-demo-")
	return err
}

func (d *demo) take(ctx context.Context, steps []step) error {
	for i, s := range steps {
		d.out.heading("%d/%d %s", i+1, len(steps), s.title)
		err := s.run(ctx, d)
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, s.title, err)
		}
	}
	return nil
}

// stop stops what is still running, newest first.
func (d *demo) stop() error {
	var err error
	for _, o := range d.processes() {
		err = errors.Join(err, o.stop())
	}
	if d.x != nil {
		err = errors.Join(err, d.x.stop())
	}
	if d.plane != nil {
		err = errors.Join(err, d.plane.Stop())
	}
	return err
}

// processes are those of the operator that were started, newest first.
func (d *demo) processes() []*operator {
	var started []*operator
	for _, o := range []*operator{d.door, d.operator} {
		if o != nil && o.cmd != nil {
			started = append(started, o)
		}
	}
	return started
}

// tidy removes the demo's folder. After a failure the operator's logs, which may
// tell why, are kept, and their ends returned.
func (d *demo) tidy(failed bool) error {
	started := d.processes()
	if !failed || len(started) == 0 {
		return os.RemoveAll(d.dir)
	}
	var err error
	for _, o := range started {
		err = errors.Join(err, o.lastWords())
	}
	return err
}
