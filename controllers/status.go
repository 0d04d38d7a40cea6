// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
)

// writeStatus computes the status from the scope, and writes it and its events if
// anything changed.
func (r *XConnectionReconciler) writeStatus(ctx context.Context, s *scope) error {
	if nothingToSay(s) {
		return nil
	}
	s.link = r.linkFor(s)
	status := statusOf(s)
	if equality.Semantic.DeepEqual(s.before.Status, status) {
		return nil
	}
	failpoint.Hit("publish-before-status")
	var version string
	err := r.inTurn(ctx, s, func() (err error) {
		version, err = r.patchStatus(ctx, s.before, status)
		return err
	})
	if err != nil {
		return client.IgnoreNotFound(fmt.Errorf("writing the status: %w", err))
	}
	failpoint.Hit("publish-after-status")
	after := s.before.DeepCopy()
	after.ResourceVersion, after.Status = version, status
	r.notify(s.before, after)
	return nil
}

// nothingToSay tells whether status stays as it is. An object that is gone needs none.
// Without a grant, one that is being deleted needs none either, and one whose grant was
// lost keeps the old one until a new grant is stored, so that notify sees the loss.
func nothingToSay(s *scope) bool {
	if s.finished {
		return true
	}
	without := s.grant == nil && s.unreadable == nil
	return without && (s.lost || !s.conn.DeletionTimestamp.IsZero())
}

// patchStatus changes the status of an object, and gives its resourceVersion after it.
// Only metadata are asked for in return: the status is known, and to decode it again
// would be the dearest part of a refresh.
func (r *XConnectionReconciler) patchStatus(ctx context.Context, conn *v1alpha1.XConnection, status v1alpha1.XConnectionStatus) (string, error) {
	patch, err := statusPatch(conn.Status, status)
	if err != nil {
		return "", err
	}
	patched := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: conn.Namespace, Name: conn.Name}}
	patched.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("XConnection"))
	_, err = r.statuses.Write(client.ObjectKeyFromObject(conn), func() (string, v1alpha1.XConnectionStatus, error) {
		err := r.Status().Patch(ctx, patched, patch)
		return patched.ResourceVersion, status, err
	})
	return patched.ResourceVersion, err
}

// statusPatch is what changes one status into another. Whole objects are not compared:
// nothing else of them changes, and it would cost as much as the rest of a pass.
func statusPatch(before, after v1alpha1.XConnectionStatus) (client.Patch, error) {
	diff, err := client.MergeFrom(&v1alpha1.XConnection{Status: before}).Data(&v1alpha1.XConnection{Status: after})
	if err != nil {
		return nil, fmt.Errorf("comparing the status: %w", err)
	}
	return client.RawPatch(types.MergePatchType, diff), nil
}

// linkFor is the link to the start page, while consent is wanted.
func (r *XConnectionReconciler) linkFor(s *scope) string {
	if s.grant == nil || s.foreign || !s.grant.Consent.Wanted || !s.conn.DeletionTimestamp.IsZero() {
		return ""
	}
	return r.Address.Connect(s.conn.Namespace, s.conn.Name, r.Keyring.Capability(string(s.conn.UID), s.grant.Consent.Epoch))
}

// statusOf computes the whole status; it is pure. Times that say when something
// was seen are kept as long as it has not changed.
func statusOf(s *scope) v1alpha1.XConnectionStatus {
	status := *s.before.Status.DeepCopy()
	status.ObservedGeneration = s.conn.Generation
	status.AuthorizeURL = s.link
	status.AppName = s.app.name
	if s.grant != nil && !s.foreign {
		fillFromGrant(&status, s)
	}
	setConditions(&status, s)
	status.Connected = meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionConnected)
	return status
}

func fillFromGrant(status *v1alpha1.XConnectionStatus, s *scope) {
	g := s.grant
	status.Username, status.UserID = g.Account.Username, g.Account.UserID
	status.LastHandledRefreshAt = g.Journal.HandledRequest
	status.LastHandledReconnectAt = g.Consent.AnsweredReconnect
	status.Rotation = g.Rotation
	status.LastConsent = lastConsent(g.Consent.Outcome)
	status.TokenSecretRef = nil
	if token := cmp.Or(s.token, s.oldToken); token != nil {
		status.TokenSecretRef = &v1alpha1.SecretReference{Name: token.Name}
	}
	status.ConnectedAt, status.TokenExpiresAt, status.RefreshTokenExpiresAt = nil, nil, nil
	status.LastRefreshTime, status.NextRefreshTime = nil, nil
	if t := g.Tokens; t != nil {
		status.ConnectedAt = timeOf(t.ConsentedAt)
		status.TokenExpiresAt = timeOf(t.ExpiresAt)
		status.RefreshTokenExpiresAt = timeOf(t.ConsentedAt.Add(refreshTokenAge))
		status.LastRefreshTime = timeOf(t.RefreshedAt)
		status.NextRefreshTime = nextRefresh(s)
	}
}

func lastConsent(last *grant.Outcome) *v1alpha1.ConsentOutcome {
	if last == nil {
		return nil
	}
	return &v1alpha1.ConsentOutcome{Reason: consentReasonFor(last), Time: *timeOf(last.At)}
}

// consentReasonFor is the reason that an outcome has in status.
func consentReasonFor(last *grant.Outcome) string {
	if last.Code == redeem.CodeConnected {
		return v1alpha1.ReasonConnected
	}
	return v1alpha1.ReasonFor(v1alpha1.ErrorCode(last.Code))
}

// nextRefresh is when the next refresh is planned: none while nothing refreshes, or
// while X is away: the wait is then drawn by lot each time, and thousands of objects
// would be written for it alone.
func nextRefresh(s *scope) *metav1.Time {
	d := planRefresh(s)
	if !s.conn.DeletionTimestamp.IsZero() || d.at.IsZero() || s.hold == redeem.HoldAway {
		return nil
	}
	return timeOf(d.at)
}

func timeOf(at time.Time) *metav1.Time {
	if at.IsZero() {
		return nil
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)}
}
