// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/partial"
)

var errTokenRace = errors.New("the token Secret was changed by another writer")

// tokenData is the content of the token Secret: the access token and its facts,
// never more.
func tokenData(g *grant.Grant) map[string][]byte {
	return map[string][]byte{
		v1alpha1.TokenKeyAccessToken: []byte(g.Tokens.AccessToken.Reveal()),
		v1alpha1.TokenKeyTokenType:   []byte(g.Tokens.TokenType),
		v1alpha1.TokenKeyExpiresAt:   []byte(g.Tokens.ExpiresAt.UTC().Format(time.RFC3339)),
		v1alpha1.TokenKeyScope:       []byte(g.Tokens.Scope),
		v1alpha1.TokenKeyUsername:    []byte(g.Account.Username),
		v1alpha1.TokenKeyUserID:      []byte(g.Account.UserID),
	}
}

// needsPublishing tells whether the token Secret is not what the grant says. One that
// is somebody else's is not touched.
func needsPublishing(s *scope) bool {
	if s.grant.Tokens == nil || s.tokenConflict != "" {
		return false
	}
	return s.token == nil || !isDesired(s.grant, s.token)
}

// isDesired tells whether desiredToken would change nothing. A pass asks several
// times, and copies nothing to know it.
func isDesired(g *grant.Grant, present *corev1.Secret) bool {
	return metav1.GetControllerOf(present) != nil && holds(present.Labels, tokenLabels()) && holds(present.Annotations, tokenAnnotations(g)) &&
		maps.EqualFunc(present.Data, tokenData(g), bytes.Equal)
}

func tokenLabels() map[string]string {
	return map[string]string{
		v1alpha1.LabelToken:            v1alpha1.LabelTokenValue,
		"app.kubernetes.io/managed-by": "x-operator",
	}
}

func tokenAnnotations(g *grant.Grant) map[string]string {
	return map[string]string{v1alpha1.AnnotationRotation: strconv.FormatInt(g.Rotation, 10)}
}

// givenUp tells whether a token Secret holds what was given up. If it is of a later
// rotation than the grant, the grant was lost, or the cache lags: the token may work.
func givenUp(s *scope, token *corev1.Secret) bool {
	return token != nil && s.grant.Tokens == nil &&
		(s.conn.Spec.State == v1alpha1.StateDisconnected || rotationOf(token) <= s.grant.Rotation)
}

// desiredToken is the token Secret as it should be, on the ground of what is
// there, if anything: labels, annotations and owners of others stay.
func desiredToken(conn *v1alpha1.XConnection, g *grant.Grant, present *corev1.Secret) *corev1.Secret {
	desired := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: conn.Namespace,
			Name:      conn.TokenSecretName(),
		},
		Type: v1alpha1.SecretTypeToken,
	}
	if present != nil {
		desired = present.DeepCopy()
	}
	if metav1.GetControllerOf(desired) == nil {
		desired.OwnerReferences = append(desired.OwnerReferences, ownerOf(conn))
	}
	desired.Labels = with(desired.Labels, tokenLabels())
	desired.Annotations = with(desired.Annotations, tokenAnnotations(g))
	desired.Data = tokenData(g)
	return desired
}

// noteToken keeps what stands in the way of a token Secret, such as a quota or a policy
// of the namespace: it is no reason not to refresh or to revoke, but is told, and
// tried again on a schedule of its own.
func (r *XConnectionReconciler) noteToken(s *scope, err error) error {
	if isRace(err) {
		return err
	}
	s.publishing = r.publications.note(s.conn.UID, s.now, err)
	return nil
}

// publish writes the token Secret, under the version that was seen.
func (r *XConnectionReconciler) publish(ctx context.Context, s *scope) error {
	failpoint.Hit("publish-before-write")
	if s.token == nil {
		return r.createToken(ctx, s, desiredToken(s.conn, s.grant, nil))
	}
	if rotationOf(s.token) > s.grant.Rotation {
		if current, err := r.isCurrent(ctx, s); err != nil || !current {
			return err
		}
	}
	if s.token.Immutable != nil && *s.token.Immutable {
		return r.unpublish(ctx, &s.token)
	}
	present, err := partial.Whole(ctx, r.Live, s.token)
	desired := desiredToken(s.conn, s.grant, present)
	if err == nil {
		err = r.writeToken(s, desired, func() error { return r.Update(ctx, desired) })
	}
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return fmt.Errorf("%w: %w", errTokenRace, err)
	}
	if err != nil {
		return fmt.Errorf("writing the token Secret %q: %w", desired.Name, err)
	}
	return nil
}

