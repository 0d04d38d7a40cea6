// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/bench"
)

// labelShard is what the test's shards are selected by.
const labelShard = "shard"

// TestShards: two shards with leases of their own share the work by a label. What is
// moved from one to the other, while its token is being refreshed as well, is
// refreshed once and by no other.
func TestShards(t *testing.T) {
	x := newFixture(t)
	a, b := x.shard("a"), x.shard("b")
	must(t, x.Apply(t.Context(), connections, bench.Interval))
	x.move(0, connections/2, "a")
	x.move(connections/2, connections, "b")
	x.restOf(a, connections/2)
	x.restOf(b, connections/2)
	due := time.Now().Add(dueIn)
	must(t, x.Connect(t.Context(), due))
	x.connected()

	x.move(0, connections/4, "b")
	must(t, pause(t.Context(), time.Until(due)))
	x.move(connections/4, connections/2, "b")
	x.move(connections/2, connections, "a")
	x.rotated(2)
	counts, err := x.Count(t.Context(), nil)
	must(t, err)
	if counts.Refreshes != connections || counts.Replays != 0 {
		t.Errorf("%d refreshes and %d replays for %d connections", counts.Refreshes, counts.Replays, connections)
	}
	x.leases(2)
}

// shard starts an operator of the connections with a label.
func (x *fixture) shard(name string) *bench.Operator {
	x.t.Helper()
	operator, err := x.StartOperator(x.t.Context(), x.binary,
		"--components=controllers", "--leader-elect", fmt.Sprintf("--selector=%s=%s", labelShard, name))
	must(x.t, err)
	x.t.Cleanup(func() { must(x.t, operator.Stop()) })
	return operator
}

func (x *fixture) restOf(operator *bench.Operator, passes int) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	_, err := operator.Rest(ctx, passes)
	must(x.t, err)
}

// list reads all connections, in the order of their names.
func (x *fixture) list() []v1alpha1.XConnection {
	x.t.Helper()
	var list v1alpha1.XConnectionList
	must(x.t, x.Plane.Client().List(x.t.Context(), &list))
	return list.Items
}

// move gives some of the connections to a shard.
func (x *fixture) move(from, to int, shard string) {
	x.t.Helper()
	for _, conn := range x.list()[from:to] {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, labelShard, shard)
		must(x.t, x.Plane.Client().Patch(x.t.Context(), &conn, client.RawPatch(types.MergePatchType, patch)))
	}
}

// connected waits until all connections are connected.
func (x *fixture) connected() {
	x.t.Helper()
	x.await("to be connected", func(conn *v1alpha1.XConnection) bool {
		return conn.Status.Connected && conn.Status.TokenSecretRef != nil
	})
}

// rotated waits until all connections show a rotation.
func (x *fixture) rotated(rotation int64) {
	x.t.Helper()
	x.await("to be refreshed", func(conn *v1alpha1.XConnection) bool { return conn.Status.Rotation >= rotation })
}

func (x *fixture) await(what string, holds func(*v1alpha1.XConnection) bool) {
	x.t.Helper()
	missing := 0
	err := wait.PollUntilContextTimeout(x.t.Context(), 200*time.Millisecond, 2*time.Minute, true, func(context.Context) (bool, error) {
		missing = 0
		for _, conn := range x.list() {
			if !holds(&conn) {
				missing++
			}
		}
		return missing == 0, nil
	})
	if err != nil {
		x.t.Fatalf("waiting for the connections %s: %d of %d are not: %v", what, missing, connections, err)
	}
}

// leases checks how many leaders there are.
func (x *fixture) leases(want int) {
	x.t.Helper()
	var list coordinationv1.LeaseList
	must(x.t, x.Plane.Client().List(x.t.Context(), &list, client.InNamespace(x.Home)))
	if len(list.Items) != want {
		x.t.Errorf("there are %d leases in the operator's namespace, want %d", len(list.Items), want)
	}
}

// pause waits for a moment that the operators wait for as well.
func pause(ctx context.Context, left time.Duration) error {
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
