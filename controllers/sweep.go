// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
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
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// orphanPatience is how long a grant whose owner does not exist is left alone.
	orphanPatience = time.Hour
	// tombstonePatience is how long X is asked to revoke what a tombstone holds.
	tombstonePatience = 24 * time.Hour
	// lastPatience is how long X is tried to be reached once more after that.
	lastPatience = time.Hour
	// tombstoneFirst and tombstoneMax bound the waits between the tries.
	tombstoneFirst = 30 * time.Second
	tombstoneMax   = time.Hour
)

// SweepReconciler ends the grants that no XConnection stands for any more: the
// tombstones of deleted ones, and orphans, whose finalizer somebody removed by
// hand. It reconciles grant Secrets.
type SweepReconciler struct {
	client.Client
	// Live reads from the API server: a cache that is filtered lacks what exists.
	Live     client.Reader
	Store    *grant.Store
	Redeemer *redeem.Redeemer
	Recorder events.EventRecorder
	Now      func() time.Time
	// Namespaces are those that are watched; empty: all.
	Namespaces []string
	// Shard is true if the cache has some of the connections only.
	Shard bool
	// NotRevoked is told of each set of tokens that X never revoked.
	NotRevoked func()
	// Late is sent to when the time of day leapt: what waits for a time is looked at anew.
	Late <-chan event.GenericEvent

	missing sightings[types.UID]
	// late is since when this process can't ask X for a tombstone whose time is over.
	late sightings[types.UID]
}

// SetupWithManager registers the reconciler.
func (r *SweepReconciler) SetupWithManager(mgr ctrl.Manager) error {
	grants := func(object client.Object) bool {
		return object.GetNamespace() == r.Store.Namespace && object.GetLabels()[grant.LabelGrant] != "" && watched(r.Namespaces, object)
	}
	err := ctrl.NewControllerManagedBy(mgr).
		Named("sweep").
		For(&corev1.Secret{}, builder.WithPredicates(predicate.NewPredicateFuncs(grants), tombstoneOrNew{})).
		Watches(&v1alpha1.XConnection{}, handler.EnqueueRequestsFromMapFunc(r.connectionToGrant), builder.WithPredicates(onlyDeletions())).
		WatchesRawSource(source.Channel(r.Late, waiting(r, func() client.ObjectList { return &corev1.SecretList{} }, grants))).
		WithOptions(controller.Options{EnableWarmup: ptr.To(true)}).
		Complete(r)
	if err != nil {
		return fmt.Errorf("setting up the sweep: %w", err)
	}
	return nil
}

// Reconcile looks at one grant.
func (r *SweepReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	stored := &corev1.Secret{}
	if err := r.Get(ctx, request.NamespacedName, stored); err != nil {
		gone := types.UID(strings.TrimPrefix(request.Name, grant.SecretName("")))
		r.missing.forget(gone)
		r.late.forget(gone)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	g, err := grant.FromSecret(stored)
	if err != nil {
		return ctrl.Result{}, reconcile.TerminalError(err)
	}
	if r.Store.Foreign(g) || g.ReadOnly() {
		return ctrl.Result{}, nil
	}
	if g.Tombstone != nil {
		return r.settled(r.tend(ctx, g))
	}
	return r.settled(r.look(ctx, g))
}

// look finds out whether a grant is an orphan, and buries it after its patience.
func (r *SweepReconciler) look(ctx context.Context, g *grant.Grant) (time.Duration, error) {
	now := r.Now()
	for _, reader := range []client.Reader{r.Client, r.Live} {
		owned, err := isOwned(ctx, reader, g.Owner)
		if err != nil || owned {
			r.missing.forget(g.Owner.UID)
			return 0, err
		}
		if missing := now.Sub(r.missing.first(g.Owner.UID, string(g.Owner.UID), now)); r.Shard && missing < orphanPatience/2 {
			// Most likely another shard's: to read them all at once, at each start, would
			// cost the API server more than all else that a shard does.
			return orphanPatience/2 + rand.N(orphanPatience/2), nil
		}
	}
	if left := orphanPatience - now.Sub(r.missing.first(g.Owner.UID, string(g.Owner.UID), now)); left > 0 {
		return left, nil
	}
	elsewhere, err := r.ownedElsewhere(ctx, g.Owner.UID)
	switch {
	case err != nil:
		return 0, err
	case elsewhere != "":
		r.missing.forget(g.Owner.UID)
		log.FromContext(ctx).Error(nil, "A grant is not swept: its annotations name an XConnection that does not exist, and another has its uid; correct the annotations",
			"grant", grant.SecretName(g.Owner.UID), "connection", elsewhere)
		return 0, nil
	}
	stamp := now.UTC().Round(0)
	if _, err = r.Store.Update(ctx, g, func(g *grant.Grant) { g.Bury(stamp) }); err == nil {
		r.missing.forget(g.Owner.UID)
	}
	return minDelay, err
}

// ownedElsewhere finds the XConnection of a uid under any name: somebody may have edited
// the annotations by which an owner is found. Orphans are rare enough for such a look.
func (r *SweepReconciler) ownedElsewhere(ctx context.Context, uid types.UID) (string, error) {
	namespaces := r.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		found, err := r.byUID(ctx, namespace, uid)
		if err != nil {
			return "", fmt.Errorf("looking for the XConnection of a grant by its uid: %w", err)
		}
		if found != "" {
			return found, nil
		}
	}
	return "", nil
}

