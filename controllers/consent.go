// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
)

// createGrant makes the placeholder: it comes after the finalizer and before the
// link. The epoch begins with the time, so that no link of an earlier grant of
// the same object is ever valid again.
func (r *XConnectionReconciler) createGrant(ctx context.Context, s *scope) error {
	placeholder := &grant.Grant{
		Owner:     grant.Owner{Namespace: s.conn.Namespace, Name: s.conn.Name, UID: s.conn.UID},
		ClusterID: r.Store.ClusterID,
		Consent:   grant.Consent{Epoch: s.now.Unix()},
		Journal:   grant.Journal{HandledRequest: terms(s.conn).Request},
	}
	s.grant = placeholder
	if wanted, app, scopes, reconnect := invitation(s); wanted {
		placeholder.Invite(wanted, app, scopes, reconnect)
	}
	g, err := r.Store.Create(ctx, placeholder)
	if err != nil {
		s.grant = nil
		return fmt.Errorf("making the grant: %w", err)
	}
	r.setGrant(ctx, s, g)
	return nil
}

// adopt makes a grant of another cluster this cluster's own, as an administrator
// asked.
func (r *XConnectionReconciler) adopt(ctx context.Context, s *scope) error {
	return r.change(ctx, s, "adopting the grant", func(g *grant.Grant) { g.ClusterID = r.Store.ClusterID })
}

// invite opens, changes or closes the invitation to consent.
func (r *XConnectionReconciler) invite(ctx context.Context, s *scope) error {
	wanted, app, scopes, reconnect := invitation(s)
	return r.change(ctx, s, "changing the invitation to consent", func(g *grant.Grant) {
		g.Invite(wanted, app, scopes, reconnect)
	})
}

// settleCandidate finishes a consent whose account X did not tell at once.
func (r *XConnectionReconciler) settleCandidate(ctx context.Context, s *scope) error {
	if !r.slots.take(ctx) {
		return errBusy
	}
	defer r.slots.leave()
	after, _, err := r.Redeemer.SettleCandidate(ctx, s.grant, s.conn.Spec.Username)
	if errors.Is(err, redeem.ErrUnavailable) || errors.Is(err, redeem.ErrStopping) || ctx.Err() != nil {
		return err
	}
	s.settling = r.settlings.note(s.conn.UID, s.now, err)
	if err == nil {
		r.setGrant(ctx, s, after)
	}
	return nil
}

// change updates the grant under the version that was decided on.
func (r *XConnectionReconciler) change(ctx context.Context, s *scope, what string, change func(*grant.Grant)) error {
	g, err := r.Store.Update(ctx, s.grant, change)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	r.setGrant(ctx, s, g)
	return nil
}
