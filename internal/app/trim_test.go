// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/controllers"
	"github.com/agentconnect/x-operator/internal/partial"
)

// untouched is the transformation that comes after.
func untouched(object any) (any, error) { return object, nil }

func TestTrimAuthored(t *testing.T) {
	long := strings.Repeat("x", 250<<10)
	authored := metav1.ObjectMeta{
		Name: "support",
		Annotations: map[string]string{
			"example.com/junk": long, corev1.LastAppliedConfigAnnotation: "{}", "x.agentconnect.dev/junk": "x",
			v1alpha1.AnnotationReconnectRequestedAt: "now", v1alpha1.AnnotationRefreshRequestedAt: long,
			v1alpha1.AnnotationApprovedGeneration: "2", v1alpha1.AnnotationRejectedGeneration: "1",
		},
		Labels:          map[string]string{"team": "a", v1alpha1.LabelOrigin: v1alpha1.LabelOriginAgent},
		OwnerReferences: []metav1.OwnerReference{{Name: "somebody"}},
		Finalizers:      []string{v1alpha1.FinalizerRevoke, "example.com/keep"},
	}
	want := metav1.ObjectMeta{
		Name: "support",
		Annotations: map[string]string{
			v1alpha1.AnnotationReconnectRequestedAt: "now", v1alpha1.AnnotationRefreshRequestedAt: controllers.Digested(long),
			v1alpha1.AnnotationApprovedGeneration: "2", v1alpha1.AnnotationRejectedGeneration: "1",
		},
		Labels:     map[string]string{v1alpha1.LabelOrigin: v1alpha1.LabelOriginAgent},
		Finalizers: authored.Finalizers,
	}
	conn, post := &v1alpha1.XConnection{ObjectMeta: *authored.DeepCopy()}, &v1alpha1.XPost{ObjectMeta: authored}
	transform := trimmed(trimAuthored, untouched)
	if diff := cmp.Diff(want, transformed(t, transform, conn).ObjectMeta); diff != "" {
		t.Error("the XConnection (-want +got):", diff)
	}
	if diff := cmp.Diff(want, transformed(t, transform, post).ObjectMeta); diff != "" {
		t.Error("the XPost (-want +got):", diff)
	}
	if digest := want.Annotations[v1alpha1.AnnotationRefreshRequestedAt]; controllers.Digested(digest) != digest {
		t.Error("what is read from the cache is not what is read from the object")
	}
	transformed(t, transform, cache.DeletedFinalStateUnknown{Key: "a/b"})
}

// Finalizers by the thousand do not fill memory, and are not lost either: the object is
// marked, also if it comes twice, as all do that client-go lists.
func TestTrimFinalizers(t *testing.T) {
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Finalizers: []string{"example.com/first", v1alpha1.FinalizerRevoke}}}
	for i := range 1000 {
		conn.Finalizers = append(conn.Finalizers, fmt.Sprintf("x.agentconnect.dev/junk-%d", i))
	}
	trim := transformed(t, trimmed(trimAuthored, untouched), conn)
	trim = transformed(t, trimmed(trimAuthored, untouched), trim)
	if !slices.Equal(trim.Finalizers, []string{v1alpha1.FinalizerRevoke}) || !partial.Is(trim) {
		t.Errorf("kept are %q, marked is %t", trim.Finalizers, partial.Is(trim))
	}
}

