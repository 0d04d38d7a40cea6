// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
)

// refresh redeems the refresh token. The app's gate is asked before the journal
// is written, never after: an intent is a promise to call.
func (r *XConnectionReconciler) refresh(ctx context.Context, s *scope, d decision) error {
	if !r.slots.take(ctx) {
		return errBusy
	}
	defer r.slots.leave()
	hold, at := r.Gate.Take(s.app.creds)
	s.hold = hold
	if hold != redeem.HoldNone {
		s.holdUntil = holdDelay(hold, at, s.now, s.grant.Tokens.ExpiresAt)
		return nil
	}
	after, err := r.redeem(ctx, s, d)
	if err != nil {
		return fmt.Errorf("refreshing the token: %w", err)
	}
	s.app.hold = r.Gate.Look(s.app.creds)
	r.setGrant(ctx, s, after)
	return nil
}

// redeem refreshes under the eyes of the event handler: what it writes to the grant is no
// news to this pass.
func (r *XConnectionReconciler) redeem(ctx context.Context, s *scope, d decision) (*grant.Grant, error) {
	var after *grant.Grant
	overtaken, err := r.grants.Write(r.Store.Key(s.conn.UID), func() (version string, _ struct{}, err error) {
		if after, err = r.Redeemer.Refresh(ctx, s.grant, s.app.creds, d.request); after != nil {
			version = after.Version()
		}
		return version, struct{}{}, err
	})
	s.overtaken = s.overtaken || overtaken
	return after, err
}

// isRace tells the errors that mean no more than to look again.
func isRace(err error) bool {
	for _, race := range []error{errBusy, grant.ErrConflict, redeem.ErrLost, redeem.ErrLeft, redeem.ErrStopping, errTokenRace} {
		if errors.Is(err, race) {
			return true
		}
	}
	return apierrors.IsConflict(err)
}
