// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestDrift: a deleted or edited token Secret is restored without a refresh.
func TestDrift(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "drifter")
	before := tn.token(conn)

	if err := tn.plane.Client().Delete(t.Context(), before.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	tn.restored(conn, before)

	edited := tn.token(conn)
	edited.Data[v1alpha1.TokenKeyAccessToken] = []byte("edited")
	edited.Annotations[v1alpha1.AnnotationRotation] = "999"
	delete(edited.Labels, v1alpha1.LabelToken)
	if err := tn.plane.Client().Update(t.Context(), edited); err != nil {
		t.Fatal(err)
	}
	tn.restored(conn, before)

	frozen := tn.token(conn)
	frozen.Data[v1alpha1.TokenKeyScope] = []byte("edited")
	frozen.Immutable = new(bool)
	*frozen.Immutable = true
	if err := tn.plane.Client().Update(t.Context(), frozen); err != nil {
		t.Fatal(err)
	}
	tn.restored(conn, before)
	if count := tn.refreshes(); count != 0 {
		t.Errorf("a refresh token was spent on drift %d times", count)
	}
}

// refreshes counts how often the tenant's own app presented a refresh token to X.
func (tn *tenant) refreshes() int {
	count := 0
	for _, event := range tn.x.Books().Events {
		if event.ClientID == tn.clientID && event.Endpoint == xsim.EndpointRefresh {
			count++
		}
	}
	return count
}

func (tn *tenant) restored(conn *v1alpha1.XConnection, want *corev1.Secret) {
	tn.t.Helper()
	tn.waitFor("the token Secret to be restored", func() bool {
		token := &corev1.Secret{}
		key := types.NamespacedName{Namespace: conn.Namespace, Name: conn.TokenSecretName()}
		if tn.plane.Client().Get(tn.t.Context(), key, token) != nil {
			return false
		}
		return string(token.Data[v1alpha1.TokenKeyAccessToken]) == string(want.Data[v1alpha1.TokenKeyAccessToken]) &&
			string(token.Data[v1alpha1.TokenKeyScope]) == string(want.Data[v1alpha1.TokenKeyScope]) &&
			token.Annotations[v1alpha1.AnnotationRotation] == want.Annotations[v1alpha1.AnnotationRotation] &&
			token.Labels[v1alpha1.LabelToken] == v1alpha1.LabelTokenValue && token.Immutable == nil
	})
}

// TestOthersMetadata: what others put on an object stays there, also where it is too large
// to be held in memory: the operator's finalizer goes without theirs.
func TestOthersMetadata(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "crowded")
	const note, count = "example.com/note", 100
	token := tn.token(conn)
	metav1.SetMetaDataAnnotation(&token.ObjectMeta, note, strings.Repeat("x", 100<<10))
	tn.update(token)
	tn.alter(conn, func(conn *v1alpha1.XConnection) {
		for i := range count {
			conn.Finalizers = append(conn.Finalizers, fmt.Sprintf("example.com/finalizer-%d", i))
		}
	})
	tn.refreshNow(conn, "please")
	tn.checkToken(conn)
	if got := len(tn.token(conn).Annotations[note]); got != 100<<10 {
		t.Errorf("%d bytes of the annotation are left", got)
	}

	tn.delete(conn)
	tn.eventually("waiting for the operator's finalizer to go", conn, func(conn *v1alpha1.XConnection) bool {
		return !slices.Contains(conn.Finalizers, v1alpha1.FinalizerRevoke)
	})
	if len(conn.Finalizers) != count {
		t.Errorf("%d finalizers of others are left", len(conn.Finalizers))
	}
	tn.noneAlive("crowded")
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Finalizers = nil })
	tn.gone(conn)
}

// TestShortLifetime: a token whose lifetime is shorter than every margin is
// refreshed in time, by itself, again and again.
func TestShortLifetime(t *testing.T) {
	tn := newTenant(t)
	tn.x.SetLifetimes(xsim.Lifetimes{Access: xsim.Duration(6 * time.Second)})
	conn := tn.connect("agent", "hasty")
	tn.eventually("waiting for three refreshes", conn, func(conn *v1alpha1.XConnection) bool { return conn.Status.Rotation >= 4 })
	tn.x.SetLifetimes(xsim.Lifetimes{})
	for _, record := range tn.tokensOf() {
		if record.Replays > 0 {
			t.Errorf("a refresh token was replayed: %+v", record)
		}
	}
}

