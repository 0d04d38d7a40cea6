// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/controllers"
)

// untouched is the transformation that comes after.
func untouched(object any) (any, error) { return object, nil }

func TestTrimAuthored(t *testing.T) {
	long := strings.Repeat("x", 250<<10)
	authored := metav1.ObjectMeta{
		Name: "support",
		Annotations: map[string]string{
			"example.com/junk": long, corev1.LastAppliedConfigAnnotation: "{}",
			v1alpha1.AnnotationReconnectRequestedAt: "now", v1alpha1.AnnotationRefreshRequestedAt: long,
		},
		Labels: map[string]string{"team": "a", v1alpha1.LabelOrigin: v1alpha1.LabelOriginAgent},
	}
	want := metav1.ObjectMeta{
		Name: "support",
		Annotations: map[string]string{
			v1alpha1.AnnotationReconnectRequestedAt: "now", v1alpha1.AnnotationRefreshRequestedAt: controllers.Digested(long),
		},
		Labels: map[string]string{v1alpha1.LabelOrigin: v1alpha1.LabelOriginAgent},
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
		if diff := cmp.Diff(test.want, transformed(t, trimmed(trimToken, untouched), stored).Data); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
	}
}

func TestTrimApp(t *testing.T) {
	stored := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"junk": "x"}, Labels: map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue}},
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
