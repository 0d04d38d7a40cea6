// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// The cache indexes of XConnections and of their token Secrets.
const (
	// indexApp is by the XApp that is used, and by the empty name for those that name none.
	// Own connections are not in it.
	indexApp = "app"
	// indexAppSecret is by the Secret of an Own app.
	indexAppSecret = "appSecret"
	// indexAgent is by the workload: kind and name.
	indexAgent = "agent"
	// indexOddToken is of token Secrets that do not have the name that is the default, by
	// the uid of their XConnection. The others are found by name: a set of its own for
	// each would take more memory than the token.
	indexOddToken = "oddToken"
)

// SetupWithManager registers the reconciler. appSecrets is the cache of the
// labelled Secrets of Own apps.
func (r *XConnectionReconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, appSecrets cache.Cache) error {
	r.slots = newSlots(r.Workers)
	if err := indexConnections(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	built, err := ctrl.NewControllerManagedBy(mgr).
		Named("xconnection").
		For(&v1alpha1.XConnection{}, builder.WithPredicates(r.noticed())).
		Watches(&corev1.Secret{}, r.secretChanged()).
		Watches(&v1alpha1.XApp{}, handler.EnqueueRequestsFromMapFunc(r.xappToConnections), builder.WithPredicates(specChanged())).
		Watches(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.namespaceToConnections), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(source.Kind(appSecrets, &corev1.Secret{},
			handler.TypedEnqueueRequestsFromMapFunc(r.appSecretToConnections), predicate.TypedResourceVersionChangedPredicate[*corev1.Secret]{})).
		WatchesRawSource(source.Channel(r.Rekeyed, handler.EnqueueRequestsFromMapFunc(r.invited))).
		WatchesRawSource(source.Channel(r.Late, waiting(r, func() client.ObjectList { return &v1alpha1.XConnectionList{} }, each))).
		WithOptions(controller.Options{MaxConcurrentReconciles: r.Workers, EnableWarmup: ptr.To(true)}).
		Build(r)
	if err != nil {
		return fmt.Errorf("setting up the XConnection controller: %w", err)
	}
	r.Agents = &AgentWatcher{Reader: mgr.GetCache(), Watch: r.agentWatch(mgr, built)}
	return nil
}

func indexConnections(ctx context.Context, indexer client.FieldIndexer) error {
	indexes := map[string]func(*v1alpha1.XConnection) []string{
		indexApp: appsOf,
		indexAppSecret: func(conn *v1alpha1.XConnection) []string {
			if conn.Spec.AppSecretRef == nil {
				return nil
			}
			return []string{conn.Spec.AppSecretRef.Name}
		},
		indexAgent: func(conn *v1alpha1.XConnection) []string {
			if conn.Spec.AgentRef == nil {
				return nil
			}
			return []string{conn.Spec.AgentRef.Kind + "/" + conn.Spec.AgentRef.Name}
		},
	}
	for name, values := range indexes {
		err := indexer.IndexField(ctx, &v1alpha1.XConnection{}, name, func(object client.Object) []string {
			return values(object.(*v1alpha1.XConnection))
		})
		if err != nil {
			return fmt.Errorf("indexing XConnections by %s: %w", name, err)
		}
	}
	for name, of := range map[string]client.IndexerFunc{indexGrantee: granteeHashesOf, indexMoved: movedFor, indexOddToken: oddTokens} {
		if err := indexer.IndexField(ctx, &corev1.Secret{}, name, of); err != nil {
			return fmt.Errorf("indexing Secrets by %s: %w", name, err)
		}
	}
	return nil
}

// connectionChanged lets through what a pass acts on: a new spec, a new
// annotation, a deletion, a finalizer. The echo of a written status is none.
type connectionChanged struct{ predicate.Funcs }

// Update implements predicate.Predicate.
func (connectionChanged) Update(e event.UpdateEvent) bool {
	return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
		!equality.Semantic.DeepEqual(e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations()) ||
		!equality.Semantic.DeepEqual(e.ObjectOld.GetDeletionTimestamp(), e.ObjectNew.GetDeletionTimestamp()) ||
		len(e.ObjectOld.GetFinalizers()) > len(e.ObjectNew.GetFinalizers())
}

// noticed is connectionChanged, which tells besides what the cache shows of statuses.
func (r *XConnectionReconciler) noticed() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		r.statuses.Shows(client.ObjectKeyFromObject(e.ObjectNew), e.ObjectNew.GetResourceVersion())
		return connectionChanged{}.Update(e)
	}}
}

func specChanged() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
}

