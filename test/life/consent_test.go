// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestDenied: a denied consent is seen with kubectl and in the redirect, and the
// link works again.
func TestDenied(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent", func(conn *v1alpha1.XConnection) {
		conn.Spec.RedirectURL = "https://app.example.com/settings?tab=x&x_error=old"
	})
	page := tn.consent(conn, xsim.Choice{Account: "denier", Deny: true})
	if got, want := page.URL.String(), "https://app.example.com/settings?tab=x&x_error=authorization_denied"; got != want {
		t.Errorf("the browser was sent to %s, not %s", got, want)
	}
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonAuthorizationDenied)
	tn.hasEvent(conn, v1alpha1.ReasonAuthorizationDenied)
	if last := conn.Status.LastConsent; last == nil || last.Reason != v1alpha1.ReasonAuthorizationDenied || last.Time.IsZero() {
		t.Errorf("the last consent is %v", last)
	}

	page = tn.consent(conn, xsim.Choice{Account: "denier"})
	if got, want := page.URL.Query().Encode(), "tab=x&x_connected=true&x_username=denier"; got != want {
		t.Errorf("the browser was sent on with %s, not %s", got, want)
	}
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if last := conn.Status.LastConsent; last == nil || last.Reason != v1alpha1.ReasonConnected {
		t.Errorf("the last consent is %v", last)
	}
}

// TestWrongAccount: another account than the pinned one is refused and its tokens
// are revoked; the right one is taken.
func TestWrongAccount(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent", func(conn *v1alpha1.XConnection) { conn.Spec.Username = "Right_One" })
	page := tn.consent(conn, xsim.Choice{Account: "wrong_one"})
	if !strings.Contains(page.Body, "account_mismatch") {
		t.Errorf("the page does not say account_mismatch: %s", page.Body)
	}
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonAccountMismatch)
	tn.noneAlive("wrong_one")
	tn.consent(conn, xsim.Choice{Account: "right_one"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestCandidateNeverCostsTheGrant: a reconnect with another account is refused, and
// the working connection goes on, refreshes included.
func TestCandidateNeverCostsTheGrant(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "owner_one")
	tn.alter(conn, func(conn *v1alpha1.XConnection) {
		metav1.SetMetaDataAnnotation(&conn.ObjectMeta, v1alpha1.AnnotationReconnectRequestedAt, "1")
	})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonReauthorizationDue)
	tn.consent(conn, xsim.Choice{Account: "intruder"})
	tn.noneAlive("intruder")
	tn.refreshNow(conn, "after the intruder")
	tn.checkToken(conn)

	tn.consent(conn, xsim.Choice{Account: "owner_one"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if conn.Status.LastHandledReconnectAt != "1" || conn.Status.AuthorizeURL != "" {
		t.Errorf("after the reconnect the status is %+v", conn.Status)
	}
	tn.checkToken(conn)
}

// TestUsersMeFails: what X answered is kept although X does not say whose it is,
// and the controller finishes.
func TestUsersMeFails(t *testing.T) {
	tn := newTenant(t)
	tn.x.Inject(xsim.Fault{Kind: xsim.FaultStatus, Endpoint: xsim.EndpointMe, ClientID: tn.clientID, Times: 2})
	conn := tn.connection("agent")
	tn.consent(conn, xsim.Choice{Account: "late_me"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.checkToken(conn)
}

// TestExchangeFails: X refuses the code because the app's secret is wrong; once it
// is right the same link works.
func TestExchangeFails(t *testing.T) {
	tn := newTenant(t)
	app := tn.xapp(tn.clientID)
	app.ClientSecret = "another-secret-of-the-app"
	tn.x.RegisterApp(app)
	conn := tn.connection("agent")
	page := tn.consent(conn, xsim.Choice{Account: "exchanger"})
	if !strings.Contains(page.Body, "token_exchange_failed") {
		t.Errorf("the page does not say token_exchange_failed: %s", page.Body)
	}
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonTokenExchangeFailed)
	tn.x.RegisterApp(tn.xapp(tn.clientID))
	tn.consent(conn, xsim.Choice{Account: "exchanger"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// noneAlive waits until no refresh token of an account is alive at the tenant's
// app.
func (tn *tenant) noneAlive(account string) {
	tn.t.Helper()
	tn.waitFor("the tokens of "+account+" to be revoked", func() bool {
		for _, grant := range tn.x.Books().Grants {
			if grant.Username == account && grant.ClientID == tn.clientID && grant.Alive {
				return false
			}
		}
		return true
	})
}

// TestKeysReplaced: the link of a connection that waits for its consent is made anew
// once the key that it was sealed with is gone.
func TestKeysReplaced(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent")
	former := tn.link(conn)
	keys := &corev1.Secret{}
	if err := tn.plane.Client().Get(t.Context(), types.NamespacedName{Namespace: operatorNamespace, Name: app.KeysSecret}, keys); err != nil {
		t.Fatal(err)
	}
	keys.Data = seal.NewKeyData(time.Now())
	tn.update(keys)
	tn.eventually("waiting for another link", conn, func(conn *v1alpha1.XConnection) bool {
		return conn.Status.AuthorizeURL != "" && conn.Status.AuthorizeURL != former
	})
	tn.consent(conn, xsim.Choice{Account: "rekeyed"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}
