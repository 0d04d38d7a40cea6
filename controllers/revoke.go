// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// indexGrantee is the cache index of grant Secrets by a short hash of client id and
	// account: a set of its own for each value would take more memory than most of what
	// a connection needs.
	indexGrantee = "grantee"
	// granteeHashes is how many hashes there are.
	granteeHashes = 1024
	// tellNotRevoked is after how many failures, the last of them a minute or so after the
	// first, a connection that goes on is told that earlier tokens are still alive.
	tellNotRevoked = 6
	// overdueAfter is after how many failures, some ten minutes, others' consents are not
	// waited for any more; a tombstone does not after as long.
	overdueAfter     = 10
	tombstoneOverdue = 10 * time.Minute

	messageUnknown = "The tokens were forgotten without asking X to revoke them: X does not tell whose they are, and revoking could end " +
		"other connections of the same X app. Revoke the app's access in the account's settings at X"
	messageForgotten = "The tokens were forgotten without asking X to revoke them: another connection uses the same account with the same X app"
)

// forget gives up the tokens and the invitation; what is given up waits to be
// revoked. An unfinished attempt that is waited for no longer ends with it: its
// answer, should one come, is revoked as well.
func (r *XConnectionReconciler) forget(ctx context.Context, s *scope) error {
	failpoint.Hit("revoke-before-forget")
	return r.change(ctx, s, "giving up the tokens", func(g *grant.Grant) { g.Forget() })
}

// revoke revokes one retired set at X, when there is a place for it: a deletion goes
// on after its deadline in any case.
func (r *XConnectionReconciler) revoke(ctx context.Context, s *scope) error {
	if !r.slots.takeForRevocation() {
		s.revoking.at = nextTurn(s.now)
		return nil
	}
	defer r.slots.leaveAfterRevocation()
	options := revokeOptions(r.Client, r.Store)
	options.Overdue = s.revoking.failures >= overdueAfter
	stored := options.Credentials
	options.Credentials = func(ctx context.Context, app grant.App) (xapi.Credentials, error) {
		if s.app.problem == nil && s.app.ClientID == app.ClientID {
			// Those of now may be newer than those that stand with the tokens.
			return s.app.creds, nil
		}
		return stored(ctx, app)
	}
	options.Forgo = func(unknown bool) { r.tellForgotten(ctx, s, unknown) }
	result, err := r.Redeemer.RevokeOne(ctx, s.grant, options)
	if isRace(err) || ctx.Err() != nil {
		return err
	}
	s.revoking = r.revocations.note(s.conn.UID, s.now, err)
	switch {
	case err != nil:
		r.tellNotRevoked(s)
	case result.Kept, result.Forgotten:
	default:
		r.event(s.conn, corev1.EventTypeNormal, reasonRevoked, "Revoke", "The tokens were revoked at X")
	}
	r.setGrant(ctx, s, result.Grant)
	return nil
}

// tellForgotten says that tokens are forgotten without asking X. No event can be made in a
// namespace that is being deleted, so the log says it too.
func (r *XConnectionReconciler) tellForgotten(ctx context.Context, s *scope, unknown bool) {
	if !unknown {
		r.event(s.conn, corev1.EventTypeNormal, reasonForgotten, "Revoke", messageForgotten)
		log.FromContext(ctx).Info(messageForgotten)
		return
	}
	metrics.NotRevoked.Inc()
	r.event(s.conn, corev1.EventTypeWarning, v1alpha1.ReasonNotRevoked, "Revoke", messageUnknown)
	log.FromContext(ctx).Error(nil, messageUnknown)
}

// tellNotRevoked says once that earlier tokens of a connection that goes on can't be
// revoked. Nothing of its status shows them, and a deletion has a deadline of its own.
func (r *XConnectionReconciler) tellNotRevoked(s *scope) {
	if s.revoking.failures == tellNotRevoked && s.conn.DeletionTimestamp.IsZero() {
		r.event(s.conn, corev1.EventTypeWarning, reasonNotRevokedYet, "Revoke",
			"Earlier tokens of this connection are not revoked at X yet, and the operator goes on trying: "+s.revoking.err.Error())
	}
}

