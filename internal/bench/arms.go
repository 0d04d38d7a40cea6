// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// The arms of the comparison.
const (
	ArmRaw  = "raw"
	ArmOurs = "ours"
	ArmPeer = "peer"
)

// Run is one arm's work at connections that all became due at the same moment.
type Run struct {
	Arm string `json:"arm"`
	// Etcd is where etcd keeps its data: "disk", with fsync, or "tmpfs".
	Etcd string `json:"etcd"`
	// Due is how many connections were due, Of how many there were.
	Due int `json:"due"`
	Of  int `json:"of"`
	// Took is from that moment until the last status was written.
	Took time.Duration `json:"took"`
	// CPU is the arm's own processor time in it.
	CPU    time.Duration `json:"cpu"`
	Counts Counts        `json:"counts"`
}

// PerSecond is the throughput.
func (r Run) PerSecond() float64 { return float64(r.Due) / r.Took.Seconds() }

// CPUEach is the arm's own processor time for one refresh.
func (r Run) CPUEach() time.Duration { return r.CPU / time.Duration(r.Due) }

// arm is a program that refreshes what is due.
type arm struct {
	name string
	// start starts it, and returns once it has nothing to do but to wait.
	start func(ctx context.Context, due time.Time) (*child.Process, error)
}

func (s *suite) arms(w *World) []arm {
	operator := func(binary string) func(context.Context, time.Time) (*child.Process, error) {
		return func(ctx context.Context, _ time.Time) (*child.Process, error) {
			o, err := w.StartOperator(ctx, binary)
			if err != nil {
				return nil, err
			}
			if _, err := o.Rest(ctx, s.count(w)); err != nil {
				return nil, errors.Join(err, o.Stop())
			}
			return o.Process, nil
		}
	}
	arms := []arm{{ArmRaw, func(_ context.Context, due time.Time) (*child.Process, error) { return s.startRawLoop(w, due) }}, {ArmOurs, operator(s.binary)}}
	if s.Peer != "" {
		arms = append(arms, arm{ArmPeer, operator(s.Peer)})
	}
	return arms
}

func (s *suite) startRawLoop(w *World, due time.Time) (*child.Process, error) {
	p, _, err := firstLine(filepath.Join(w.Folder, "raw-loop.log"), s.Self,
		"raw-loop", w.Plane.Kubeconfig(), w.Home, w.X.URL+xsim.PathToken, AppMain+"-client", AppMain+"-secret", due.Format(time.RFC3339Nano))
	return p, err
}

// compare lets the arms work in turn, in changing order, on the same connections.
func (s *suite) compare(ctx context.Context, w *World, etcd string) error {
	arms := s.arms(w)
	for i := range s.Runs {
		for _, arm := range arms {
			run, err := s.runArm(ctx, w, arm)
			if err != nil {
				return fmt.Errorf("the arm %s: %w", arm.name, err)
			}
			run.Etcd = etcd
			s.report.Runs = append(s.report.Runs, run)
			s.say("run %d, etcd on %s: %s %.0f refreshes/s, %.2f ms of its CPU each, %.2f writes each", i+1, etcd,
				arm.name, run.PerSecond(), float64(run.CPUEach().Microseconds())/1000, float64(run.Counts.Writes)/float64(run.Due))
		}
		slices.Reverse(arms)
	}
	return nil
}

// errLate means that an arm was not prepared when its connections became due.
var errLate = errors.New("it was not ready in time: this machine is too slow for so many connections; try fewer")

// runArm runs an arm once. How long it takes to prepare it nobody knows: if it comes
// too late, it is given more time, for all further runs.
func (s *suite) runArm(ctx context.Context, w *World, arm arm) (Run, error) {
	const tries = 4
	for range tries - 1 {
		run, err := s.tryArm(ctx, w, arm)
		if !errors.Is(err, errLate) {
			return run, err
		}
		s.lead *= 2
	}
	return s.tryArm(ctx, w, arm)
}

func (s *suite) tryArm(ctx context.Context, w *World, arm arm) (Run, error) {
	due := time.Now().Add(s.lead).Round(time.Second)
	run := Run{Arm: arm.name, Due: min(s.Due, s.count(w)), Of: s.count(w)}
	if err := w.Reset(ctx, run.Due, due); err != nil {
		return run, err
	}
	p, err := arm.start(ctx, due)
	if err != nil {
		return run, err
	}
	measured := s.measure(ctx, w, p, due, &run)
	return run, errors.Join(measured, p.Stop(stopTimeout))
}

// measure watches a program from the moment that connections are due.
func (s *suite) measure(ctx context.Context, w *World, p *child.Process, due time.Time, run *Run) error {
	const quiet = 500 * time.Millisecond
	if time.Until(due) < quiet {
		return errLate
	}
	before, err := w.Count(ctx, nil)
	if err != nil {
		return err
	}
	if err := pause(ctx, time.Until(due)-quiet/5); err != nil {
		return err
	}
	cpu, err := p.CPU()
	if err != nil {
		return err
	}
	if err := w.refreshed(ctx, before.Refreshes+run.Due); err != nil {
		return err
	}
	for {
		counts, err := w.Count(ctx, nil)
		if err != nil {
			return err
		}
		if run.Counts = counts.Less(before); run.Counts.StatusWrites >= run.Due {
			break
		}
	}
	run.Took = time.Since(due)
	after, err := p.CPU()
	run.CPU = after - cpu
	return err
}

// refreshed waits until X has made that many refreshes in its life.
func (w *World) refreshed(ctx context.Context, refreshes int) error {
	for {
		state, err := w.X.State(ctx)
		if err != nil {
			return err
		}
		if state.Counters.Refreshes >= refreshes {
			return nil
		}
		if err := pause(ctx, poll/2); err != nil {
			return fmt.Errorf("waiting for %d refreshes, of which there are %d: %w", refreshes, state.Counters.Refreshes, err)
		}
	}
}
