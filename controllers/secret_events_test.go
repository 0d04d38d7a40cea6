// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
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
	r := &XConnectionReconciler{Store: &grant.Store{Namespace: "home"}, Now: func() time.Time { return someTime }}
	queue := priorityqueue.New[reconcile.Request]("people-go-first")
	defer queue.ShutDown()
	urgent := priorityUrgent
	queue.AddWithOpts(priorityqueue.AddOpts{Priority: &urgent}, requestFor("team", "urgent")...)
	r.secretChanged().Update(t.Context(), event.UpdateEvent{ObjectOld: stored("refreshed", "1", "1"), ObjectNew: stored("refreshed", "2", "1")}, queue)
	if r.personUntil.Load() != 0 {
		t.Error("a refresh is taken for a person's consent")
	}
	r.secretChanged().Update(t.Context(), event.UpdateEvent{ObjectOld: stored("consented", "1", "1"), ObjectNew: stored("consented", "2", "2")}, queue)
	if r.personUntil.Load() != someTime.Add(personTime).UnixNano() {
		t.Error("a person's consent is not noticed")
	}
	for _, want := range []string{"consented", "urgent", "refreshed"} {
		got, priority, _ := queue.GetWithPriority()
		if got.Name != want {
			t.Errorf("%q, of priority %d, comes before %q", got.Name, priority, want)
		}
		queue.Done(got)
	}
}

// What a pass wrote wakes no other pass; what others did to it does, and the memory of
// it does not hide that.
func TestEchoesWakeNobody(t *testing.T) {
	owned := true
	at := func(version string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: "team", Name: "agent-x-token", ResourceVersion: version,
			OwnerReferences: []metav1.OwnerReference{{Kind: "XConnection", Name: "agent", Controller: &owned}},
		}}
	}
	r := &XConnectionReconciler{Store: &grant.Store{Namespace: "home"}}
	queue := priorityqueue.New[reconcile.Request]("echoes-wake-nobody")
	defer queue.ShutDown()
	events := r.secretChanged()
	update := func(version string) {
		events.Update(t.Context(), event.UpdateEvent{ObjectOld: at("1"), ObjectNew: at(version)}, queue)
	}
	key := client.ObjectKeyFromObject(at("1"))
	woken := func(want int, what string) {
		t.Helper()
		if got := queue.Len(); got != want {
			t.Errorf("%s: %d objects are enqueued, want %d", what, got, want)
		}
		for range queue.Len() {
			item, _, _ := queue.GetWithPriority()
			queue.Done(item)
		}
	}
	r.tokens.Begin(key)
	update("7")
	r.tokens.End(key, "7", at("7"))
	woken(0, "the echo before the answer")
	r.tokens.Begin(key)
	r.tokens.End(key, "8", at("8"))
	events.Create(t.Context(), event.CreateEvent{Object: at("8")}, queue)
	woken(0, "the echo after the answer")
	update("9")
	woken(1, "another's write")
	r.tokens.Begin(key)
	r.tokens.End(key, "10", at("10"))
	events.Delete(t.Context(), event.DeleteEvent{Object: at("9")}, queue)
	woken(1, "a deletion")
	if _, found := r.tokens.Newer(key, ""); found {
		t.Error("what was deleted counts as there")
	}
}
