// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

var (
	// ErrLost means that another writer was first: nothing was sent. Read again.
	ErrLost = errors.New("another writer changed the grant first")
	// ErrLeft means that the caller's context ended; the work goes on without it.
	ErrLeft = errors.New("the refresh goes on in the background")

	errTooLate = errors.New("too much time passed since the intent was written")
)

// Refresh redeems the grant's refresh token, in this order: the intent is
// written under the version of the grant that was decided on, so that the store
// is known to be writable and every other replica is fenced; then X is called,
// once; then the answer is stored, however long that takes. It gives the grant as
// it is afterwards; what X answered, good or bad, is in its journal.
//
// Errors: ErrLost, ErrStopping, ErrLeft, or that the intent could not be written.
// In each case but ErrLeft nothing was sent.
func (r *Redeemer) Refresh(ctx context.Context, g *grant.Grant, creds xapi.Credentials, request string) (*grant.Grant, error) {
	attempt := grant.Attempt{
		ID:        newID(),
		Holder:    r.Self,
		TokenHash: g.Tokens.RefreshToken.Hash(),
		Request:   request,
	}
	var after *grant.Grant
	var failure error
	err := r.Keeper.Do(ctx, attempt.ID, func(ctx context.Context) {
		after, failure = r.refresh(ctx, g, creds, attempt)
	})
	switch {
	case errors.Is(err, ErrStopping):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrLeft, err)
	}
	return after, failure
}

func (r *Redeemer) refresh(ctx context.Context, g *grant.Grant, creds xapi.Credentials, attempt grant.Attempt) (*grant.Grant, error) {
	start := r.Now()
	attempt.StartedAt = start.UTC().Round(0)
	failpoint.Hit("refresh-before-intent")
	fenced, err := r.fence(ctx, g, attempt)
	if err != nil {
		return nil, err
	}
	failpoint.Hit("refresh-after-intent")
	attempt = *fenced.Journal.Attempt
	sent := *fenced.Tokens
	answer, err := r.X.Refresh(ctx, creds, sent.RefreshToken, r.guard(start))
	failpoint.Hit("refresh-after-answer")
	r.called("refresh", creds, start, err)
	if err != nil {
		return r.settle(ctx, fenced, r.failed(fenced, creds, attempt, err))
	}
	settled, err := r.settle(ctx, fenced, r.rotated(fenced, creds, attempt, answer))
	failpoint.Hit("refresh-after-persist")
	return settled, err
}

// fence writes the intent. An answer of the store that says nothing is settled by
// looking for the attempt's id; if even that fails, the attempt is withdrawn in
// the store before anything else happens to this grant here.
func (r *Redeemer) fence(ctx context.Context, g *grant.Grant, attempt grant.Attempt) (*grant.Grant, error) {
	short, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	fenced, err := r.Store.Update(short, g, func(g *grant.Grant) { g.Begin(attempt) })
	switch {
	case err == nil:
		return fenced, nil
	case !errors.Is(err, grant.ErrConflict) && !errors.Is(err, grant.ErrAmbiguous):
		return nil, fmt.Errorf("writing the intent to refresh: %w", err)
	}
	fresh, readErr := r.Store.GetLive(short, g.Owner.UID)
	switch {
	case readErr == nil && fresh.Holds(attempt):
		return fresh, nil
	case readErr == nil || errors.Is(readErr, grant.ErrNotFound):
		if errors.Is(err, grant.ErrAmbiguous) {
			// The write may still be on its way.
			return nil, r.withdraw(ctx, g.Owner, attempt, err)
		}
		return nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	return nil, r.withdraw(ctx, g.Owner, attempt, err)
}

// withdraw makes sure that an intent that may or may not have been written is not
// left behind. Nothing was sent.
func (r *Redeemer) withdraw(ctx context.Context, owner grant.Owner, attempt grant.Attempt, cause error) error {
	_, err := r.settle(ctx, nil, settlement{
		owner:  owner,
		change: func(g *grant.Grant) { g.Withdraw(attempt, r.Now().UTC().Round(0)) },
	})
	return errors.Join(fmt.Errorf("writing the intent to refresh: %w", cause), err)
}

// rotated is the settlement of new tokens.
func (r *Redeemer) rotated(sent *grant.Grant, creds xapi.Credentials, attempt grant.Attempt, answer xapi.Tokens) settlement {
	tokens := rotate(*sent.Tokens, creds, answer, r.Now().UTC().Round(0))
	place := func(g *grant.Grant) {
		if !g.Place(attempt, tokens, sent.Account) {
			r.Report.Dropped(sent.Owner)
		}
	}
	return settlement{
		owner:  sent.Owner,
		change: place,
		answer: &tokenAnswer{last: sent, set: grant.Retired{Tokens: tokens, Account: sent.Account}, credentials: creds},
	}
}

// rotate makes the working set of an answer. An answer without a refresh token
// leaves the one that was sent in use.
func rotate(sent grant.Tokens, creds xapi.Credentials, answer xapi.Tokens, now time.Time) grant.Tokens {
	tokens := sent
	if !sent.App.ClientSecret.IsZero() {
		tokens.App.ClientSecret = creds.ClientSecret
	}
	tokens.AccessToken = answer.AccessToken
	tokens.RefreshToken = answer.RefreshToken
	tokens.Kept = 0
	if answer.RefreshToken.IsZero() {
		tokens.RefreshToken = sent.RefreshToken
		tokens.Kept = sent.Kept + 1
	}
	tokens.TokenType = answer.TokenType
	if answer.Scope != "" {
		tokens.Scope = answer.Scope
	}
	tokens.ReceivedAt = now
	tokens.RefreshedAt = now
	tokens.ExpiresAt = now.Add(answer.ExpiresIn)
	return tokens
}

// failed is the settlement of a call that brought no tokens: the answer table of
// the protocol. It holds only for the attempt it is about.
func (r *Redeemer) failed(sent *grant.Grant, creds xapi.Credentials, attempt grant.Attempt, err error) settlement {
	now := r.Now().UTC().Round(0)
	failure := grant.Failure{Kind: string(xapi.KindOf(err)), Message: err.Error(), At: now}
	left := sent.Tokens.ExpiresAt.Sub(now)
	again := now.Add(grant.Backoff(sent.Journal.Failures, left, r.Jitter()))
	return settlement{owner: sent.Owner, change: func(g *grant.Grant) {
		if !g.Holds(attempt) {
			return
		}
		switch kind := xapi.KindOf(err); {
		case kind == xapi.KindDeadToken && g.Tokens.RefreshToken.Hash() == attempt.TokenHash:
			g.Condemn(attempt, failure)
		case kind == xapi.KindUnknown && xapi.WasSent(err):
			g.Unsettled(attempt, failure, again)
		case kind == xapi.KindRateLimited, kind == xapi.KindUsageCap:
			g.Unspent(attempt, failure, r.Gate.Until(creds, again))
		case kind == xapi.KindCredentials:
			// The gate holds the app back: new credentials must work at once.
			g.Unspent(attempt, failure, time.Time{})
		case kind == xapi.KindAborted:
			g.Withdraw(attempt, again)
		default:
			g.Unspent(attempt, failure, again)
		}
	}}
}
