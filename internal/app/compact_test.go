// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// of gives texts memory of their own, as decoders do.
func of(text string) string { return string([]byte(text)) }

// memoryOf is where a text is.
func memoryOf(text string) *byte { return unsafe.StringData(text) } //nolint:gosec // It is only compared.

func cachedSecret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       of("team-a"),
			Name:            of("support-token"),
			Labels:          map[string]string{of("kind"): of("token")},
			Annotations:     map[string]string{of("rotation"): of("3")},
			Finalizers:      []string{of("finalizer")},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: of("v1"), Kind: of("Owner"), Name: of("support")}},
		},
		Data: map[string][]byte{of("access-token"): []byte("a"), of("expires-at"): []byte("b")},
	}
}

func cachedConnection() *v1alpha1.XConnection {
	conn := &v1alpha1.XConnection{
		TypeMeta:   metav1.TypeMeta{APIVersion: of("v1"), Kind: of("XConnection")},
		ObjectMeta: metav1.ObjectMeta{Namespace: of("team-a"), Name: of("support"), Annotations: map[string]string{of("note"): of("1")}},
	}
	conn.Status.Conditions = []metav1.Condition{{Type: of("Ready"), Status: metav1.ConditionStatus(of("True")), Reason: of("Connected"), Message: of("all is well")}}
	return conn
}

func transformed[T any](t *testing.T, transform toolscache.TransformFunc, object T) T {
	t.Helper()
	got, err := transform(object)
	if err != nil {
		t.Fatal(err)
	}
	return got.(T)
}

func TestCompactKeepsWhatCounts(t *testing.T) {
	transform := compact()
	stored, conn := cachedSecret(), cachedConnection()
	stored.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	conn.ManagedFields = stored.ManagedFields
	if diff := cmp.Diff(cachedSecret(), transformed(t, transform, stored)); diff != "" {
		t.Error("the Secret (-want +got):", diff)
	}
	if diff := cmp.Diff(cachedConnection(), transformed(t, transform, conn)); diff != "" {
		t.Error("the XConnection (-want +got):", diff)
	}
}

func TestCompactSharesWhatIsRepeated(t *testing.T) {
	transform := compact()
	a, b := transformed(t, transform, cachedSecret()), transformed(t, transform, cachedSecret())
	keyA, keyB := map[*byte]bool{}, map[*byte]bool{}
	for key := range a.Data {
		keyA[memoryOf(key)] = true
	}
	for key := range b.Data {
		keyB[memoryOf(key)] = true
	}
	if len(keyA) != 2 || !maps.Equal(keyA, keyB) {
		t.Error("keys of data have memory of their own:", keyA, keyB)
	}
	first, second := transformed(t, transform, cachedConnection()), transformed(t, transform, cachedConnection())
	for what, pair := range map[string][2]string{
		"labels":     {a.Labels["kind"], b.Labels["kind"]},
		"namespaces": {a.Namespace, first.Namespace},
		"owners":     {a.OwnerReferences[0].Kind, b.OwnerReferences[0].Kind},
		"kinds":      {first.Kind, second.Kind},
		"reasons":    {first.Status.Conditions[0].Reason, second.Status.Conditions[0].Reason},
	} {
		if memoryOf(pair[0]) != memoryOf(pair[1]) {
			t.Error(what, "have memory of their own")
		}
	}
}

func TestCompactLeavesTombstonesAlone(t *testing.T) {
	tombstone := toolscache.DeletedFinalStateUnknown{Key: "team-a/support"}
	if diff := cmp.Diff(tombstone, transformed(t, compact(), tombstone)); diff != "" {
		t.Error("(-want +got):", diff)
	}
}

func TestSharingIsBounded(t *testing.T) {
	c := compactor{shared: map[string]string{}}
	for i := range 2 * mostShared {
		c.share(string(rune(i + 1)))
	}
	if len(c.shared) != mostShared {
		t.Errorf("%d texts are remembered", len(c.shared))
	}
}
