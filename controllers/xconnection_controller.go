// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers holds the level-triggered reconcilers. They read what is
// there, decide in pure functions, act, and write status once. They open no port.
package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/written"
)

// maxSteps bounds the actions of one pass. A refresh takes two: redeem and
// publish; a first pass takes two as well: finalizer and placeholder.
const maxSteps = 8

// XConnectionReconciler keeps XConnections: one writer of their status and of
// their token Secrets.
type XConnectionReconciler struct {
	// Client reads from the manager's cache and writes.
	client.Client
	// Live reads from the API server.
	Live client.Reader
	// AppSecrets reads the labelled Secrets of Own apps, from a cache of their own.
	AppSecrets client.Reader
	// Store and Redeemer are the grants' own.
	Store    *grant.Store
	Redeemer *redeem.Redeemer
	Gate     *redeem.Gate
	// Address and Keyring make the links that people open.
	Address seal.Address
	Keyring *seal.Keyring
	// Rekeyed is sent to when the keys changed: links that were made with one that is
	// gone are made anew.
	Rekeyed <-chan event.GenericEvent
	// Late is sent to when the time of day leapt: what waits for a time is looked at anew.
	Late <-chan event.GenericEvent
	// Recorder makes events.
	Recorder events.EventRecorder
	// Now is the clock.
	Now func() time.Time
	// Namespaces are those that are watched; empty: all. The grants of others are
	// other shards' business.
	Namespaces []string
	// Workers is how many passes run at once; calls to X take half of them at most.
	Workers int
	// Agents watches the workloads that agentRefs name; see agent.go.
	Agents *AgentWatcher

	slots slots
	// personUntil is until when a person is taken to consent, in nanoseconds of Unix time.
	personUntil atomic.Int64
	sights      sightings[types.UID]
	// settlings, revocations and publications each have a back-off of their own: what
	// stands in the way of one must not delay another.
	settlings, revocations, publications retries[types.UID]
	// statuses, tokens and grants are what passes wrote that the cache may not show yet.
	statuses written.Memory[v1alpha1.XConnectionStatus]
	tokens   written.Memory[*corev1.Secret]
	grants   written.Memory[struct{}]
}

// Reconcile brings one XConnection towards what its spec asks: it reads once,
// then decides and acts step by step, then writes status and events once.
func (r *XConnectionReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	conn := &v1alpha1.XConnection{}
	if err := r.Get(ctx, request.NamespacedName, conn); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if status, found := r.statuses.Newer(request.NamespacedName, conn.ResourceVersion); found {
		conn.Status = status
	}
	s, err := r.readScope(ctx, conn)
	if err != nil {
		return ctrl.Result{}, err
	}
	var decision decision
	for range maxSteps {
		decision = plan(s)
		if decision.isWait() {
			break
		}
		if err = r.act(ctx, s, decision); err != nil {
			break
		}
		if s.finished {
			return ctrl.Result{}, nil
		}
		if err = r.followIssuer(ctx, s); err != nil {
			break
		}
		s.now = r.Now()
	}
	if statusErr := r.writeStatus(ctx, s); err == nil {
		err = statusErr
	}
	return r.result(s, decision, err)
}

// act carries out one decision. An error that X or the app is the cause of is
// noted in the scope, and not returned: it is part of the status, and tried again
// on a schedule of its own.
func (r *XConnectionReconciler) act(ctx context.Context, s *scope, d decision) error {
	switch d.action {
	case actionAddFinalizer:
		return r.addFinalizer(ctx, s)
	case actionCreateGrant:
		return r.createGrant(ctx, s)
	case actionAdopt:
		return r.adopt(ctx, s)
	case actionInherit:
		return r.inherit(ctx, s)
	case actionDropMoved:
		return r.dropMoved(ctx, s)
	case actionInvite:
		return r.invite(ctx, s)
	case actionSettleCandidate:
		return r.settleCandidate(ctx, s)
	case actionPublish:
		return r.inTurn(ctx, s, func() error { return r.noteToken(s, r.publish(ctx, s)) })
	case actionUnpublish:
		return r.noteToken(s, r.unpublish(ctx, &s.token))
	case actionUnpublishOld:
		return r.noteToken(s, r.unpublish(ctx, &s.oldToken))
	case actionRefresh:
		return r.refresh(ctx, s, d)
	case actionForget:
		return r.forget(ctx, s)
	case actionRevoke:
		return r.revoke(ctx, s)
	case actionBury:
		return r.bury(ctx, s)
	case actionDeleteGrant:
		return r.deleteGrant(ctx, s)
	case actionRemoveFinalizer:
		return r.removeFinalizer(ctx, s)
	default:
		return fmt.Errorf("no such action: %s", d.action)
	}
}

