// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestEchoes: what a pass wrote is an echo once; what others wrote never is.
func TestEchoes(t *testing.T) {
	at := func(name, version string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, ResourceVersion: version}}
	}
	var all echoes
	all.note(client.ObjectKeyFromObject(at("token", "7")), "7")
	for _, look := range []struct {
		what   string
		object *corev1.Secret
		want   bool
	}{
		{"another Secret of that version", at("other", "7"), false},
		{"an earlier version", at("token", "6"), false},
		{"what was written", at("token", "7"), true},
		{"it comes again", at("token", "7"), false},
		{"nothing noted, and no version", at("unknown", ""), false},
	} {
		if got := all.take(look.object); got != look.want {
			t.Errorf("%s is an echo: %v", look.what, got)
		}
	}
	all.note(client.ObjectKeyFromObject(at("token", "8")), "8")
	all.forget(client.ObjectKeyFromObject(at("token", "8")))
	if all.take(at("token", "8")) {
		t.Error("what was forgotten is an echo")
	}
}
