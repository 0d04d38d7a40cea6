// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// slotWait is how long a pass waits for one of the places that calls to X may take
	// before it gives its worker back.
	slotWait = time.Second
	// deskWait is how long a write waits for its turn before it goes on without one.
	deskWait = time.Second
	// personTime is how long after a sign of a consent that is under way writes take turns: a
	// flow's signs come within seconds of one another.
	personTime = 10 * time.Second
	// turnDelay is about when a revocation that found no place asks again.
	turnDelay = 2 * time.Second
)

var errBusy = errors.New("all places for calls to X are taken")

// slots are the places that passes take while they wait for X: half the workers, so
// that calls into a black hole never keep all else waiting. Revocations get half of the
// places at most: a thousand deletions at once keep no refresh and no consent waiting.
//
// While a person consents, routine writes of tokens and statuses take turns at desks, a quarter
// of the workers: more of them at once make everybody's calls to an API server that is busy
// slower, and a person's come one after another. While nobody does they take none, since many
// writes at once cost an API server less than as many in turn.
type slots struct {
	all, revocations, desks chan struct{}
}

func newSlots(workers int) slots {
	return slots{
		all:         make(chan struct{}, max(workers/2, 1)),
		revocations: make(chan struct{}, max(workers/4, 1)),
		desks:       make(chan struct{}, max(workers/4, 1)),
	}
}

// take takes a place, and waits a little for it.
func (s slots) take(ctx context.Context) bool {
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	select {
	case s.all <- struct{}{}:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	}
}

func (s slots) leave() { <-s.all }

// takeForRevocation takes a place if there is one. It waits for none: the workers
// would wait for the revocations then.
func (s slots) takeForRevocation() bool {
	select {
	case s.revocations <- struct{}{}:
	default:
		return false
	}
	select {
	case s.all <- struct{}{}:
		return true
	default:
		<-s.revocations
		return false
	}
}

func (s slots) leaveAfterRevocation() {
	<-s.all
	<-s.revocations
}

// atDesk writes when it is its turn. Writes that hang keep the others waiting for a
// moment only.
func (s slots) atDesk(ctx context.Context, write func() error) error {
	timer := time.NewTimer(deskWait)
	defer timer.Stop()
	select {
	case s.desks <- struct{}{}:
		defer func() { <-s.desks }()
	case <-timer.C:
	case <-ctx.Done():
		return errBusy
	}
	return write()
}

// inTurn writes a token or a status when it is its turn; at once if nobody consents, and for a
// person who consented and whose token nobody has yet.
func (r *XConnectionReconciler) inTurn(ctx context.Context, s *scope, write func() error) error {
	nobody := r.Now().UnixNano() > r.personUntil.Load()
	if nobody || s.grant != nil && s.grant.Tokens != nil && !timeOf(s.grant.Tokens.ConsentedAt).Equal(s.before.Status.ConnectedAt) {
		return write()
	}
	return r.slots.atDesk(ctx, write)
}

// personSeen notes that a consent moves on.
func (r *XConnectionReconciler) personSeen() {
	r.personUntil.Store(r.Now().Add(personTime).UnixNano())
}

// nextTurn is when a revocation that found no place asks again. It is no failure: its
// back-off does not grow.
func nextTurn(now time.Time) time.Time { return now.Add(turnDelay/2 + rand.N(turnDelay)) }
