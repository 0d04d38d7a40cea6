// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
)

// scope is what one pass read, and what its actions made of it. The decisions and
// the status are functions of it alone.
type scope struct {
	// now is the one clock reading that a decision is made with.
	now  time.Time
	conn *v1alpha1.XConnection
	// before is the object as it was read.
	before *v1alpha1.XConnection
	// refused is true in the grants' own namespace.
	refused bool
	// app is the X app to use, or why there is none.
	app app
	// issuer is the app that app was read for, if its tokens keep the connection with it.
	issuer issuer
	// grant is nil if there is none; foreign if another cluster made it.
	grant   *grant.Grant
	foreign bool
	// adopted is true if an administrator handed a foreign grant to this cluster.
	adopted bool
	// unreadable is why nothing can be done with the grant that is there: it can't be
	// decoded, or a newer version of the operator wrote it; grant is nil then.
	unreadable error
	// moved is a grant from another cluster that is handed to this connection; nil if
	// there is none.
	moved *grant.Grant
	// seen is what is known of an attempt that is not settled.
	seen grant.Seen
	// token is the token Secret as last seen; nil if there is none. tokenConflict
	// says whose Secret is in its place.
	token         *corev1.Secret
	tokenConflict string
	// oldToken is the token Secret under a former spec.tokenSecretName; nil if there
	// is none.
	oldToken *corev1.Secret
	// agentMissing says which workload does not exist; agentUnseen is true if nobody can
	// tell yet.
	agentMissing string
	agentUnseen  bool
	// settling, revoking and publishing are how the candidate's settlement, the
	// revocation of retired sets and the writing of token Secrets last failed.
	settling, revoking, publishing setback
	// hold is why the app's gate holds a refresh back that is due, until holdUntil.
	hold      redeem.Hold
	holdUntil time.Time
	// link is what a person opens, if consent is wanted.
	link string
	// overtaken is true if somebody wrote what a pass wrote right after it.
	overtaken bool
	// lost is true if there was no grant, though status knows of an account: somebody
	// deleted the Secret, and nobody has its tokens any more.
	lost bool
	// finished is true once the object is no longer ours.
	finished bool
}

