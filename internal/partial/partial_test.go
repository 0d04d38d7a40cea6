// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package partial_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/internal/partial"
)

func TestWhole(t *testing.T) {
	api := fake.NewClientBuilder().WithObjects(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "token", UID: "1", Labels: map[string]string{"junk": "x"}},
	}).Build()
	cached := &corev1.Secret{}
	if err := api.Get(t.Context(), client.ObjectKey{Namespace: "team", Name: "token"}, cached); err != nil {
		t.Fatal(err)
	}
	if whole, err := partial.Whole(t.Context(), nil, cached); err != nil || whole != cached {
		t.Errorf("a whole object gives %v (%v)", whole, err)
	}
	cached.Labels = nil
	partial.Mark(cached)
	whole, err := partial.Whole(t.Context(), api, cached)
	if err != nil || whole.Labels["junk"] != "x" || partial.Is(whole) || !partial.Is(cached) {
		t.Errorf("an object in part gives %v (%v)", whole, err)
	}
	for name, change := range map[string]func(*corev1.Secret){
		"another version": func(cached *corev1.Secret) { cached.ResourceVersion = "1" },
		"another object":  func(cached *corev1.Secret) { cached.UID = "2" },
	} {
		changed := cached.DeepCopy()
		change(changed)
		if _, err := partial.Whole(t.Context(), api, changed); !apierrors.IsConflict(err) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	cached.Name = "gone"
	if _, err := partial.Whole(t.Context(), api, cached); !apierrors.IsNotFound(err) {
		t.Errorf("one that is gone: the error is %v", err)
	}
}