// bury lets the object go although X has not revoked its tokens: the grant stays
// as a tombstone, which the sweep goes on with.
func (r *XConnectionReconciler) bury(ctx context.Context, s *scope) error {
	now := s.now.UTC().Round(0)
	err := r.change(ctx, s, "leaving a tombstone", func(g *grant.Grant) { g.Bury(now) })
	if err == nil {
		r.event(s.conn, corev1.EventTypeWarning, reasonNotRevokedYet, "Revoke",
			"The tokens were not revoked at X within 2 minutes of the deletion: the operator goes on trying for 24 hours")
	}
	return err
}

// deleteGrant removes the grant, exactly as it was decided on.
func (r *XConnectionReconciler) deleteGrant(ctx context.Context, s *scope) error {
	if err := r.Store.Delete(ctx, s.grant); err != nil {
		return fmt.Errorf("deleting the grant: %w", err)
	}
	failpoint.Hit("revoke-after-delete")
	r.setGrant(ctx, s, nil)
	return nil
}

// revokeOptions say how the retired sets of a grant are revoked.
func revokeOptions(reader client.Reader, store *grant.Store) redeem.RevokeOptions {
	return redeem.RevokeOptions{
		Credentials: func(ctx context.Context, app grant.App) (xapi.Credentials, error) {
			found, err := grant.Credentials(ctx, reader, store.Namespace, app)
			if errors.Is(err, grant.ErrNoCredentials) {
				found, err = movedCredentials(ctx, reader, store.Namespace, app, err)
			}
			return redeem.CredentialsOf(found), err
		},
		Shared: func(ctx context.Context, g *grant.Grant, of grant.Grantee) (bool, error) {
			if g.MayLiveOn(of) {
				return true, nil
			}
			// Of two that are given up together the later one must see that the earlier was,
			// or each would leave the account to the other.
			if err := store.CaughtUp(ctx, g); err != nil {
				return false, err
			}
			return inUse(ctx, reader, store.Namespace, g.Owner.UID, of)
		},
	}
}

// movedCredentials are an app's whose XApp names another Secret than when the tokens were
// issued; missing is the error if there are none.
func movedCredentials(ctx context.Context, reader client.Reader, namespace string, app grant.App, missing error) (grant.App, error) {
	xapp := &v1alpha1.XApp{}
	err := reader.Get(ctx, types.NamespacedName{Name: app.XApp}, xapp)
	if apierrors.IsNotFound(err) || err == nil && xapp.Spec.CredentialsSecretRef.Name == app.SecretName {
		return app, missing
	}
	if err != nil {
		return app, fmt.Errorf("reading the XApp %q: %w", app.XApp, err)
	}
	app.SecretName = xapp.Spec.CredentialsSecretRef.Name
	return grant.Credentials(ctx, reader, namespace, app)
}

// inUse tells whether another grant than the owner's works, or is about to, with
// the same app and account, or may, if nobody knows whose account that is. The owner's
// own is left out: the cache may not have seen yet what was given up a moment ago.
func inUse(ctx context.Context, reader client.Reader, namespace string, owner types.UID, of grant.Grantee) (bool, error) {
	options := []client.ListOption{client.InNamespace(namespace), client.HasLabels{grant.LabelGrant}, client.UnsafeDisableDeepCopy}
	if of.UserID != "" {
		options = append(options, client.MatchingFields{indexGrantee: granteeHash(of)})
	}
	var list corev1.SecretList
	if err := reader.List(ctx, &list, options...); err != nil {
		return false, fmt.Errorf("looking for other connections of the account: %w", err)
	}
	return slices.ContainsFunc(list.Items, func(other corev1.Secret) bool {
		if other.Name == grant.SecretName(owner) {
			return false
		}
		g, err := grant.Sketch(&other)
		return err == nil && g.LivesOn(of)
	}), nil
}

// granteeHashesOf is the index function.
func granteeHashesOf(object client.Object) []string {
	stored, ok := object.(*corev1.Secret)
	if !ok || stored.Labels[grant.LabelGrant] == "" {
		return nil
	}
	var hashes []string
	for _, grantee := range granteesOf(stored) {
		hashes = append(hashes, granteeHash(grantee))
	}
	return hashes
}

func granteeHash(grantee grant.Grantee) string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(grantee.ClientID + "|" + grantee.UserID))
	return strconv.FormatUint(uint64(hash.Sum32()%granteeHashes), 10)
}

// granteesOf are a stored grant's; of one that can't be read none are known.
func granteesOf(stored *corev1.Secret) []grant.Grantee {
	g, err := grant.Sketch(stored)
	if err != nil {
		return nil
	}
	return g.Grantees()
}
