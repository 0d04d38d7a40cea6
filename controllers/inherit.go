// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// indexMoved is the cache index of grant Secrets that an administrator hands to
// some cluster, by the XConnection they were for: namespace and name.
const indexMoved = "moved"

// movedFor is the index function.
func movedFor(object client.Object) []string {
	notes := object.GetAnnotations()
	if object.GetLabels()[grant.LabelGrant] == "" || notes[grant.AnnotationAdopt] == "" {
		return nil
	}
	return []string{notes[grant.AnnotationNamespace] + "/" + notes[grant.AnnotationName]}
}

// readMoved looks for the grant that an XConnection of this name had in another
// cluster, if an administrator handed it to this one: restore tools make the object
// anew, so that the grant stands under another uid.
func (r *XConnectionReconciler) readMoved(ctx context.Context, s *scope) error {
	if s.grant == nil || s.foreign {
		return nil
	}
	var list corev1.SecretList
	err := r.List(ctx, &list, client.InNamespace(r.Store.Namespace),
		client.MatchingFields{indexMoved: s.conn.Namespace + "/" + s.conn.Name})
	if err != nil {
		return fmt.Errorf("looking for a grant from another cluster: %w", err)
	}
	for i := range list.Items {
		moved, err := grant.FromSecret(&list.Items[i])
		if err == nil && r.mayInherit(s, moved) && (s.moved == nil || s.moved.Rotation < moved.Rotation) {
			s.moved = moved
		}
	}
	return nil
}

func (r *XConnectionReconciler) mayInherit(s *scope, moved *grant.Grant) bool {
	return r.Store.Foreign(moved) && moved.AdoptedBy() == r.Store.ClusterID &&
		moved.Owner.UID != s.conn.UID && !moved.ReadOnly() && len(moved.HeldBy()) == 0
}

// inherits tells whether the moved grant is to become this connection's own: only one
// that never had tokens takes it over, so that nothing comes back that was given up
// here, and not while a person consents, whose tokens would be given up for it.
func inherits(s *scope) bool {
	return s.moved != nil && s.moved.Tokens != nil && s.grant.Rotation == 0 && s.grant.Candidate == nil && s.grant.ClaimedUntil(s.now).IsZero()
}

// inherited tells whether the moved grant is needless: it was taken over, its account
// consented anew, or it has no working tokens, only others that are yet to be revoked.
func inherited(s *scope) bool {
	if s.moved == nil || s.moved.Tokens == nil {
		return s.moved != nil
	}
	return s.grant.Tokens != nil && s.grant.Account.UserID == s.moved.Account.UserID &&
		s.grant.Tokens.App.ClientID == s.moved.Tokens.App.ClientID
}

// inherit takes what the moved grant holds into the connection's own. The Secret it
// came from goes in the next step, once this is stored.
func (r *XConnectionReconciler) inherit(ctx context.Context, s *scope) error {
	err := r.change(ctx, s, "taking over the grant from another cluster", func(g *grant.Grant) { g.Inherit(s.moved) })
	if err == nil {
		r.event(s.conn, corev1.EventTypeNormal, v1alpha1.ReasonConnected, "Adopt",
			"The grant that this connection had in another cluster was taken over")
	}
	return err
}

// dropMoved deletes the Secret of a moved grant that is needless, or whose connection is
// deleted or disconnected. What it still owes, should it not have been taken over, is owed
// here from now on.
func (r *XConnectionReconciler) dropMoved(ctx context.Context, s *scope) error {
	if err := r.change(ctx, s, "keeping what the moved grant owes", func(g *grant.Grant) { g.Owe(s.moved) }); err != nil {
		return err
	}
	if err := r.Store.Delete(ctx, s.moved); err != nil {
		return fmt.Errorf("deleting the grant that was taken over: %w", err)
	}
	s.moved = nil
	return nil
}