// result says when to come again. Only an error of the API server is returned: an
// error discards the schedule, which a refresh must not lose. A conflict is no
// error: somebody else was first, and what is there now is looked at again.
func (r *XConnectionReconciler) result(s *scope, d decision, err error) (ctrl.Result, error) {
	if errors.Is(err, errBusy) && d.action == actionRefresh {
		// While calls to X hang, refreshes that are urgent must not take every worker that gets
		// free: what needs no answer of X goes first.
		return ctrl.Result{RequeueAfter: raceDelay, Priority: ptr.To(priorityRoutine)}, nil
	}
	if isRace(err) {
		return ctrl.Result{RequeueAfter: raceDelay}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if !d.isWait() {
		// So many steps in one pass: the rest is for the next.
		return ctrl.Result{RequeueAfter: raceDelay}, nil
	}
	if s.overtaken {
		// It may be a person's consent.
		return ctrl.Result{RequeueAfter: raceDelay, Priority: ptr.To(priorityPeople)}, nil
	}
	if d.at.IsZero() {
		return ctrl.Result{}, nil
	}
	priority := priorityFor(s)
	return ctrl.Result{RequeueAfter: max(d.at.Sub(r.Now()), minDelay), Priority: &priority}, nil
}

// addFinalizer comes first: nothing may be asked of X for an object that could go
// without its grant being revoked.
func (r *XConnectionReconciler) addFinalizer(ctx context.Context, s *scope) error {
	return addFinalizer(ctx, r.Client, r.Live, s.conn, v1alpha1.FinalizerRevoke)
}

// notRevoked says why an object goes though its tokens may be alive; empty if they are not.
func notRevoked(s *scope) string {
	switch {
	case s.unreadable != nil:
		return "since the stored grant can't be read: its Secret stays in the operator's namespace"
	case s.foreign:
		return "since another cluster made the stored grant: its Secret stays in the operator's namespace"
	case s.lost:
		return "since the stored grant is gone, as when somebody deleted its Secret: revoke the app's access in the account's settings at X"
	default:
		return ""
	}
}

// noGrant makes sure that there is no grant any more.
func (r *XConnectionReconciler) noGrant(ctx context.Context, s *scope) error {
	g, err := r.Store.GetLive(ctx, s.conn.UID)
	switch {
	case errors.Is(err, grant.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("making sure that there is no grant: %w", err)
	case len(g.HeldBy()) > 0:
		return fmt.Errorf("the grant's Secret %s is deleted, and finalizers of others keep it (%s): whoever set them must remove them",
			grant.SecretName(s.conn.UID), strings.Join(g.HeldBy(), ", "))
	default:
		return fmt.Errorf("%w: the cache does not show the grant yet", grant.ErrConflict)
	}
}

// removeFinalizer lets the object go. That there is no grant is not the cache's to say:
// it may be behind.
func (r *XConnectionReconciler) removeFinalizer(ctx context.Context, s *scope) error {
	if s.grant == nil && s.unreadable == nil {
		if err := r.noGrant(ctx, s); err != nil {
			return err
		}
	}
	// It is told first: once the object is gone, nobody comes back to it.
	if why := notRevoked(s); why != "" {
		metrics.NotRevoked.Inc()
		r.event(s.conn, corev1.EventTypeWarning, v1alpha1.ReasonNotRevoked, "Revoke", "The tokens were not revoked "+why)
		// No event can be made in a namespace that is being deleted.
		log.FromContext(ctx).Error(nil, "The tokens of a deleted XConnection were not revoked", "reason", why, "account", s.before.Status.Username)
	}
	if err := dropFinalizer(ctx, r.Client, r.Live, s.conn, v1alpha1.FinalizerRevoke); err != nil {
		return err
	}
	for _, of := range []*retries[types.UID]{&r.settlings, &r.revocations, &r.publications} {
		of.forget(s.conn.UID)
	}
	r.statuses.Forget(client.ObjectKeyFromObject(s.conn))
	r.tokens.Forget(tokenKey(s.conn))
	s.finished = true
	return nil
}
