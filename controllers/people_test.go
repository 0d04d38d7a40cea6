// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/agentconnect/x-operator/internal/grant"
)

// TestPeopleGoFirst: a consent goes before tokens that are about to end, and a refresh
// that another process stored does not.
func TestPeopleGoFirst(t *testing.T) {
	stored := func(name, tokens, consent string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "home", Name: "grant-" + name, ResourceVersion: tokens + consent,
				Labels:      map[string]string{grant.LabelGrant: "true"},
				Annotations: map[string]string{grant.AnnotationNamespace: "team", grant.AnnotationName: name},
			},
			Data: map[string][]byte{"tokens": []byte(tokens), "consent": []byte(consent)},
		}
	}
	r := &XConnectionReconciler{Store: &grant.Store{Namespace: "home"}}
	queue := priorityqueue.New[reconcile.Request]("people-go-first")
	defer queue.ShutDown()
	urgent := priorityUrgent
	queue.AddWithOpts(priorityqueue.AddOpts{Priority: &urgent}, requestFor("team", "urgent")...)
	r.secretChanged().Update(t.Context(), event.UpdateEvent{ObjectOld: stored("refreshed", "1", "1"), ObjectNew: stored("refreshed", "2", "1")}, queue)
	r.secretChanged().Update(t.Context(), event.UpdateEvent{ObjectOld: stored("consented", "1", "1"), ObjectNew: stored("consented", "2", "2")}, queue)
	for _, want := range []string{"consented", "urgent", "refreshed"} {
		got, priority, _ := queue.GetWithPriority()
		if got.Name != want {
			t.Errorf("%q, of priority %d, comes before %q", got.Name, priority, want)
		}
		queue.Done(got)
	}
}
