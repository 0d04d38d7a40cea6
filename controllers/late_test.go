// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// TestWaiting: when the time of day leapt, all that may wait for one is looked at.
func TestWaiting(t *testing.T) {
	secretOf := func(name string) client.Object {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "operator", Name: name}}
	}
	api := fake.NewClientBuilder().WithObjects(secretOf("one"), secretOf("two"), secretOf("other")).Build()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	handler := waiting(api, func() client.ObjectList { return &corev1.SecretList{} }, func(object client.Object) bool { return object.GetName() != "other" })
	handler.Generic(t.Context(), event.GenericEvent{}, queue)
	got := map[string]bool{}
	for range queue.Len() {
		request, _ := queue.Get()
		got[request.Name] = true
	}
	if len(got) != 2 || !got["one"] || !got["two"] {
		t.Errorf("looked at are %v", got)
	}
}
