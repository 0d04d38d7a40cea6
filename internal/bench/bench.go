// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/controlplane"
)

// Options say what to measure.
type Options struct {
	// Connections is how many there are.
	Connections int
	// Due is how many of them are due at once where the arms are compared.
	Due int
	// Runs is how often each arm runs.
	Runs int
	// Namespaces is how many the connections are spread over.
	Namespaces int
	// Interval is the time between refreshes in the steady state; X's token allows 90
	// minutes, the API 5 at least.
	Interval time.Duration
	// Steady is how long the steady state is measured. From one interval on it is
	// the second cycle; less is a part of the first.
	Steady time.Duration
	// Outage is how long X is away.
	Outage time.Duration
	// Consents is how many people consent while others' tokens are refreshed.
	Consents int
	// Scenarios are those to measure; all if empty. See Scenarios.
	Scenarios []string
	// Peer is a program that takes the operator's flags, such as an earlier release;
	// empty for none.
	Peer string
	// Self is this program, which the raw loop is started with.
	Self string
	// Seed makes the simulator's tokens repeatable.
	Seed uint64
	// Disk is a folder on a disk, Memory one in memory; without the latter the arms are
	// compared on the disk alone.
	Disk, Memory string
	// Folder holds logs and results.
	Folder string
	// Progress gets lines for people.
	Progress io.Writer
}

// suite is one run of everything.
type suite struct {
	Options
	report  *Report
	binary  string
	started time.Time
	// lead is how long ahead of the moment that connections are due an arm is
	// prepared.
	lead time.Duration
	// counts are the connections of each world.
	counts map[*World]int
}

// firstLead is enough for a few hundred connections on a quick machine.
const firstLead = 12 * time.Second

func (s *suite) count(w *World) int { return s.counts[w] }

func (s *suite) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Progress, "%7s  %s\n", time.Since(s.started).Round(time.Second), fmt.Sprintf(format, args...))
}

// add takes up a figure, and tells it.
func (s *suite) add(f figure) {
	s.report.Figures = append(s.report.Figures, f)
	s.say("    %s: %.2f", f.Name, f.Value)
}

// Measure runs everything that was asked for. The report holds what was measured
// until an error.
func Measure(ctx context.Context, options Options) (*Report, error) {
	s := &suite{Options: options, started: time.Now(), counts: map[*World]int{}, lead: firstLead}
	s.report = newReport(options)
	err := s.measureAll(ctx)
	s.report.Took = time.Since(s.started)
	return s.report, err
}

func (s *suite) measureAll(ctx context.Context) error {
	if err := os.MkdirAll(s.Folder, 0o750); err != nil {
		return err
	}
	var err error
	s.say("building the operator as it is released")
	if s.binary, err = child.Build(ctx, s.Folder, child.Module); err != nil {
		return err
	}
	if err := s.onDisk(ctx); err != nil {
		return err
	}
	if !s.wants("arms") || s.Memory == "" {
		return nil
	}
	return s.inMemory(ctx)
}

// onDisk measures everything, with an etcd that waits for the disk.
func (s *suite) onDisk(ctx context.Context) (err error) {
	w, err := s.world(ctx, "disk", controlplane.Options{DurableEtcd: true, Folder: s.Disk}, s.Connections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, scenario := range scenarios {
		if !s.wants(scenario.name) {
			continue
		}
		s.say("%s: %s", scenario.name, scenario.does)
		if err := scenario.run(s, ctx, w); err != nil {
			return fmt.Errorf("%s: %w", scenario.name, err)
		}
	}
	return nil
}

// inMemory compares the arms once more, with an etcd that has no disk to wait for
// and no other connections than those that are due.
func (s *suite) inMemory(ctx context.Context) (err error) {
	s.say("arms once more, with etcd on tmpfs and without fsync")
	w, err := s.world(ctx, "tmpfs", controlplane.Options{Folder: s.Memory}, min(s.Due, s.Connections))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	o, err := w.StartOperator(ctx, s.binary)
	if err != nil {
		return err
	}
	err = errors.Join(s.populate(ctx, w, o), o.Stop())
	if err != nil {
		return err
	}
	return s.compare(ctx, w, "tmpfs")
}

// populate makes the connections and connects them, without measuring.
func (s *suite) populate(ctx context.Context, w *World, o *Operator) error {
	if err := w.Apply(ctx, s.count(w), Interval); err != nil {
		return err
	}
	if _, err := o.Rest(ctx, s.count(w)); err != nil {
		return err
	}
	before, err := o.load(ctx)
	if err != nil {
		return err
	}
	if err := w.Connect(ctx, time.Now().Add(time.Hour)); err != nil {
		return err
	}
	_, err = o.Rest(ctx, before.passes+s.count(w))
	return err
}

func (s *suite) world(ctx context.Context, name string, plane controlplane.Options, connections int) (*World, error) {
	folder := filepath.Join(s.Folder, name)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	plane.Progress = s.Progress
	w, err := NewWorld(ctx, Setup{Folder: folder, Namespaces: s.Namespaces, Seed: s.Seed, Plane: plane})
	if err != nil {
		return nil, err
	}
	s.counts[w] = connections
	return w, nil
}
