// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"slices"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestLife walks a connection from apply to revocation.
func TestLife(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent")

	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	page := tn.consent(conn, xsim.Choice{Account: "jane_doe"})
	if page.Status != 200 {
		t.Fatalf("the result page has the status %d: %s", page.Status, page.Body)
	}
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	status := conn.Status
	if !status.Connected || status.Username != "jane_doe" || status.UserID == "" || status.AuthorizeURL != "" || status.Rotation != 1 {
		t.Errorf("after the consent the status is %+v", status)
	}
	if left := status.TokenExpiresAt.Sub(status.ConnectedAt.Time); left != 2*time.Hour {
		t.Errorf("the token lives %s", left)
	}
	first := tn.checkToken(conn)

	tn.refreshNow(conn, "please")
	if conn.Status.Rotation != 2 {
		t.Errorf("after a refresh the rotation is %d", conn.Status.Rotation)
	}
	if second := tn.checkToken(conn); second == first {
		t.Error("the token Secret holds the old token after a refresh")
	}

	if err := tn.plane.Client().Delete(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	tn.gone(conn)
	for _, record := range tn.tokensOf() {
		if record.Alive && record.Kind == xsim.KindRefresh {
			t.Errorf("a refresh token is alive at X after the deletion: %+v", record)
		}
		if record.Replays > 0 {
			t.Errorf("a refresh token was replayed: %+v", record)
		}
	}
}

// checkToken checks the token Secret against X's books, and gives the token.
func (tn *tenant) checkToken(conn *v1alpha1.XConnection) string {
	tn.t.Helper()
	token := tn.token(conn)
	value := string(token.Data[v1alpha1.TokenKeyAccessToken])
	alive := slices.ContainsFunc(tn.x.Books().Tokens, func(record xsim.TokenRecord) bool {
		return record.Kind == xsim.KindAccess && record.Alive && record.Hash == xsim.Hash(value)
	})
	switch {
	case !alive:
		tn.t.Error("the token Secret does not hold a token that is alive at X")
	case token.Type != v1alpha1.SecretTypeToken:
		tn.t.Errorf("the token Secret has the type %s", token.Type)
	case !metav1.IsControlledBy(token, conn):
		tn.t.Error("the token Secret is not owned by its XConnection")
	case len(token.Data) != 6 || string(token.Data[v1alpha1.TokenKeyUserID]) != conn.Status.UserID:
		tn.t.Errorf("the token Secret holds %d keys", len(token.Data))
	case token.Annotations[v1alpha1.AnnotationRotation] != strconv.FormatInt(conn.Status.Rotation, 10):
		tn.t.Errorf("the token Secret is of the rotation %s", token.Annotations[v1alpha1.AnnotationRotation])
	}
	return value
}

// refreshNow asks for a refresh and waits until it was made.
func (tn *tenant) refreshNow(conn *v1alpha1.XConnection, request string) {
	tn.t.Helper()
	tn.alter(conn, func(conn *v1alpha1.XConnection) {
		metav1.SetMetaDataAnnotation(&conn.ObjectMeta, v1alpha1.AnnotationRefreshRequestedAt, request)
	})
	tn.eventually("waiting for the requested refresh", conn, func(conn *v1alpha1.XConnection) bool {
		return conn.Status.LastHandledRefreshAt == request
	})
}
