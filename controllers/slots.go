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
	// turnDelay is about when a revocation that found no place asks again.
	turnDelay = 2 * time.Second
)

var errBusy = errors.New("all places for calls to X are taken")

// slots are the places that passes take while they wait for X: half the workers, so
// that calls into a black hole never keep all else waiting. Revocations get half of the
// places at most: a thousand deletions at once keep no refresh and no consent waiting.
//
// Routine writes of tokens and statuses take turns at desks, a quarter of the workers. More of
// them at once make an API server that is busy no faster, and everybody's calls to it slower:
// those of a person who consents meanwhile too, and these come one after another.
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

// inTurn writes a token or a status when it is its turn; at once for a person who consented
// and whose token nobody has yet.
func (r *XConnectionReconciler) inTurn(ctx context.Context, s *scope, write func() error) error {
	if s.grant != nil && s.grant.Tokens != nil && !timeOf(s.grant.Tokens.ConsentedAt).Equal(s.before.Status.ConnectedAt) {
		return write()
	}
	return r.slots.atDesk(ctx, write)
}

// nextTurn is when a revocation that found no place asks again. It is no failure: its
// back-off does not grow.
func nextTurn(now time.Time) time.Time { return now.Add(turnDelay/2 + rand.N(turnDelay)) }