// answers are the ways in which X fails a refresh that a person asked for, and
// what is seen of each while the token is still valid.
var answers = []struct {
	name    string
	fault   xsim.Fault
	status  metav1.ConditionStatus
	reason  string
	stalled bool
	// cures lets the connection become ready again.
	cures func(*tenant, *v1alpha1.XConnection)
}{
	{
		name:   "limited",
		fault:  xsim.Fault{Kind: xsim.FaultStatus, Status: 429, ResetIn: xsim.Duration(2 * time.Second)},
		status: metav1.ConditionTrue, reason: v1alpha1.ReasonRateLimited,
	},
	{
		name:   "capped",
		fault:  xsim.Fault{Kind: xsim.FaultStatus, Status: 402, ResetIn: xsim.Duration(2 * time.Second)},
		status: metav1.ConditionTrue, reason: v1alpha1.ReasonUsageCapExceeded,
	},
	{
		name:   "not a verdict",
		fault:  xsim.Fault{Kind: xsim.FaultStatus, Status: 403},
		status: metav1.ConditionTrue, reason: v1alpha1.ReasonRefreshFailed,
	},
	{
		name:   "away",
		fault:  xsim.Fault{Kind: xsim.FaultStatus, Status: 503},
		status: metav1.ConditionTrue, reason: v1alpha1.ReasonRotationUncertain,
	},
	{
		name:   "HTML",
		fault:  xsim.Fault{Kind: xsim.FaultHTML},
		status: metav1.ConditionTrue, reason: v1alpha1.ReasonRotationUncertain,
	},
	{
		name:   "reset before",
		fault:  xsim.Fault{Kind: xsim.FaultReset},
		status: metav1.ConditionTrue, reason: v1alpha1.ReasonRotationUncertain,
	},
	{
		name:   "refused app",
		fault:  xsim.Fault{Kind: xsim.FaultStatus, Status: 401},
		status: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalidConfig, stalled: true,
		cures: func(tn *tenant, _ *v1alpha1.XConnection) { tn.newSecret() },
	},
}

// TestAnswers: no failure of X ends a connection; each is seen, and passes.
func TestAnswers(t *testing.T) {
	for _, answer := range answers {
		t.Run(answer.name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			conn := tn.connect("agent", "acc_"+tn.namespace[len(tn.namespace)-5:])
			fault := answer.fault
			fault.Endpoint, fault.ClientID = xsim.EndpointRefresh, tn.clientID
			tn.x.Inject(fault)
			tn.refreshNow(conn, "now")
			tn.reaches(conn, answer.status, answer.reason)
			if stalled := hasCondition(conn, v1alpha1.ConditionStalled); stalled != answer.stalled {
				t.Errorf("Stalled is %v", stalled)
			}
			if !conn.Status.Connected {
				t.Error("a failure of X disconnected the account")
			}
			if answer.cures != nil {
				answer.cures(tn, conn)
			}
			tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
			tn.checkToken(conn)
		})
	}
}

// TestDeadToken: X's verdict asks for a new consent; the token is not erased, and a
// refresh request may try it again.
func TestDeadToken(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "quitter")
	if tn.x.RevokeByUser("quitter", tn.clientID) == 0 {
		t.Fatal("there was nothing to revoke at X")
	}
	tn.refreshNow(conn, "1")
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonReauthorizationRequired)
	if conn.Status.AuthorizeURL == "" || conn.Status.Connected {
		t.Errorf("after X's verdict the status is %+v", conn.Status)
	}
	tn.consent(conn, xsim.Choice{Account: "quitter"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.checkToken(conn)
}

// TestLostAnswer: X rotated the token and its answer was lost. With a grace period
// the connection mends itself; without one it says so.
func TestLostAnswer(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "loser")
	tn.x.Inject(xsim.Fault{Kind: xsim.FaultReset, After: true, Endpoint: xsim.EndpointRefresh, ClientID: tn.clientID})
	tn.refreshNow(conn, "1")
	tn.eventually("waiting for the loss to show", conn, func(conn *v1alpha1.XConnection) bool {
		ready := conditionOf(conn, v1alpha1.ConditionReady)
		return ready.Reason == v1alpha1.ReasonReauthorizationRequired || ready.Reason == v1alpha1.ReasonRotationUncertain
	})
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonReauthorizationRequired)
}

// TestSuspend: a suspended connection calls nobody, and says so.
func TestSuspend(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "sleeper")
	tn.alter(conn, func(conn *v1alpha1.XConnection) {
		conn.Spec.Suspend = true
		metav1.SetMetaDataAnnotation(&conn.ObjectMeta, v1alpha1.AnnotationRefreshRequestedAt, "suspended")
	})
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	if conn.Status.NextRefreshTime != nil || !conn.Status.Connected {
		t.Errorf("suspended, the status is %+v", conn.Status)
	}
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.Suspend = false })
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.eventually("waiting for the refresh that was asked for", conn, func(conn *v1alpha1.XConnection) bool {
		return conn.Status.LastHandledRefreshAt == "suspended" && conn.Status.Rotation == 2
	})
}
