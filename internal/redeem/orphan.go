// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// errUnwanted means that the grant of an answer is gone and may not be made again, and
// that its owner does not want to be connected.
var errUnwanted = errors.New("nobody wants the answer any more")

// restore settles an answer whose grant is gone: the grant is made again. If its
// owner does not want to be connected any more, what X just gave is owed a
// revocation; if there is no owner, by a tombstone. Where grants may not be made, as in
// the callback's own process, the controllers make one for an owner that is there; an
// answer that nobody wants gives errUnwanted.
func (r *Redeemer) restore(ctx context.Context, s settlement) (*grant.Grant, error) {
	last := s.answer.last
	standing, err := r.Standing(ctx, last.Owner)
	if err != nil {
		return nil, fmt.Errorf("reading the XConnection of the answer: %w", err)
	}
	// What the change marks must not show in the next attempt, should this one fail.
	again := last.Copy()
	s.change(again)
	switch standing {
	case Connectable:
	case Disconnected:
		again.Forget()
	default:
		again.Bury(r.Now().UTC().Round(0))
	}
	made, err := r.Store.Create(ctx, again)
	if standing != Connectable && errors.Is(err, grant.ErrRefused) {
		return nil, fmt.Errorf("%w: %w", errUnwanted, err)
	}
	return made, err
}

// end revokes an answer that nobody wants at once, since it can't be stored to be
// revoked. It tells whether that is over: X did it, or did not for too long.
func (r *Redeemer) end(ctx context.Context, s settlement, since time.Time) bool {
	err := r.revokeAnswer(ctx, s.answer, since)
	if err != nil && !r.passed(since, revokeWithin) {
		return false
	}
	r.Report.Ended(s.owner, err)
	return true
}

// revokeAnswer revokes what X gave, unless another connection lives on its account.
func (r *Redeemer) revokeAnswer(ctx context.Context, a *tokenAnswer, since time.Time) error {
	_, creds, shared, err := r.mayRevoke(ctx, a.last, a.set, RevokeOptions{
		Credentials: func(context.Context, grant.App) (xapi.Credentials, error) { return a.credentials, nil },
		Shared:      r.othersUse,
	})
	if err != nil || shared {
		return err
	}
	return r.revokeSet(ctx, creds, a.set.Tokens, since)
}

// othersUse tells whether another owner's grant than g's lives on an app and account, or
// may, where X does not tell whose the tokens are.
func (r *Redeemer) othersUse(ctx context.Context, g *grant.Grant, of grant.Grantee) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	all, err := r.Store.List(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for other connections of the account: %w", err)
	}
	return slices.ContainsFunc(all, func(other *grant.Grant) bool {
		return other.Owner.UID != g.Owner.UID && other.LivesOn(of)
	}), nil
}
