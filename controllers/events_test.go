// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// Events tell of changes alone: what stays as it is, and routine refreshes, make none.
func TestNotify(t *testing.T) {
	status := func(ready metav1.ConditionStatus, reason string) v1alpha1.XConnectionStatus {
		return v1alpha1.XConnectionStatus{Rotation: 3, Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: ready, Reason: reason, Message: "words"},
		}}
	}
	denied := func(ago time.Duration) v1alpha1.XConnectionStatus {
		s := status(metav1.ConditionFalse, v1alpha1.ReasonAuthorizationDenied)
		s.LastConsent = &v1alpha1.ConsentOutcome{Reason: v1alpha1.ReasonAuthorizationDenied, Time: metav1.NewTime(someTime.Add(-ago))}
		return s
	}
	rotated := func(rotation int64, handled string) v1alpha1.XConnectionStatus {
		s := status(metav1.ConditionTrue, v1alpha1.ReasonConnected)
		s.Rotation, s.LastHandledRefreshAt = rotation, handled
		return s
	}
	placeholder := func(reason string) v1alpha1.XConnectionStatus {
		s := status(metav1.ConditionFalse, reason)
		s.Rotation = 0
		return s
	}
	well, older := rotated(3, ""), rotated(2, "")
	older.UserID = "7"
	for name, test := range map[string]struct {
		before, after v1alpha1.XConnectionStatus
		want          string
	}{
		"nothing changed":      {well, well, ""},
		"connected":            {denied(0), well, "Normal Connected words"},
		"trouble":              {well, status(metav1.ConditionTrue, v1alpha1.ReasonXUnavailable), "Warning XUnavailable words"},
		"denied":               {status(metav1.ConditionFalse, v1alpha1.ReasonConsentRequired), denied(0), "Warning AuthorizationDenied words"},
		"denied again":         {denied(time.Hour), denied(0), "Warning AuthorizationDenied words"},
		"a routine refresh":    {well, rotated(4, ""), ""},
		"a refresh on request": {well, rotated(4, "please"), "Normal Refreshed The token was refreshed on request"},
		"a request in vain":    {well, rotated(3, "please"), ""},
		"a grant that was deleted": {
			v1alpha1.XConnectionStatus{Rotation: 3, Connected: true, UserID: "7", Conditions: well.Conditions}, rotated(0, ""),
			"Warning GrantLost The stored grant is gone, as when somebody deleted its Secret: its tokens may be alive at X until the app's access is revoked in the account's settings",
		},
		"a grant that was deleted before X revoked": {
			status(metav1.ConditionFalse, v1alpha1.ReasonNotRevoked), placeholder(v1alpha1.ReasonNotRevoked),
			"Warning GrantLost The stored grant is gone, as when somebody deleted its Secret: its tokens may be alive at X until the app's access is revoked in the account's settings",
		},
		"a grant that was deleted once X had revoked": {
			status(metav1.ConditionFalse, v1alpha1.ReasonDisconnected), placeholder(v1alpha1.ReasonDisconnected), "",
		},
		"a grant from a backup": {well, older, "Warning Restored The stored grant is older than the one seen before, as after a restore: X may not accept its refresh token any more"},
	} {
		recorder := events.NewFakeRecorder(2)
		r := &XConnectionReconciler{Recorder: recorder}
		r.notify(&v1alpha1.XConnection{Status: test.before}, &v1alpha1.XConnection{Status: test.after})
		close(recorder.Events)
		got := ""
		for event := range recorder.Events {
			got += event
		}
		if got != test.want {
			t.Errorf("%s: the events are %q, want %q", name, got, test.want)
		}
	}
}

// The API server refuses an event whose note is too long, and with it what it tells.
func TestLongEventsAreCut(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	r := &XConnectionReconciler{Recorder: recorder}
	r.event(&v1alpha1.XConnection{}, corev1.EventTypeWarning, "TokenSecretConflict", "Publish", "a policy says "+strings.Repeat("é", 1000))
	told := <-recorder.Events
	note := strings.TrimPrefix(told, "Warning TokenSecretConflict ")
	if len(note) > 1024 || len(note) < 1000 || !utf8.ValidString(note) || !strings.HasSuffix(note, " ...") {
		t.Errorf("the note has %d bytes: %s", len(note), note)
	}
}
