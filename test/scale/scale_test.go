// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scale counts what a refresh and a restart cost, without a clock: the
// operator's binary on a real control plane, requests by the API server's own
// counters, calls by the simulator's, passes by the operator's. `make bench`
// measures the rest.
package scale

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/agentconnect/x-operator/internal/bench"
	"github.com/agentconnect/x-operator/internal/child"
)

// connections is how many there are; passesBesides is how many passes of a whole
// test may come on top: an object that is looked at once more by chance.
//
// dueIn is when the refreshes begin: once all connections are made and at rest.
const (
	connections   = 40
	passesBesides = connections / 10
	dueIn         = 15 * time.Second
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// fixture is a world and the operator that runs in it.
type fixture struct {
	*bench.World
	t        *testing.T
	binary   string
	operator *bench.Operator
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs a control plane")
	}
	world, err := bench.NewWorld(t.Context(), bench.Setup{Folder: t.TempDir(), Namespaces: 4, Seed: 1})
	must(t, err)
	t.Cleanup(func() { must(t, world.Close()) })
	binary, err := child.Build(t.Context(), world.Folder, child.Module)
	must(t, err)
	return &fixture{World: world, t: t, binary: binary}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (x *fixture) start() {
	x.t.Helper()
	operator, err := x.StartOperator(x.t.Context(), x.binary)
	must(x.t, err)
	x.operator = operator
	x.t.Cleanup(func() { must(x.t, operator.Stop()) })
}

func (x *fixture) rest(passes int) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), 2*time.Minute)
	defer cancel()
	_, err := x.operator.Rest(ctx, passes)
	must(x.t, err)
}

func (x *fixture) count() bench.Counts {
	x.t.Helper()
	counts, err := x.Count(x.t.Context(), x.operator)
	must(x.t, err)
	return counts
}

// TestCost: what the target figures of docs/performance.md say of single requests
// holds for every change of the operator.
func TestCost(t *testing.T) {
	x := newFixture(t)
	x.start()
	must(t, x.Apply(t.Context(), connections, bench.Interval))
	x.rest(connections)
	invited := x.count().Passes
	must(t, x.Connect(t.Context(), time.Now().Add(dueIn)))
	x.rest(invited + connections)
	t.Run("refresh", func(t *testing.T) { x.in(t).refresh() })
	t.Run("restart", func(t *testing.T) { x.in(t).restart() })
}

// in tells a subtest's failures to it.
func (x *fixture) in(t *testing.T) *fixture {
	inner := *x
	inner.t = t
	return &inner
}

// refresh: four writes, the intent, the answer, the token Secret and the status; no
// read, since the intent's patch gives the grant; no event; one call to X; and one
// pass, since the echoes of its writes wake nobody.
func (x *fixture) refresh() {
	before := x.count()
	if before.Refreshes > 0 {
		x.t.Fatal("the refreshes began before everything was at rest: this machine is too slow for this test")
	}
	x.rest(before.Passes + connections)
	cost := x.count().Less(before)
	if cost.Refreshes != connections || cost.Calls != connections {
		x.t.Errorf("%d refreshes, %d calls to X for %d connections", cost.Refreshes, cost.Calls, connections)
	}
	if cost.Writes != 4*connections || cost.StatusWrites != connections || cost.Events != 0 {
		x.t.Errorf("%d writes, %d of them of status and %d events, for %d refreshes", cost.Writes, cost.StatusWrites, cost.Events, connections)
	}
	if cost.Reads != 0 || cost.Lists != 0 {
		x.t.Errorf("%d reads and %d lists for %d refreshes", cost.Reads, cost.Lists, connections)
	}
	if cost.Passes > connections+passesBesides {
		x.t.Errorf("%d passes for %d refreshes", cost.Passes, connections)
	}
}

// restart: with nothing due a new process looks at each object once, from its
// cache. What it reads of the cluster does not depend on how many objects there are.
func (x *fixture) restart() {
	must(x.t, x.operator.Stop())
	before, err := x.Count(x.t.Context(), nil)
	must(x.t, err)
	x.start()
	x.rest(connections)
	cost := x.count().Less(before)
	if cost.Calls != 0 || cost.Writes != 0 {
		x.t.Errorf("a restart made %d calls to X and %d writes", cost.Calls, cost.Writes)
	}
	// The cluster's identity and the keys.
	if cost.Reads > 4 {
		x.t.Errorf("a restart made %d reads", cost.Reads)
	}
	// A cache for each kind, and what was paged.
	if cost.Lists > 12 {
		x.t.Errorf("a restart made %d lists", cost.Lists)
	}
	if cost.Passes > connections+passesBesides {
		x.t.Errorf("a restart made %d passes for %d connections", cost.Passes, connections)
	}
}
