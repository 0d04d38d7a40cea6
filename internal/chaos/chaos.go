// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agentconnect/x-operator/internal/chaos/judge"
	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/controlplane"
)

// Options say what to run.
type Options struct {
	// Seed gives the schedule of faults; 0 draws one, which the report names.
	Seed uint64
	// Faults is how many faults are injected, Connections how many connections are
	// made at the start. Those that are deleted on the way are replaced.
	Faults      int
	Connections int
	// Posts is how many XPosts are made, each of one post or several, spread over the
	// faults. What it takes to reach a step comes on top.
	Posts int
	// Worlds are the names of the worlds to run; all if empty. See Worlds.
	Worlds []string
	// Outages is how many of the faults are outages of the API server.
	Outages int
	// Once meets each step once in all worlds together, and nothing else beside a few
	// faults of X: for a test. It stands in the place of Faults.
	Once bool
	// Folder holds the operator's logs; a temporary one, which goes after a run
	// without a breach, if empty.
	Folder string
	// Progress gets lines for people; nil for none.
	Progress io.Writer
}

// Worlds says for each world what it is like.
func Worlds() map[string]string {
	worlds := map[string]string{}
	for _, s := range settings {
		worlds[s.name] = s.does
	}
	return worlds
}

// suite is what the worlds of a run share.
type suite struct {
	options Options
	plane   *controlplane.ControlPlane
	binary  string
	logs    string
	started time.Time
	worlds  []*world

	mu      sync.Mutex
	counts  map[Kind]int
	outages []judge.Outage
}

// Run runs the suite. The error says that it could not be carried out; whether
// the operator held is in the report.
func Run(ctx context.Context, options Options) (*Report, error) {
	if options.Seed == 0 {
		options.Seed = rand.Uint64() % 1_000_000
	}
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	s := &suite{options: options, logs: options.Folder, started: time.Now(), counts: map[Kind]int{}}
	s.say("the seed is %d", options.Seed)
	folder, err := os.MkdirTemp("", "x-operator-chaos-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	if s.logs == "" {
		s.logs = folder
	}
	report, err := s.run(ctx, folder)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted: %w", err)
	}
	if err == nil && !report.Broken() {
		return report, os.RemoveAll(folder)
	}
	s.say("the operator's logs are in %s", s.logs)
	return report, err
}

func (s *suite) run(ctx context.Context, folder string) (report *Report, err error) {
	if err := os.MkdirAll(s.logs, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of logs: %w", err)
	}
	s.say("building the operator with its failpoints")
	if s.binary, err = child.Build(ctx, folder, child.Module, TagFailpoints); err != nil {
		return nil, err
	}
	if s.plane, err = controlplane.Start(ctx, controlplane.Options{Progress: s.options.Progress}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.plane.Stop()) }()
	s.say("the control plane runs")
	outages, err := s.makeWorlds(ctx)
	defer func() {
		for _, w := range s.worlds {
			w.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := s.live(ctx, outages); err != nil {
		return nil, err
	}
	return s.judge(ctx)
}

// makeWorlds draws the schedule and makes the worlds.
func (s *suite) makeWorlds(ctx context.Context) ([]outage, error) {
	chosen := slices.DeleteFunc(slices.Clone(settings), func(setting setting) bool {
		return len(s.options.Worlds) > 0 && !slices.Contains(s.options.Worlds, setting.name)
	})
	if len(chosen) == 0 {
		return nil, fmt.Errorf("there is no world of the names %q", s.options.Worlds)
	}
	for i, setting := range chosen {
		draw := rand.New(rand.NewPCG(s.options.Seed, uint64(i)))
		w, err := newWorld(ctx, s, setting, plan{
			faults:            s.faultsOf(chosen, i, draw),
			wantedConnections: s.options.Connections / len(chosen),
			wantedPosts:       s.options.Posts / len(chosen),
		}, draw)
		if err != nil {
			return nil, fmt.Errorf("making the world %s: %w", setting.name, err)
		}
		s.worlds = append(s.worlds, w)
		s.print(w)
	}
	return outages(rand.New(rand.NewPCG(s.options.Seed, uint64(len(settings)))), s.options.Outages), nil
}

// faultsOf draws the faults of one of the chosen worlds: its share of all.
func (s *suite) faultsOf(chosen []setting, i int, draw *rand.Rand) []fault {
	if s.options.Once {
		var part []string
		for j, step := range Steps {
			if j%len(chosen) == i {
				part = append(part, step)
			}
		}
		return once(draw, part)
	}
	all, before, upTo := 0, 0, 0
	for j, setting := range chosen {
		all += setting.share
		if j < i {
			before += setting.share
		}
		if j <= i {
			upTo += setting.share
		}
	}
	// Rounded at the borders, so that the parts make the whole.
	faults := s.options.Faults - s.options.Outages
	return schedule(draw, chosen[i].mix, faults*upTo/all-faults*before/all, Steps)
}

// live runs the worlds from the first connection to the end of the last process.
func (s *suite) live(ctx context.Context, outages []outage) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	machines, machinesCtx := errgroup.WithContext(ctx)
	var witnesses sync.WaitGroup
	defer witnesses.Wait()
	witnessCtx, dismiss := context.WithCancel(context.WithoutCancel(ctx))
	defer dismiss()
	peopleCtx, stopPeople := context.WithCancel(ctx)
	defer stopPeople()
	var people sync.WaitGroup
	for i, w := range s.worlds {
		for _, r := range w.replicas {
			machines.Go(func() error { return r.supervise(machinesCtx) })
		}
		witnesses.Go(func() { w.witness.watch(witnessCtx) })
		draw := rand.New(rand.NewPCG(s.options.Seed, uint64(100+i)))
		people.Go(func() { w.people(peopleCtx, draw) })
	}
	if err := s.all(machinesCtx, func(ctx context.Context, w *world) error {
		return w.populate(ctx)
	}); err != nil {
		return errors.Join(err, machineTrouble(cancel, machines))
	}
	s.say("all connections are made")
	driving, driveCtx := errgroup.WithContext(machinesCtx)
	driving.Go(func() error { return s.driveOutages(driveCtx, outages) })
	driving.Go(func() error {
		return s.all(driveCtx, func(ctx context.Context, w *world) error { return w.drive(ctx) })
	})
	stopTelling := s.tell(ctx)
	err := driving.Wait()
	stopTelling()
	if err != nil {
		return errors.Join(err, machineTrouble(cancel, machines))
	}
	s.say("all faults are injected; everything may come to rest")
	stopPeople()
	people.Wait()
	if err := s.all(machinesCtx, func(ctx context.Context, w *world) error { return w.examine(ctx) }); err != nil {
		return errors.Join(err, machineTrouble(cancel, machines))
	}
	// The supervisors end first, so that nothing is started again.
	trouble := machineTrouble(cancel, machines)
	s.endProcesses()
	return trouble
}