// readScope reads what a pass needs, from caches only, but for the rare cases in
// which a cache can't tell.
func (r *XConnectionReconciler) readScope(ctx context.Context, conn *v1alpha1.XConnection) (*scope, error) {
	s := &scope{
		now:     r.Now(),
		conn:    conn,
		before:  conn.DeepCopy(),
		refused: conn.Namespace == r.Store.Namespace,
	}
	s.settling, s.revoking, s.publishing = r.settlings.of(conn.UID), r.revocations.of(conn.UID), r.publications.of(conn.UID)
	steps := []func(context.Context, *scope) error{
		r.readGrant,
		r.readMoved,
		r.readApp,
		r.readToken,
		r.readAgent,
	}
	for _, step := range steps {
		if err := step(ctx, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (r *XConnectionReconciler) readGrant(ctx context.Context, s *scope) error {
	g, err := r.Store.Get(ctx, s.conn.UID)
	if isBehind(g, err, s.before) {
		g, err = r.Store.GetLive(ctx, s.conn.UID)
	}
	switch {
	case errors.Is(err, grant.ErrNotFound):
		s.lost = tellsOfTokens(s.before)
		return nil
	case errors.Is(err, grant.ErrUnreadable):
		s.unreadable = err
		return nil
	case err != nil:
		return fmt.Errorf("reading the grant: %w", err)
	case g.ReadOnly():
		s.unreadable = grant.ErrNewerSchema
		return nil
	}
	r.setGrant(ctx, s, g)
	return nil
}

// isBehind tells whether status knows of a later grant than the cache showed: the cache may
// lag behind it, and nobody is to be told of a loss for that.
func isBehind(g *grant.Grant, err error, conn *v1alpha1.XConnection) bool {
	if errors.Is(err, grant.ErrNotFound) {
		return tellsOfTokens(conn)
	}
	return err == nil && g.Rotation < conn.Status.Rotation
}

// setGrant puts the grant as it is now into the scope.
func (r *XConnectionReconciler) setGrant(ctx context.Context, s *scope, g *grant.Grant) {
	s.grant = g
	s.seen = grant.Seen{}
	s.foreign = g != nil && r.Store.Foreign(g)
	s.adopted = s.foreign && g.AdoptedBy() == r.Store.ClusterID
	if g != nil && g.Journal.Attempt != nil {
		s.seen = r.look(ctx, s, *g.Journal.Attempt)
	} else {
		r.sights.forget(s.conn.UID)
	}
}

// readToken reads the token Secret, and one of a former name, if any: status could tell
// only of the last name, and is not for the operator alone to write.
func (r *XConnectionReconciler) readToken(ctx context.Context, s *scope) (err error) {
	name := s.conn.TokenSecretName()
	if s.token, s.tokenConflict, err = r.tokenSecret(ctx, s.conn, name, s.conflictOver); err != nil {
		return err
	}
	if newer, found := r.tokens.Newer(tokenKey(s.conn), versionOf(s.token)); found && s.tokenConflict == "" {
		s.token = newer
	}
	s.oldToken, err = r.formerToken(ctx, s.conn)
	return err
}

// formerToken reads a token Secret of another name than the present one; nil if there
// is none.
func (r *XConnectionReconciler) formerToken(ctx context.Context, conn *v1alpha1.XConnection) (*corev1.Secret, error) {
	if name := defaultTokenName(conn.Name); name != conn.TokenSecretName() {
		ours := func(token *corev1.Secret) string { return tokenOwner(conn, token) }
		if token, _, err := r.tokenSecret(ctx, conn, name, ours); token != nil || err != nil {
			return token, err
		}
	}
	var odd corev1.SecretList
	err := r.List(ctx, &odd, client.InNamespace(conn.Namespace), client.MatchingFields{indexOddToken: string(conn.UID)})
	if err != nil {
		return nil, fmt.Errorf("looking for former token Secrets: %w", err)
	}
	for i := range odd.Items {
		if token := &odd.Items[i]; token.Name != conn.TokenSecretName() && tokenOwner(conn, token) == "" {
			return token, nil
		}
	}
	return nil, nil
}

// tokenSecret reads the token Secret of a name, or says whose is in its place.
func (r *XConnectionReconciler) tokenSecret(
	ctx context.Context, conn *v1alpha1.XConnection, name string, conflictOver func(*corev1.Secret) string,
) (*corev1.Secret, string, error) {
	token := &corev1.Secret{}
	err := r.Get(ctx, types.NamespacedName{Namespace: conn.Namespace, Name: name}, token)
	switch {
	case apierrors.IsNotFound(err):
		return nil, "", nil
	case err != nil:
		return nil, "", fmt.Errorf("reading the token Secret %q: %w", name, err)
	}
	if conflict := conflictOver(token); conflict != "" {
		return nil, conflict, nil
	}
	return token, "", nil
}

// look gives what this process knows of an unfinished attempt.
func (r *XConnectionReconciler) look(ctx context.Context, s *scope, attempt grant.Attempt) grant.Seen {
	mine, gone := r.Redeemer.Seen(attempt)
	seen := grant.Seen{Mine: mine, Gone: gone}
	if !mine && !gone {
		seen.Gone, seen.Missing = podEnd(ctx, r.Live, attempt.Holder)
	}
	seen.First = r.sights.first(s.conn.UID, attempt.ID, s.now)
	return seen
}

// podGone tells whether the pod that holds an attempt has provably ended.
func podGone(ctx context.Context, live client.Reader, holder grant.Holder) bool {
	gone, _ := podEnd(ctx, live, holder)
	return gone
}

// podEnd tells what is known of the end of the pod that holds an attempt.
//
//   - gone: it is over, and its kubelet reports no container that runs. A phase alone is
//     no proof: the control plane sets one too when it gives a lost node's pods up.
//   - missing: nothing vouches for it any more. It is over, deleted, or another pod has
//     its name. On a node that is cut off it may live on all the same.
//
// If the API server can't tell, it is neither.
func podEnd(ctx context.Context, live client.Reader, holder grant.Holder) (gone, missing bool) {
	if holder.PodName == "" {
		return false, false
	}
	pod := &corev1.Pod{}
	err := live.Get(ctx, types.NamespacedName{Namespace: holder.PodNamespace, Name: holder.PodName}, pod)
	switch {
	case err != nil:
		return false, apierrors.IsNotFound(err)
	case string(pod.UID) != holder.Pod:
		return false, true
	}
	over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	return over && !slices.ContainsFunc(pod.Status.ContainerStatuses, running), over
}

func running(container corev1.ContainerStatus) bool { return container.State.Running != nil }
