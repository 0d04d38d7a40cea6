// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// Reasons of events that have no condition.
const (
	reasonRevoked       = "Revoked"
	reasonForgotten     = "Forgotten"
	reasonNotRevokedYet = "NotRevokedYet"
	reasonRefreshed     = "Refreshed"
	reasonRestored      = "Restored"
	reasonGrantLost     = "GrantLost"
)

// notify makes an event for each change that a person would want to know of:
// Ready took another status or reason, a consent failed, which its message says, a
// requested refresh was made. Routine refreshes make none. A grant whose rotation
// went back comes out of a backup: its refresh token may be spent already. One that has no
// account any more is a new one.
func (r *XConnectionReconciler) notify(before, after *v1alpha1.XConnection) {
	old := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	ready := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && (old == nil || old.Status != ready.Status || old.Reason != ready.Reason || consentFailed(before, after)) {
		r.event(after, severity(ready), ready.Reason, "Reconcile", ready.Message)
	}
	switch wentBack := after.Status.Rotation < before.Status.Rotation; {
	case wentBack && after.Status.UserID == "" && !tellsOfTokens(before):
	case wentBack && after.Status.UserID == "":
		r.event(after, corev1.EventTypeWarning, reasonGrantLost, "Reconcile",
			"The stored grant is gone, as when somebody deleted its Secret: its tokens may be alive at X until the app's access is revoked in the account's settings")
	case wentBack:
		r.event(after, corev1.EventTypeWarning, reasonRestored, "Reconcile",
			"The stored grant is older than the one seen before, as after a restore: X may not accept its refresh token any more")
	}
	handled := after.Status.LastHandledRefreshAt
	refreshed := after.Status.Rotation > before.Status.Rotation
	if handled != "" && handled != before.Status.LastHandledRefreshAt && refreshed {
		r.event(after, corev1.EventTypeNormal, reasonRefreshed, "Refresh", "The token was refreshed on request")
	}
}

// consentFailed tells whether a consent ended without success since before: the second
// one that is denied looks like the first, and is news all the same.
func consentFailed(before, after *v1alpha1.XConnection) bool {
	last := after.Status.LastConsent
	return last != nil && last.Reason != v1alpha1.ReasonConnected &&
		!equality.Semantic.DeepEqual(last, before.Status.LastConsent)
}

// severity is Warning where somebody must act or something fails, but for the
// states that a person asked for.
func severity(ready *metav1.Condition) string {
	switch ready.Reason {
	case v1alpha1.ReasonConnected, v1alpha1.ReasonProgressing, v1alpha1.ReasonConsentRequired,
		v1alpha1.ReasonSuspended, v1alpha1.ReasonDisconnected:
		return corev1.EventTypeNormal
	default:
		return corev1.EventTypeWarning
	}
}

const (
	// maxNote is what the API server takes of an event's note, in bytes.
	maxNote = 1024
	cutNote = " ..."
)

// noteOf cuts a message to what an event can hold: a longer one would be lost.
func noteOf(message string) string {
	if len(message) > maxNote {
		return strings.ToValidUTF8(message[:maxNote-len(cutNote)], "") + cutNote
	}
	return message
}

// event makes one event. An event that can't be made, as in a namespace that ends,
// is lost: the recorder never fails.
func (r *XConnectionReconciler) event(object runtime.Object, kind, reason, action, message string) {
	r.Recorder.Eventf(object, nil, kind, reason, action, "%s", noteOf(message))
}

// capital begins a sentence.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