// byUID finds an XConnection in a namespace. The cache of a shard has some of them only:
// there the metadata of all are read.
func (r *SweepReconciler) byUID(ctx context.Context, namespace string, uid types.UID) (string, error) {
	var found string
	look := func(object runtime.Object) error {
		if conn, ok := object.(client.Object); ok && conn.GetUID() == uid {
			found = client.ObjectKeyFromObject(conn).String()
		}
		return nil
	}
	var list client.ObjectList = &v1alpha1.XConnectionList{}
	reader := client.Reader(r.Client)
	if r.Shard {
		metadata := &metav1.PartialObjectMetadataList{}
		metadata.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("XConnectionList"))
		list, reader = metadata, r.Live
	}
	if err := reader.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return "", err
	}
	err := meta.EachListItem(list, look)
	return found, err
}

func isOwned(ctx context.Context, reader client.Reader, owner grant.Owner) (bool, error) {
	conn := &v1alpha1.XConnection{}
	err := reader.Get(ctx, types.NamespacedName{Namespace: owner.Namespace, Name: owner.Name}, conn)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("looking for the XConnection of a grant: %w", err)
	}
	return err == nil && conn.UID == owner.UID, nil
}

// tend goes on with a tombstone: one set at a time, until nothing is owed or the
// patience is over.
func (r *SweepReconciler) tend(ctx context.Context, g *grant.Grant) (time.Duration, error) {
	now := r.Now()
	// X's answer to a consent that is under way is stored here, and must not meet a
	// revocation; another process's revocation is waited for.
	taken := latest(g.ClaimedUntil(now), g.RevokingUntil(now))
	switch {
	case now.Before(taken):
		return taken.Sub(now), nil
	case len(g.Retired) == 0:
		r.late.forget(g.Owner.UID)
		return 0, r.Store.Delete(ctx, g)
	// A time that is further ahead was written by a clock that was wrong.
	case now.Before(g.Tombstone.NextAt) && g.Tombstone.NextAt.Sub(now) <= tombstoneMax:
		return g.Tombstone.NextAt.Sub(now), nil
	}
	options := revokeOptions(r.Client, r.Store)
	options.Overdue = now.Sub(g.Tombstone.Since) > tombstoneOverdue
	options.Forgo = func(unknown bool) { r.tellForgotten(ctx, g, unknown) }
	result, err := r.Redeemer.RevokeOne(ctx, g, options)
	switch {
	case errors.Is(err, grant.ErrConflict):
		return 0, err
	case result.Grant == nil:
		// The process ends, or somebody deleted the grant.
		return 0, nil
	case err == nil:
		return minDelay, nil
	}
	return r.again(ctx, result.Grant, g.Retired[0], err)
}

