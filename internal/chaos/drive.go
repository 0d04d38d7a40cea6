// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	// gracePeriod is how long a process is given after SIGTERM. The manifests give
	// more.
	gracePeriod = 60 * time.Second
	// reachWithin bounds the wait for a step to be reached. A pair may first have to
	// elect a leader, more than once.
	reachWithin = 5 * time.Minute
	// stimulateEvery is how often somebody does what makes the awaited step happen.
	stimulateEvery = 2 * time.Second
	// enoughDeletions is how many deletions are under way before no further connection
	// is deleted to reach a step.
	enoughDeletions = 3
)

// populate makes the first connections and waits until all are connected. Nothing
// goes wrong yet, but for processes that are armed from the start.
func (w *world) populate(ctx context.Context) error {
	count := w.wantedConnections
	var adding errgroup.Group
	adding.SetLimit(4)
	for range count {
		adding.Go(func() error { return w.addConnection(ctx) })
	}
	if err := adding.Wait(); err != nil {
		return err
	}
	if err := reach(ctx, func() bool { return w.connected() >= count*9/10 }, func() {}); err != nil {
		return fmt.Errorf("only %d of %d connections of the world %s are connected: %w", w.connected(), count, w.name, err)
	}
	return nil
}

func (w *world) connected() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for _, conn := range w.connections {
		if conn.wanted && conn.seen != nil && conn.seen.Status.Connected {
			count++
		}
	}
	return count
}

// drive injects the world's faults, one after another.
func (w *world) drive(ctx context.Context) error {
	orders := 0
	for i := range w.faults {
		f := &w.faults[i]
		// The posts are spread over the faults.
		if err := w.write(ctx, w.wantedPosts*(i+1)/len(w.faults)-w.wantedPosts*i/len(w.faults)); err != nil {
			return err
		}
		var err error
		switch f.kind {
		case KindStep, KindStop:
			orders++
			err = w.await(ctx, orders)
		case KindKill, KindTerm:
			err = w.signal(ctx, f)
		default:
			if f.x.Endpoint == xsim.EndpointPosts {
				w.x.Inject(lostAnswer())
			}
			w.x.Inject(f.x)
		}
		if err != nil {
			return fmt.Errorf("world %s, fault %d (%s): %w", w.name, i, f, err)
		}
		w.suite.count(f.kind)
	}
	return w.awaitFaultsOfX(ctx)
}

// reach waits until something happened, and time and again does what makes it
// happen. If nothing comes of that, the suite itself is broken.
func reach(ctx context.Context, happened func() bool, help func()) error {
	deadline, next := time.Now().Add(reachWithin), time.Now()
	for !happened() {
		switch now := time.Now(); {
		case now.After(deadline):
			return fmt.Errorf("nothing came of it within %s", reachWithin)
		case now.After(next):
			help()
			next = now.Add(stimulateEvery)
		}
		if !pause(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// await waits until so many failpoints were reached, and does what makes them be.
func (w *world) await(ctx context.Context, count int) error {
	err := reach(ctx, func() bool { return w.orders.count() >= count }, func() {
		w.giveWay()
		w.stimulate(ctx, w.armed())
	})
	if err != nil {
		return fmt.Errorf("the processes wait for the steps %q: %w", w.armed(), err)
	}
	return nil
}

// giveWay asks a leader that is not armed to stop, so that one that is takes its
// place: a step is reached by leaders alone.
func (w *world) giveWay() {
	if r := w.leader(); r != nil && len(w.armed()) > 0 {
		if p := r.process(); !p.armed() {
			p.term()
		}
	}
}

// stimulate has people do what the steps need. Refreshes come by themselves. While
// the API server is away it does nothing.
func (w *world) stimulate(ctx context.Context, steps []string) {
	wants := func(what string) bool {
		return slices.ContainsFunc(steps, func(step string) bool { return area(step) == what })
	}
	if wants("consent") {
		for _, conn := range w.some(2) {
			_ = w.annotate(ctx, conn.object(w.namespace), v1alpha1.AnnotationReconnectRequestedAt, strconv.FormatInt(time.Now().UnixNano(), 10))
		}
	}
	if wants("revoke") && w.leaving() < enoughDeletions {
		for _, conn := range w.some(1) {
			_ = w.remove(ctx, conn)
		}
	}
	if wants("post") && w.underWay() < enoughPosts {
		_ = w.write(ctx, 2)
	}
}

// signal ends the leader's process in the midst of its work: calls of X that take
// long make sure that there is some.
func (w *world) signal(ctx context.Context, f *fault) error {
	w.x.Inject(slowAnswers(2)...)
	if err := w.write(ctx, 1); err != nil {
		return err
	}
	if !pause(ctx, f.wait) {
		return ctx.Err()
	}
	var r *replica
	err := reach(ctx, func() bool {
		r = w.leader()
		return r != nil
	}, func() {})
	if err != nil {
		return fmt.Errorf("no process runs: %w", err)
	}
	p := r.process()
	if f.podGone {
		r.losePod()
	}
	if f.kind == KindTerm {
		p.term()
		return nil
	}
	p.kill()
	return nil
}

// awaitFaultsOfX waits until X has failed as often as it was told to.
func (w *world) awaitFaultsOfX(ctx context.Context) error {
	err := reach(ctx, func() bool { return len(w.x.Faults()) == 0 }, func() { w.stimulate(ctx, wantedBy(w.x.Faults())) })
	if err != nil {
		return fmt.Errorf("these faults of X were never met, %+v: %w", w.x.Faults(), err)
	}
	return nil
}

// wantedBy are the areas whose calls the faults wait for.
func wantedBy(faults []xsim.Fault) []string {
	areas := make([]string, 0, len(faults))
	for _, f := range faults {
		switch f.Endpoint {
		case xsim.EndpointExchange, xsim.EndpointMe:
			areas = append(areas, "consent")
		case xsim.EndpointPost, xsim.EndpointPosts:
			areas = append(areas, "post")
		default:
			areas = append(areas, string(f.Endpoint))
		}
	}
	return areas
}
