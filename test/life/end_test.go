// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestDisconnected: the tokens are revoked and forgotten, the object is kept, and
// can be connected again, with another account too.
func TestDisconnected(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "leaver")
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.State = v1alpha1.StateDisconnected })
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonDisconnected)
	tn.noneAlive("leaver")
	tn.gone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: conn.Namespace, Name: conn.TokenSecretName()}})
	if conn.Status.Username != "" || conn.Status.AuthorizeURL != "" || conn.Status.TokenExpiresAt != nil {
		t.Errorf("disconnected, the status is %+v", conn.Status)
	}
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.State = v1alpha1.StateConnected })
	tn.consent(conn, xsim.Choice{Account: "joiner"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestNamespaceDeleted: a namespace that is deleted whole neither hangs nor skips
// the revocation, with its app's Secret gone.
func TestNamespaceDeleted(t *testing.T) {
	tn := newTenant(t)
	own := tn.connect("own", "nsowner")
	tn.connect("shared", "nssharer", useShared)
	tn.connection("pending")
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: tn.namespace}}
	if err := tn.plane.Client().Delete(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	tn.gone(namespace)
	tn.noneAlive("nsowner")
	for _, record := range tn.x.Books().Grants {
		if record.Username == "nssharer" && record.Alive {
			t.Error("the shared app's grant is alive at X")
		}
	}
	tn.gone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: grant.SecretName(own.UID)}})
}

// TestSharedAccount: of two connections with one account and app, deleting one
// does not end the other at X.
func TestSharedAccount(t *testing.T) {
	tn := newTenant(t)
	tn.x.SetPolicies(xsim.Policies{KeepEarlierLogins: true, RevokeWholeAccount: true})
	defer tn.x.SetPolicies(xsim.Policies{})
	one := tn.connect("one", "twice")
	two := tn.connect("two", "twice")
	if err := tn.plane.Client().Delete(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	tn.gone(one)
	tn.refreshNow(two, "still there")
	tn.reaches(two, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.checkToken(two)
}

// TestEarlierLogins: where X lets an account's earlier logins live on, none of them
// outlives the connection.
func TestEarlierLogins(t *testing.T) {
	tn := newTenant(t)
	tn.x.SetPolicies(xsim.Policies{KeepEarlierLogins: true})
	defer tn.x.SetPolicies(xsim.Policies{})
	conn := tn.connect("agent", "returning")
	for _, request := range []string{"once", "twice"} {
		tn.alter(conn, func(conn *v1alpha1.XConnection) {
			metav1.SetMetaDataAnnotation(&conn.ObjectMeta, v1alpha1.AnnotationReconnectRequestedAt, request)
		})
		tn.consent(conn, xsim.Choice{Account: "returning"})
		tn.eventually("waiting for the reconnect", conn, func(conn *v1alpha1.XConnection) bool {
			return conn.Status.LastHandledReconnectAt == request
		})
	}
	tn.checkToken(conn)
	if err := tn.plane.Client().Delete(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	tn.gone(conn)
	for _, record := range tn.tokensOf() {
		if record.Alive && record.Kind == xsim.KindRefresh {
			t.Errorf("a refresh token outlives the connection: %+v", record)
		}
	}
}
