// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// The cache indexes of XPosts.
const (
	// indexConnection is by the XConnection that publishes.
	indexConnection = "connection"
	// indexPostID is by the ids at X.
	indexPostID = "postID"
	// indexUnsettled is by the account at X, for those alone whose last attempt is not
	// settled.
	indexUnsettled = "unsettled"
)

// SetupWithManager registers the reconciler.
func (r *XPostReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager) error {
	if err := indexPosts(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	err := ctrl.NewControllerManagedBy(mgr).
		Named("xpost").
		For(&v1alpha1.XPost{}, builder.WithPredicates(connectionChanged{})).
		Watches(&v1alpha1.XConnection{}, handler.EnqueueRequestsFromMapFunc(r.connectionToPosts), builder.WithPredicates(standingChanged{})).
		Watches(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.namespaceToPosts), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.Func(r.takeQueue)).
		WatchesRawSource(source.Channel(r.Late, waiting(r, func() client.ObjectList { return &v1alpha1.XPostList{} }, each))).
		// No warm-up: the queue of a replica that waits for the leadership would keep the name of
		// each XPost that ever came and went. Its cache is filled all the same, for the indexes.
		WithOptions(controller.Options{MaxConcurrentReconciles: r.Workers}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the XPost controller: %w", err)
	}
	return nil
}

// takeQueue gives the lanes the queue, to wake who waits.
func (r *XPostReconciler) takeQueue(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	r.lanes.wakeBy(queue.Add)
	return nil
}

// postIndexes give an XPost's values in each index.
var postIndexes = map[string]func(*v1alpha1.XPost) []string{
	indexConnection: func(post *v1alpha1.XPost) []string { return []string{post.Spec.ConnectionRef.Name} },
	indexPostID: func(post *v1alpha1.XPost) []string {
		var ids []string
		for _, published := range post.Status.Posts {
			ids = append(ids, published.ID)
		}
		return ids
	},
	indexUnsettled: unsettledAccount,
}

func indexPosts(ctx context.Context, indexer client.FieldIndexer) error {
	for name, values := range postIndexes {
		err := indexer.IndexField(ctx, &v1alpha1.XPost{}, name, func(object client.Object) []string {
			return values(object.(*v1alpha1.XPost))
		})
		if err != nil {
			return fmt.Errorf("indexing XPosts by %s: %w", name, err)
		}
	}
	return nil
}

// standingChanged lets through what decides on whether a connection can publish: its
// spec and its status, but no echo of a finalizer or an annotation.
type standingChanged struct{ predicate.Funcs }

// Update implements predicate.Predicate.
func (standingChanged) Update(e event.UpdateEvent) bool {
	before, okBefore := e.ObjectOld.(*v1alpha1.XConnection)
	after, okAfter := e.ObjectNew.(*v1alpha1.XConnection)
	return okBefore && okAfter && (before.Generation != after.Generation ||
		before.Status.Rotation != after.Status.Rotation || // Each refresh: compared before the dear rest.
		!before.DeletionTimestamp.Equal(after.DeletionTimestamp) ||
		!equality.Semantic.DeepEqual(before.Status, after.Status))
}

// connectionToPosts maps a connection to the XPosts that are not done with it, or are
// to go some day: another shard of the operator may have to see to that now.
func (r *XPostReconciler) connectionToPosts(ctx context.Context, object client.Object) []reconcile.Request {
	return r.unfinished(ctx, client.InNamespace(object.GetNamespace()), client.MatchingFields{indexConnection: object.GetName()})
}

func (r *XPostReconciler) namespaceToPosts(ctx context.Context, object client.Object) []reconcile.Request {
	return r.unfinished(ctx, client.InNamespace(object.GetName()))
}

func (r *XPostReconciler) unfinished(ctx context.Context, which ...client.ListOption) []reconcile.Request {
	var list v1alpha1.XPostList
	if !listed(ctx, r.List(ctx, &list, append(which, client.UnsafeDisableDeepCopy)...)) {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		post := &list.Items[i]
		if !post.Complete() || !post.DeletionTimestamp.IsZero() || post.Spec.TTLSecondsAfterFinished != nil {
			requests = append(requests, requestOf(post))
		}
	}
	return requests
}