// tellForgotten says in the log that a set of a deleted connection is forgotten without
// asking X.
func (r *SweepReconciler) tellForgotten(ctx context.Context, g *grant.Grant, unknown bool) {
	connection := g.Owner.Namespace + "/" + g.Owner.Name
	if !unknown {
		log.FromContext(ctx).Info(messageForgotten, "connection", connection, "account", accountOf(g.Retired[0]))
		return
	}
	r.NotRevoked()
	log.FromContext(ctx).Error(nil, messageUnknown, "connection", connection)
}

// again plans the next try after one that failed for a set. If X was asked once the
// patience is over, as it may be when the operator was away, that was the last one; while
// X can't be asked at all there is another hour.
func (r *SweepReconciler) again(ctx context.Context, g *grant.Grant, tried grant.Retired, failure error) (time.Duration, error) {
	now := r.Now()
	late := now.Sub(g.Tombstone.Since) > tombstonePatience
	if late && (reachedX(failure) || now.Sub(r.late.first(g.Owner.UID, string(g.Owner.UID), now)) > lastPatience) {
		for _, set := range g.Retired {
			if set.AccessToken.Equal(tried.AccessToken) {
				tried = set // X may have named the account meanwhile.
			}
		}
		// It is told first: told twice is better than not at all.
		r.giveUp(ctx, g, tried)
		_, err := r.Store.Update(ctx, g, func(g *grant.Grant) { g.DropRetired(tried) })
		return minDelay, err
	}
	wait := min(tombstoneFirst<<min(g.Tombstone.Attempts, 10), tombstoneMax)
	next := now.UTC().Round(0).Add(wait)
	_, err := r.Store.Update(ctx, g, func(g *grant.Grant) {
		g.Tombstone.Attempts++
		g.Tombstone.NextAt = next
	})
	return wait, err
}

// reachedX tells whether a call that failed came to X.
func reachedX(err error) bool {
	var answer *xapi.Error
	return errors.As(err, &answer) && (answer.Sent || answer.Status != 0)
}

// giveUp says of a set of tokens whose it is that X never revoked, in the log and by an
// event in the operator's namespace: the object that it was for is gone, and its namespace
// too perhaps.
func (r *SweepReconciler) giveUp(ctx context.Context, g *grant.Grant, set grant.Retired) {
	r.NotRevoked()
	connection, account := g.Owner.Namespace+"/"+g.Owner.Name, accountOf(set)
	log.FromContext(ctx).Error(nil, "X did not revoke the tokens of a deleted XConnection: revoke the app's access in the account's settings at X",
		"connection", connection, "account", account, "attempts", g.Tombstone.Attempts)
	about := &corev1.Secret{}
	about.Namespace, about.Name, about.UID = r.Store.Namespace, grant.SecretName(g.Owner.UID), g.Owner.UID
	r.Recorder.Eventf(about, nil, corev1.EventTypeWarning, v1alpha1.ReasonNotRevoked, "Revoke",
		"X did not revoke the tokens of the deleted XConnection %s (%s) within 24 hours: revoke the app's access in the account's settings at X",
		connection, account)
}

// accountOf names the account of a set of tokens.
func accountOf(set grant.Retired) string {
	switch {
	case set.Account.Username != "":
		return "@" + set.Account.Username
	case set.Account.UserID != "":
		return "user id " + set.Account.UserID
	default:
		return "an account that X did not name"
	}
}

// settled turns a wait into a result; a race only means to look again.
func (r *SweepReconciler) settled(after time.Duration, err error) (ctrl.Result, error) {
	if errors.Is(err, grant.ErrConflict) || errors.Is(err, grant.ErrNotFound) {
		return ctrl.Result{RequeueAfter: raceDelay}, nil
	}
	return ctrl.Result{RequeueAfter: after}, err
}

func (r *SweepReconciler) connectionToGrant(_ context.Context, object client.Object) []reconcile.Request {
	return requestFor(r.Store.Namespace, grant.SecretName(object.GetUID()))
}