// secretToConnections maps the Secrets of the manager's cache: a grant to its
// owner, a token Secret to its owner, an XApp's Secret to all that use the app.
func (r *XConnectionReconciler) secretToConnections(ctx context.Context, object client.Object) []reconcile.Request {
	if object.GetNamespace() == r.Store.Namespace && object.GetLabels()[grant.LabelGrant] != "" {
		if !watched(r.Namespaces, object) {
			return nil
		}
		return requestFor(object.GetAnnotations()[grant.AnnotationNamespace], object.GetAnnotations()[grant.AnnotationName])
	}
	if owner := metav1.GetControllerOf(object); owner != nil && owner.Kind == "XConnection" {
		return requestFor(object.GetNamespace(), owner.Name)
	}
	if object.GetNamespace() != r.Store.Namespace {
		return nil
	}
	var xapps v1alpha1.XAppList
	if !listed(ctx, r.List(ctx, &xapps)) {
		return nil
	}
	var requests []reconcile.Request
	for i := range xapps.Items {
		if xapps.Items[i].Spec.CredentialsSecretRef.Name == object.GetName() {
			requests = append(requests, r.xappToConnections(ctx, &xapps.Items[i])...)
		}
	}
	return requests
}

// watched tells whether a grant's owner is in a namespace that this process
// watches: a cache can't even say of another that an object is not there.
func watched(namespaces []string, stored client.Object) bool {
	return len(namespaces) == 0 || slices.Contains(namespaces, stored.GetAnnotations()[grant.AnnotationNamespace])
}

// xappToConnections maps an XApp to the connections that use it, and to those that name
// none: it may be, or have been, the default one. Who is in both is looked at once.
func (r *XConnectionReconciler) xappToConnections(ctx context.Context, object client.Object) []reconcile.Request {
	return append(
		r.connections(ctx, client.MatchingFields{indexApp: object.GetName()}),
		r.connections(ctx, client.MatchingFields{indexApp: ""})...)
}

func (r *XConnectionReconciler) namespaceToConnections(ctx context.Context, object client.Object) []reconcile.Request {
	return r.connections(ctx, client.InNamespace(object.GetName()))
}

func (r *XConnectionReconciler) appSecretToConnections(ctx context.Context, stored *corev1.Secret) []reconcile.Request {
	return r.connections(ctx, client.InNamespace(stored.Namespace), client.MatchingFields{indexAppSecret: stored.Name})
}

func (r *XConnectionReconciler) connections(ctx context.Context, which ...client.ListOption) []reconcile.Request {
	var list v1alpha1.XConnectionList
	if !listed(ctx, r.List(ctx, &list, which...)) {
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, requestFor(list.Items[i].Namespace, list.Items[i].Name)...)
	}
	return requests
}

// listed tells whether a cache gave the objects that a change concerns. A mapping of
// events can't fail: what it misses is seen at the next resync alone, so the log says so.
func listed(ctx context.Context, err error) bool {
	if err != nil {
		log.FromContext(ctx).Error(err, "Objects that a change concerns can't be listed")
	}
	return err == nil
}

// invited gives the connections that show a link.
func (r *XConnectionReconciler) invited(ctx context.Context, _ client.Object) []reconcile.Request {
	var list v1alpha1.XConnectionList
	if !listed(ctx, r.List(ctx, &list)) {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if list.Items[i].Status.AuthorizeURL != "" {
			requests = append(requests, requestFor(list.Items[i].Namespace, list.Items[i].Name)...)
		}
	}
	return requests
}

func requestFor(namespace, name string) []reconcile.Request {
	if namespace == "" || name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}}
}

// agentWatch starts watches on the metadata of workloads.
func (r *XConnectionReconciler) agentWatch(mgr ctrl.Manager, built controller.Controller) func(schema.GroupVersionKind) error {
	return func(kind schema.GroupVersionKind) error {
		if _, err := mgr.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version); err != nil {
			return err
		}
		workload := &metav1.PartialObjectMetadata{}
		workload.SetGroupVersionKind(kind)
		toConnections := func(ctx context.Context, object *metav1.PartialObjectMetadata) []reconcile.Request {
			return r.connections(ctx, client.InNamespace(object.Namespace),
				client.MatchingFields{indexAgent: kind.Kind + "/" + object.Name})
		}
		// Only that a workload came or went matters, not what it does.
		comings := predicate.TypedFuncs[*metav1.PartialObjectMetadata]{
			UpdateFunc: func(event.TypedUpdateEvent[*metav1.PartialObjectMetadata]) bool { return false },
		}
		return built.Watch(source.Kind(mgr.GetCache(), workload,
			handler.TypedEnqueueRequestsFromMapFunc(toConnections), comings))
	}
}
