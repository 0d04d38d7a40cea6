// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// sendWithin is how long after the start of its intent a holder may still send:
	// a process that was paused for longer must not wake up and spend. It is far
	// below the time that another process waits before it takes over.
	sendWithin = 5 * time.Second
	// storeTimeout bounds each attempt to read or write the store.
	storeTimeout = 10 * time.Second
	// keepFirst and keepMax bound the waits between attempts to store an answer.
	keepFirst = 50 * time.Millisecond
	keepMax   = 2 * time.Second
)

// X is what redeeming asks of the client of X; *xapi.Client is one.
type X interface {
	Exchange(context.Context, xapi.Credentials, xapi.ExchangeRequest, xapi.Guard) (xapi.Tokens, error)
	Refresh(context.Context, xapi.Credentials, secret.Token, xapi.Guard) (xapi.Tokens, error)
	Revoke(context.Context, xapi.Credentials, secret.Token, xapi.TokenHint, xapi.Guard) error
	Me(context.Context, secret.Token) (xapi.User, error)
}

// Standing is how the owner of a grant stands to it.
type Standing string

// How an owner stands.
const (
	// Connectable: it exists under its uid and wants to be connected.
	Connectable Standing = "Connectable"
	// Disconnected: it exists and wants to be disconnected.
	Disconnected Standing = "Disconnected"
	// Gone: it does not exist under its uid, or is being deleted.
	Gone Standing = "Gone"
)

// Options are what a Redeemer works with; all are needed, Jitter apart.
type Options struct {
	Store  *grant.Store
	X      X
	Keeper *Keeper
	Gate   *Gate
	// Self names this run of this process.
	Self grant.Holder
	// Now is the clock; its readings must be monotonic.
	Now func() time.Time
	// Standing reads live how an owner stands.
	Standing func(context.Context, grant.Owner) (Standing, error)
	// Jitter gives numbers from 0 to 1; default: random ones.
	Jitter func() float64
	// ConsentCode gives the error catalogue's code for a failed exchange.
	ConsentCode func(error) string
	// Report is told what can't be told otherwise; default: nobody.
	Report Reporter
}

// Reporter is told of what happens to answers, for logs and metrics. What it is
// given holds no secret.
type Reporter interface {
	// Held: an answer could not be stored and is kept, to be tried again.
	Held(owner grant.Owner, err error)
	// Dropped: an answer was not stored because something newer was there.
	Dropped(owner grant.Owner)
	// Ended: an answer that nobody wants any more could not be stored, and was given up
	// and revoked, unless another connection lives on its account. With an error X did
	// not revoke it, and its tokens live on.
	Ended(owner grant.Owner, err error)
	// Called: a call to the token or revocation endpoint came to an end.
	Called(operation string, err error)
	// AppChanged: X's opinion of some app is another than before.
	AppChanged()
}

// Redeemer redeems refresh tokens and authorization codes.
type Redeemer struct {
	Options
}

// New makes a Redeemer.
func New(options Options) *Redeemer {
	if options.Jitter == nil {
		options.Jitter = rand.Float64
	}
	if options.Report == nil {
		options.Report = silent{}
	}
	return &Redeemer{Options: options}
}

// Seen tells what this process knows of an unfinished attempt that is its own.
func (r *Redeemer) Seen(attempt grant.Attempt) (mine, gone bool) {
	if attempt.Holder.Start == r.Self.Start {
		mine = r.Keeper.InFlight(attempt.ID)
		return mine, !mine
	}
	// A pod runs one process of ours at a time: an earlier run of the same pod is over.
	return false, attempt.Holder.Pod == r.Self.Pod
}

// guard forbids to send once too much time has passed since start.
func (r *Redeemer) guard(start time.Time) xapi.Guard {
	return func() error { return r.maySend(start) }
}

func (r *Redeemer) maySend(start time.Time) error {
	failpoint.Hit("redeem-before-send")
	if r.passed(start, sendWithin) {
		return errTooLate
	}
	return nil
}

func (r *Redeemer) passed(start time.Time, limit time.Duration) bool {
	return Passed(start, r.Now(), limit)
}

// Passed tells whether more than a time has passed from start to now, by the wall clock
// or by the monotonic one, which stands still while a machine sleeps.
func Passed(start, now time.Time, limit time.Duration) bool {
	return now.Sub(start) > limit || now.Round(0).Sub(start.Round(0)) > limit
}

func newID() string { return uuid.NewString() }

type silent struct{}

func (silent) Held(grant.Owner, error)  {}
func (silent) Dropped(grant.Owner)      {}
func (silent) Ended(grant.Owner, error) {}
func (silent) Called(string, error)     {}
func (silent) AppChanged()              {}

// called tells the gate and the reporter how a call for an app ended.
func (r *Redeemer) called(operation string, creds xapi.Credentials, begun time.Time, err error) {
	r.Report.Called(operation, err)
	if r.Gate.Report(creds, begun, err) {
		r.Report.AppChanged()
	}
}
