// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/agentconnect/x-operator/internal/grant"
)

// secretChanged enqueues the connections that a Secret is of, but for the echo of a
// pass's own write. One that a person just consented to goes before all others: that
// person waits.
func (r *XConnectionReconciler) secretChanged() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	ordinary := handler.EnqueueRequestsFromMapFunc(r.secretToConnections)
	return handler.Funcs{
		CreateFunc:  ordinary.Create,
		DeleteFunc:  ordinary.Delete,
		GenericFunc: ordinary.Generic,
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
			if stored, ok := e.ObjectNew.(*corev1.Secret); ok && r.isEcho(stored) {
				return
			}
			prioritized, ok := q.(priorityqueue.PriorityQueue[reconcile.Request])
			if !ok || !consented(e) {
				ordinary.Update(ctx, e, q)
				return
			}
			priority := priorityPeople
			prioritized.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, r.secretToConnections(ctx, e.ObjectNew)...)
		},
	}
}

func consented(e event.UpdateEvent) bool {
	before, okBefore := e.ObjectOld.(*corev1.Secret)
	after, okAfter := e.ObjectNew.(*corev1.Secret)
	return okBefore && okAfter && after.Labels[grant.LabelGrant] != "" && grant.Consented(before, after)
}
