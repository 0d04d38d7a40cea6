// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// waiting enqueues all objects of a list, for when the time of day leapt: the timers of
// those that wait for one did not notice.
func waiting(reader client.Reader, empty func() client.ObjectList, which func(client.Object) bool) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
		list := empty()
		if !listed(ctx, reader.List(ctx, list, client.UnsafeDisableDeepCopy)) {
			return nil
		}
		var requests []reconcile.Request
		err := meta.EachListItem(list, func(item runtime.Object) error {
			if object, ok := item.(client.Object); ok && which(object) {
				requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
			}
			return nil
		})
		if !listed(ctx, err) {
			return nil
		}
		return requests
	})
}

func each(client.Object) bool { return true }