// writeToken remembers what is written.
func (r *XConnectionReconciler) writeToken(s *scope, desired *corev1.Secret, write func() error) error {
	overtaken, err := r.tokens.Write(tokenKey(s.conn), func() (string, *corev1.Secret, error) {
		err := write()
		return desired.ResourceVersion, desired, err
	})
	s.overtaken = s.overtaken || overtaken
	if err != nil {
		return err
	}
	failpoint.Hit("publish-after-write")
	s.token = desired
	return nil
}

func tokenKey(conn *v1alpha1.XConnection) types.NamespacedName {
	return types.NamespacedName{Namespace: conn.Namespace, Name: conn.TokenSecretName()}
}

// versionOf is a token Secret's version; empty if there is none.
func versionOf(token *corev1.Secret) string {
	if token == nil {
		return ""
	}
	return token.ResourceVersion
}

// createToken makes the token Secret. One that is there already, though the cache
// does not have it, is ours without its label, or somebody else's: then it is not
// touched.
func (r *XConnectionReconciler) createToken(ctx context.Context, s *scope, desired *corev1.Secret) error {
	err := r.writeToken(s, desired, func() error { return r.Create(ctx, desired) })
	if err == nil {
		return nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making the token Secret %q: %w", desired.Name, err)
	}
	present := &corev1.Secret{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(desired), present); err != nil {
		return fmt.Errorf("reading the token Secret %q: %w", desired.Name, err)
	}
	if s.tokenConflict = s.conflictOver(present); s.tokenConflict == "" {
		s.token = present
	}
	return nil
}

// isCurrent reads the grant again if the token Secret claims a later rotation: the
// Secret never goes back to an earlier one because a cache lags.
func (r *XConnectionReconciler) isCurrent(ctx context.Context, s *scope) (bool, error) {
	fresh, err := r.Store.GetLive(ctx, s.conn.UID)
	if err != nil {
		return false, fmt.Errorf("reading the grant again: %w", err)
	}
	current := fresh.Version() == s.grant.Version()
	r.setGrant(ctx, s, fresh)
	return current, nil
}

// unpublish deletes the token Secret that was seen, and no other. To delete again what
// others' finalizers keep would do nothing, and look like a success each time.
func (r *XConnectionReconciler) unpublish(ctx context.Context, seen **corev1.Secret) error {
	token := *seen
	if !token.DeletionTimestamp.IsZero() {
		return fmt.Errorf("the token Secret %q is being deleted, but its finalizers keep it: whoever set %s must remove them",
			token.Name, strings.Join(token.Finalizers, ", "))
	}
	err := r.Delete(ctx, token, client.Preconditions{UID: &token.UID, ResourceVersion: &token.ResourceVersion})
	if apierrors.IsConflict(err) {
		return fmt.Errorf("%w: %w", errTokenRace, err)
	}
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the token Secret %q: %w", token.Name, err)
	}
	*seen = nil
	return nil
}

// tokenOwner says whose a Secret under the token Secret's name is; empty if it is
// this connection's own.
func tokenOwner(conn *v1alpha1.XConnection, present *corev1.Secret) string {
	owner := metav1.GetControllerOf(present)
	switch {
	case owner == nil:
		return "it belongs to no XConnection"
	case owner.UID != conn.UID:
		return fmt.Sprintf("it belongs to the %s %q", owner.Kind, owner.Name)
	case present.Type != v1alpha1.SecretTypeToken:
		return fmt.Sprintf("its type is %q", present.Type)
	default:
		return ""
	}
}

// oddTokens is the index function of token Secrets.
func oddTokens(object client.Object) []string {
	owner := metav1.GetControllerOf(object)
	if owner == nil || object.GetLabels()[v1alpha1.LabelToken] == "" || object.GetName() == defaultTokenName(owner.Name) {
		return nil
	}
	return []string{string(owner.UID)}
}

// defaultTokenName is the name of a connection's token Secret if its spec gives none.
func defaultTokenName(connection string) string {
	return (&v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Name: connection}}).TokenSecretName()
}

func rotationOf(token *corev1.Secret) int64 {
	rotation, err := strconv.ParseInt(token.Annotations[v1alpha1.AnnotationRotation], 10, 64)
	if err != nil {
		return 0
	}
	return rotation
}

// with gives a map with further entries.
func with(base, more map[string]string) map[string]string {
	merged := maps.Clone(base)
	if merged == nil {
		merged = map[string]string{}
	}
	maps.Copy(merged, more)
	return merged
}

// holds tells whether a map has all of some entries.
func holds(all, some map[string]string) bool {
	for key, value := range some {
		if found, ok := all[key]; !ok || found != value {
			return false
		}
	}
	return true
}