// machineTrouble ends the supervisors and gives what went wrong with them.
func machineTrouble(cancel func(), machines *errgroup.Group) error {
	cancel()
	if err := machines.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// all does something in every world at once.
func (s *suite) all(ctx context.Context, do func(context.Context, *world) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range s.worlds {
		group.Go(func() error { return do(ctx, w) })
	}
	return group.Wait()
}

// endProcesses asks every process to stop.
func (s *suite) endProcesses() {
	var ending sync.WaitGroup
	for _, w := range s.worlds {
		for _, r := range w.replicas {
			if p := r.process(); p != nil {
				ending.Go(func() { p.term() })
			}
		}
	}
	ending.Wait()
}

func (s *suite) judge(ctx context.Context) (*Report, error) {
	report := s.newReport()
	for _, w := range s.worlds {
		evidence, err := w.evidence(ctx)
		if err != nil {
			return nil, fmt.Errorf("world %s: %w", w.name, err)
		}
		verdict := judge.Judge(evidence)
		if len(verdict.Breaches) > 0 {
			if err := s.keep(w.name, evidence); err != nil {
				return nil, err
			}
		}
		report.add(evidence, verdict)
		report.FoundByPeople += w.foundByPeople
		report.SentAgain += w.sentAgain
	}
	report.Took = time.Since(s.started)
	return report, nil
}

func (s *suite) count(kind Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[kind]++
}

func (s *suite) injected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, count := range s.counts {
		sum += count
	}
	return sum
}

// tell tells how far it is, until it is stopped.
func (s *suite) tell(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		for pause(ctx, 15*time.Second) {
			var parts []string
			for _, w := range s.worlds {
				parts = append(parts, w.progress())
			}
			s.say("%d faults; %s", s.injected(), strings.Join(parts, "; "))
		}
	}()
	return stop
}

func (s *suite) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.options.Progress, "%7s  %s\n", time.Since(s.started).Round(time.Second), fmt.Sprintf(format, args...))
}

// progress is how far a world is, for people.
func (w *world) progress() string {
	return fmt.Sprintf("%s %d steps, %d connected, %d posts under way, %d faults of X to come",
		w.name, w.orders.count(), w.connected(), w.underWay(), len(w.x.Faults()))
}

// keep writes the evidence beside the logs, for whoever looks into a breach. No
// token is in it, but only hashes.
func (s *suite) keep(world string, evidence judge.Evidence) error {
	content, err := json.MarshalIndent(evidence, "", "\t")
	if err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.logs, world+"-evidence.json"), content, 0o600); err != nil {
		return fmt.Errorf("writing the evidence: %w", err)
	}
	return nil
}

// print writes a world's schedule beside the logs.
func (s *suite) print(w *world) {
	var text strings.Builder
	for i, f := range w.faults {
		_, _ = fmt.Fprintf(&text, "%4d  %s\n", i, f)
	}
	_ = os.WriteFile(filepath.Join(s.logs, w.name+"-schedule.txt"), []byte(text.String()), 0o600)
}
