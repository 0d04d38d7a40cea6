// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestMovedGrant: a restore tool makes the XConnection anew, under another uid. Its
// grant, once adopted, connects it without a person.
func TestMovedGrant(t *testing.T) {
	tn := newTenant(t)
	former := tn.connect("agent", "mover")
	tn.alterGrant(former, func(stored *corev1.Secret) { stored.Data["cluster"] = []byte("another") })
	tn.reaches(former, metav1.ConditionFalse, v1alpha1.ReasonInvalidConfig)
	if err := tn.plane.Client().Delete(t.Context(), former); err != nil {
		t.Fatal(err)
	}
	tn.gone(former)

	conn := tn.connection("agent")
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	system := &corev1.Namespace{}
	if err := tn.plane.Client().Get(t.Context(), types.NamespacedName{Name: "kube-system"}, system); err != nil {
		t.Fatal(err)
	}
	tn.alterGrant(former, func(stored *corev1.Secret) {
		metav1.SetMetaDataAnnotation(&stored.ObjectMeta, grant.AnnotationAdopt, string(system.UID))
	})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if conn.Status.Username != "mover" || conn.Status.AuthorizeURL != "" {
		t.Errorf("the status is %+v", conn.Status)
	}
	tn.gone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: grant.SecretName(former.UID)}})
	tn.checkToken(conn)
	tn.refreshNow(conn, "after the move")
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.checkToken(conn)
	for _, record := range tn.tokensOf() {
		if record.Replays > 0 {
			t.Errorf("a refresh token was replayed: %+v", record)
		}
	}
}

// TestUnreadableGrant: what can't be read is said, and nothing is done to it.
func TestUnreadableGrant(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "scribbler")
	var journal []byte
	tn.alterGrant(conn, func(stored *corev1.Secret) {
		journal = stored.Data["journal"]
		stored.Data["journal"] = []byte("{")
	})
	tn.says(conn, v1alpha1.ReasonInternalError, grant.SecretName(conn.UID))
	if !hasCondition(conn, v1alpha1.ConditionStalled) {
		t.Error("the connection is not Stalled")
	}
	tn.alterGrant(conn, func(stored *corev1.Secret) { stored.Data["journal"] = journal })
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if conn.Status.Rotation != 1 {
		t.Errorf("the rotation is %d: a token was spent", conn.Status.Rotation)
	}
}

// TestNewerGrant: after a downgrade the grants of the newer version are left alone, and
// that is said.
func TestNewerGrant(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "downgrader")
	schema := func(version string) func(*corev1.Secret) {
		return func(stored *corev1.Secret) { stored.Data["schema"] = []byte(version) }
	}
	tn.alterGrant(conn, schema("2"))
	tn.says(conn, v1alpha1.ReasonInternalError, "a newer version of the operator")
	tn.alterGrant(conn, schema("1"))
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestRenamedTokenSecret: the token moves with spec.tokenSecretName, and none stays
// behind.
func TestRenamedTokenSecret(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "renamer")
	former := tn.token(conn)
	// One of a yet earlier name, as if the operator had ended on its way.
	earlier := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: conn.Namespace, Name: "earlier", Labels: former.Labels, OwnerReferences: former.OwnerReferences,
		},
		Type: former.Type,
	}
	tn.create(earlier)
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.TokenSecretName = "renamed" })
	tn.gone(former)
	tn.gone(earlier)
	tn.eventually("waiting for the new name in status", conn, func(conn *v1alpha1.XConnection) bool {
		return conn.Status.TokenSecretRef != nil && conn.Status.TokenSecretRef.Name == "renamed"
	})
	tn.checkToken(conn)
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.State = v1alpha1.StateDisconnected })
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonDisconnected)
	tn.gone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: conn.Namespace, Name: "renamed"}})
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.State = v1alpha1.StateConnected })
	tn.consent(conn, xsim.Choice{Account: "renamer"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// alterGrant is an administrator's hand on a grant Secret.
func (tn *tenant) alterGrant(conn *v1alpha1.XConnection, change func(*corev1.Secret)) {
	tn.t.Helper()
	stored := &corev1.Secret{}
	key := types.NamespacedName{Namespace: operatorNamespace, Name: grant.SecretName(conn.UID)}
	if err := tn.plane.Client().Get(tn.t.Context(), key, stored); err != nil {
		tn.t.Fatal(err)
	}
	before := stored.DeepCopy()
	change(stored)
	if err := tn.plane.Client().Patch(tn.t.Context(), stored, client.MergeFrom(before)); err != nil {
		tn.t.Fatal(err)
	}
}