// Of a workload, whatever its kind, it is kept that it is there.
func TestTrimWorkload(t *testing.T) {
	workload := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team", Name: "agent", UID: "1", ResourceVersion: "2",
		Annotations: map[string]string{"junk": "x"}, Labels: map[string]string{"junk": "x"}, Finalizers: []string{"junk"},
		OwnerReferences: []metav1.OwnerReference{{Name: "junk"}},
	}}
	want := metav1.ObjectMeta{Namespace: "team", Name: "agent", UID: "1", ResourceVersion: "2"}
	for name, leaveOut := range map[string]func(any){"any": trimWorkload, "a Secret": trimToken} {
		if diff := cmp.Diff(want, transformed(t, trimmed(leaveOut, untouched), workload.DeepCopy()).ObjectMeta); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

// What others put on a token Secret stays there, and is held in memory only while it is
// small.
func TestTrimOthersOfToken(t *testing.T) {
	kept := map[string]string{v1alpha1.LabelToken: v1alpha1.LabelTokenValue, "app.kubernetes.io/managed-by": "x-operator"}
	for size, marked := range map[int]bool{1: false, 250 << 10: true} {
		stored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{"team": "a"},
			Annotations: map[string]string{"example.com/note": strings.Repeat("x", size), v1alpha1.AnnotationRotation: "3"},
			OwnerReferences: []metav1.OwnerReference{
				{Name: "somebody"}, {Name: "agent", Controller: ptr.To(true)},
			},
		}}
		maps.Copy(stored.Labels, kept)
		trim := transformed(t, trimmed(trimToken, untouched), stored)
		trim = transformed(t, trimmed(trimToken, untouched), trim)
		if partial.Is(trim) != marked || (trim.Labels["team"] == "") != marked || (trim.Annotations["example.com/note"] == "") != marked {
			t.Errorf("%d bytes: marked is %t, kept are %q, %d annotations", size, partial.Is(trim), trim.Labels, len(trim.Annotations))
		}
		if trim.Annotations[v1alpha1.AnnotationRotation] != "3" || trim.Labels["app.kubernetes.io/managed-by"] == "" ||
			trim.Labels[v1alpha1.LabelToken] == "" || metav1.GetControllerOf(trim) == nil {
			t.Errorf("%d bytes: our own is lost: %+v", size, trim.ObjectMeta)
		}
	}
}

func TestTrimToken(t *testing.T) {
	tokens := func() map[string][]byte {
		return map[string][]byte{v1alpha1.TokenKeyAccessToken: []byte("access"), v1alpha1.TokenKeyExpiresAt: []byte("later")}
	}
	for name, test := range map[string]struct {
		add  map[string][]byte
		want map[string][]byte
	}{
		"as it was written": {nil, tokens()},
		"something else":    {map[string][]byte{"junk": []byte("x")}, map[string][]byte{otherData: nil, v1alpha1.TokenKeyAccessToken: []byte("access"), v1alpha1.TokenKeyExpiresAt: []byte("later")}},
		"a value of a megabyte": {
			map[string][]byte{v1alpha1.TokenKeyAccessToken: bytes.Repeat([]byte("x"), 1<<20)},
			map[string][]byte{otherData: nil, v1alpha1.TokenKeyExpiresAt: []byte("later")},
		},
	} {
		stored := &corev1.Secret{Data: tokens()}
		for key, value := range test.add {
			stored.Data[key] = value
		}
		for range 2 {
			stored = transformed(t, trimmed(trimToken, untouched), stored)
		}
		if diff := cmp.Diff(test.want, stored.Data); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

func TestTrimApp(t *testing.T) {
	stored := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Annotations: map[string]string{"junk": "x"}, Labels: map[string]string{"junk": "x", v1alpha1.LabelApp: v1alpha1.LabelAppValue},
			Finalizers: []string{"junk"}, OwnerReferences: []metav1.OwnerReference{{Name: "junk"}},
		},
		Data: map[string][]byte{
			v1alpha1.AppKeyClientID: []byte("client"), v1alpha1.AppKeyClientSecret: bytes.Repeat([]byte("x"), 1<<20), "junk": []byte("x"),
		},
	}
	want := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue}},
		Data:       map[string][]byte{v1alpha1.AppKeyClientID: []byte("client"), v1alpha1.AppKeyClientSecret: bytes.Repeat([]byte("x"), longestValue)},
	}
	if diff := cmp.Diff(want, transformed(t, trimmed(trimApp, untouched), stored)); diff != "" {
		t.Error("(-want +got):", diff)
	}
}
