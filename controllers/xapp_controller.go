// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/outcome"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// countDelay gathers the coming and going of connections: many are applied at
// once, and the count is for people.
const countDelay = 3 * time.Second

// XAppReconciler keeps the status of XApps.
type XAppReconciler struct {
	client.Client
	Gate      *redeem.Gate
	Pacer     *pace.Pacer
	Address   seal.Address
	Namespace string
	Recorder  events.EventRecorder
	Now       func() time.Time
	// Shard is true if this process sees some of the connections only: it can't count
	// them, and several would write what each counts.
	Shard bool
	// Changed is sent to when X's opinion of some app changed.
	Changed <-chan event.GenericEvent

	// limitsWritten is when the limits in an XApp's status were last written, by name.
	// One pass runs at a time.
	limitsWritten map[string]time.Time
}

// SetupWithManager registers the reconciler.
func (r *XAppReconciler) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("xapp").
		For(&v1alpha1.XApp{}, builder.WithPredicates(specChanged())).
		Watches(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.secretToXApps)).
		Watches(&v1alpha1.XConnection{}, r.countLater()).
		WatchesRawSource(source.Channel(r.Changed, handler.EnqueueRequestsFromMapFunc(r.all))).
		WithOptions(controller.Options{EnableWarmup: ptr.To(true)}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the XApp controller: %w", err)
	}
	return nil
}

// Reconcile brings one XApp's status up to date. It comes again by itself, since
// nothing tells of limits.
func (r *XAppReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	xapp := &v1alpha1.XApp{}
	if err := r.Get(ctx, request.NamespacedName, xapp); err != nil {
		delete(r.limitsWritten, request.Name)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := xapp.DeepCopy()
	clientID, creds, problem, err := xappCredentials(ctx, r.Client, r.Namespace, xapp)
	if err != nil {
		return ctrl.Result{}, err
	}
	problem = r.judgeXApp(xapp, creds, problem)
	count, err := r.count(ctx, xapp)
	if err != nil {
		return ctrl.Result{}, err
	}
	xapp.Status.ObservedGeneration = xapp.Generation
	xapp.Status.CallbackURL = r.Address.Callback()
	if !r.Shard {
		xapp.Status.Connections = count
	}
	xapp.Status.RateLimits = nextRateLimits(
		before.Status.RateLimits, rateLimitsFrom(r.Pacer.Days(clientID)), r.limitsWritten[xapp.Name], r.Now())
	r.setConditions(xapp, problem)
	return ctrl.Result{RequeueAfter: limitsLook}, r.writeStatus(ctx, before, xapp)
}

// judgeXApp finds what else than its Secret stands in the way of an app.
func (r *XAppReconciler) judgeXApp(xapp *v1alpha1.XApp, creds xapi.Credentials, problem *appProblem) *appProblem {
	if _, err := xapp.AllowsNamespace(nil); err != nil {
		return &appProblem{message: fmt.Sprintf("spec.allowedNamespaces.selector can't be read: %s", err), stalled: true}
	}
	if problem == nil && r.Gate.Look(creds) == redeem.HoldRefused {
		return &appProblem{message: outcome.OfKind(xapi.KindCredentials).Advice, stalled: true}
	}
	return problem
}

// writeStatus writes the status and its event, if anything changed. An object that is
// gone needs none.
func (r *XAppReconciler) writeStatus(ctx context.Context, before, after *v1alpha1.XApp) error {
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	if err := r.Status().Patch(ctx, after, client.MergeFrom(before)); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("writing the XApp's status: %w", err))
	}
	if !equality.Semantic.DeepEqual(before.Status.RateLimits, after.Status.RateLimits) {
		if r.limitsWritten == nil {
			r.limitsWritten = map[string]time.Time{}
		}
		r.limitsWritten[after.Name] = r.Now()
	}
	r.notify(before, after)
	return nil
}

func (r *XAppReconciler) setConditions(xapp *v1alpha1.XApp, problem *appProblem) {
	c := conditions{list: &xapp.Status.Conditions, generation: xapp.Generation, now: r.Now()}
	if problem == nil {
		c.set(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAvailable, "The credentials are there, and X is not known to refuse them")
		c.setAbnormal(v1alpha1.ConditionStalled, false, "", "")
		return
	}
	message := capital(problem.message)
	c.set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidConfig, message)
	c.setAbnormal(v1alpha1.ConditionStalled, problem.stalled, v1alpha1.ReasonInvalidConfig, message)
}

func (r *XAppReconciler) notify(before, after *v1alpha1.XApp) {
	old := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	ready := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady)
	if old != nil && old.Status == ready.Status && old.Reason == ready.Reason {
		return
	}
	kind := corev1.EventTypeNormal
	if ready.Status == metav1.ConditionFalse {
		kind = corev1.EventTypeWarning
	}
	r.Recorder.Eventf(after, nil, kind, ready.Reason, "Reconcile", "%s", noteOf(ready.Message))
}

// count counts the connections that use the app. Who names none is counted once status says
// which one that is.
func (r *XAppReconciler) count(ctx context.Context, xapp *v1alpha1.XApp) (int32, error) {
	var list v1alpha1.XConnectionList
	if err := r.List(ctx, &list, client.MatchingFields{indexApp: xapp.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return 0, fmt.Errorf("counting the connections of the XApp: %w", err)
	}
	return int32(len(list.Items)), nil //nolint:gosec // A cluster holds far fewer than 2^31 objects.
}

func (r *XAppReconciler) secretToXApps(ctx context.Context, object client.Object) []reconcile.Request {
	if object.GetNamespace() != r.Namespace || object.GetLabels()[grant.LabelGrant] != "" {
		return nil
	}
	return r.xapps(ctx, func(xapp *v1alpha1.XApp) bool {
		return xapp.Spec.CredentialsSecretRef.Name == object.GetName()
	})
}

func (r *XAppReconciler) all(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.xapps(ctx, func(*v1alpha1.XApp) bool { return true })
}

func (r *XAppReconciler) xapps(ctx context.Context, which func(*v1alpha1.XApp) bool) []reconcile.Request {
	var list v1alpha1.XAppList
	if !listed(ctx, r.List(ctx, &list)) {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if which(&list.Items[i]) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

// countLater looks at the XApps a little after connections came, went or chose
// another app.
func (r *XAppReconciler) countLater() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	later := func(object client.Object, q queue) {
		conn, ok := object.(*v1alpha1.XConnection)
		if !ok || usedXApp(conn) == "" {
			return
		}
		q.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Name: usedXApp(conn)}}, countDelay)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { later(e.Object, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { later(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			before, wasOne := e.ObjectOld.(*v1alpha1.XConnection)
			after, isOne := e.ObjectNew.(*v1alpha1.XConnection)
			if wasOne && isOne && usedXApp(before) != usedXApp(after) {
				later(before, q)
				later(after, q)
			}
		},
	}
}
