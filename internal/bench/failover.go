// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/internal/child"
)

// lease is that of an operator that is no shard.
const lease = "x-operator"

// failover kills the leader of two replicas, and waits until the other one has
// looked at all connections.
func (s *suite) failover(ctx context.Context, w *World) error {
	port, err := child.FreePort(ctx)
	if err != nil {
		return err
	}
	return s.during(ctx, w, []string{"--leader-elect"}, func(leader *Operator) error {
		if _, err := leader.Rest(ctx, s.count(w)); err != nil {
			return err
		}
		// The later flag wins: the doors of the two must differ on one machine.
		flags := []string{"--leader-elect", "--callback-bind-address=127.0.0.1:" + port}
		return s.during(ctx, w, flags, func(standby *Operator) error {
			if err := pause(ctx, warm); err != nil {
				return err
			}
			return s.succession(ctx, w, leader, standby)
		})
	})
}

// succession measures from the leader's death to the standby's rest.
func (s *suite) succession(ctx context.Context, w *World, leader, standby *Operator) error {
	before, err := w.Count(ctx, nil)
	if err != nil {
		return err
	}
	killed := time.Now()
	if err := leader.Kill(); err != nil {
		return err
	}
	at, err := standby.Rest(ctx, s.count(w))
	if err != nil {
		return err
	}
	after, err := w.Count(ctx, nil)
	if err != nil {
		return err
	}
	taken, err := w.leaseTaken(ctx)
	if err != nil {
		return err
	}
	cost := after.Less(before)
	s.add(figure{Name: "failover: seconds from the lease until all connections are looked at", Value: at.Sub(taken).Seconds(), Target: atMost(3)})
	s.add(figure{Name: "failover: seconds from the leader's death until then", Value: at.Sub(killed).Seconds(), Note: "15 of them are the lease's"})
	s.add(figure{Name: "failover: calls to X and API writes", Value: float64(cost.Calls + cost.Writes - cost.Events), Target: atMost(0),
		Note: "without the event that the election makes"})
	return nil
}

// leaseTaken is when the present leader became it.
func (w *World) leaseTaken(ctx context.Context) (time.Time, error) {
	found := &coordinationv1.Lease{}
	if err := w.Plane.Client().Get(ctx, types.NamespacedName{Namespace: w.Home, Name: lease}, found); err != nil {
		return time.Time{}, err
	}
	if found.Spec.AcquireTime == nil {
		return time.Time{}, errors.New("nobody has the lease")
	}
	return found.Spec.AcquireTime.Time, nil
}
