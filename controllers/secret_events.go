// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/agentconnect/x-operator/internal/grant"
)

// secretChanged enqueues the connections that a Secret is of, but for the echo of a
// pass's own write: a pass goes on after a write until nothing is left to do, or comes
// again by itself if it fails. One that a person just consented to goes before all
// others: that person waits.
func (r *XConnectionReconciler) secretChanged() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	ordinary := handler.EnqueueRequestsFromMapFunc(r.secretToConnections)
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) {
			if !r.isEcho(e.Object) {
				ordinary.Create(ctx, e, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) {
			// What was written of it counts no more, whether or not the cache ever showed it.
			r.tokens.Forget(client.ObjectKeyFromObject(e.Object))
			ordinary.Delete(ctx, e, q)
		},
		GenericFunc: ordinary.Generic,
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			if r.isEcho(e.ObjectNew) {
				return
			}
			before, after, isGrant := grantsOf(e)
			if isGrant && grant.ConsentMoved(before, after) {
				r.personSeen()
			}
			prioritized, ok := q.(priorityqueue.PriorityQueue[reconcile.Request])
			if !ok || !isGrant || !grant.Consented(before, after) {
				ordinary.Update(ctx, e, q)
				return
			}
			priority := priorityPeople
			prioritized.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, r.secretToConnections(ctx, e.ObjectNew)...)
		},
	}
}

// isEcho tells whether what the cache shows of a Secret is what a pass wrote, or was
// there before that. What anybody else writes, the consent door of this process
// included, is news.
func (r *XConnectionReconciler) isEcho(object client.Object) bool {
	key, version := client.ObjectKeyFromObject(object), object.GetResourceVersion()
	stored, ok := object.(*corev1.Secret)
	if !ok || stored.Namespace != r.Store.Namespace {
		return r.tokens.Shows(key, version)
	}
	r.Store.Shows(stored)
	return r.grants.Shows(key, version)
}

// grantsOf are the two versions of a grant Secret, if that is what changed.
func grantsOf(e event.UpdateEvent) (before, after *corev1.Secret, isGrant bool) {
	before, okBefore := e.ObjectOld.(*corev1.Secret)
	after, okAfter := e.ObjectNew.(*corev1.Secret)
	return before, after, okBefore && okAfter && after.Labels[grant.LabelGrant] != ""
}
