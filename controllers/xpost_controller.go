// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// maxPostSteps bounds the actions of one pass: a whole thread, and what may come
// before and after it.
const maxPostSteps = 32

// XPostReconciler publishes XPosts: one writer of their status.
type XPostReconciler struct {
	// Client reads from the manager's cache and writes.
	client.Client
	// Live reads from the API server.
	Live client.Reader
	// Store has the access tokens. Of a grant no more is used here.
	Store *grant.Store
	X     *xapi.Client
	// Keeper owns the attempts: one that began is brought to its end whatever becomes
	// of the manager.
	Keeper *redeem.Keeper
	Pacer  *pace.Pacer
	// Self names this run of this process.
	Self     grant.Holder
	Recorder events.EventRecorder
	Now      func() time.Time
	// Late is sent to when the time of day leapt: what waits for a time is looked at anew.
	Late <-chan event.GenericEvent
	// Workers is how many passes run at once.
	Workers int

	lanes lanes
	// sights and retries go by the object's name: once it is gone, nothing else of it is
	// known.
	sights  sightings[ctrl.Request]
	retries retries[ctrl.Request]
	unsent  unsent
}

// Reconcile brings one XPost towards being published: it reads once, then decides
// and acts step by step, then writes what is left of the status.
func (r *XPostReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	defer r.lanes.pass()
	post := &v1alpha1.XPost{}
	if err := r.Get(ctx, request.NamespacedName, post); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	s, err := r.readPostScope(ctx, post)
	if err != nil || s.elsewhere {
		return ctrl.Result{}, err
	}
	var decision decision
	for range maxPostSteps {
		decision = planPost(s)
		if decision.isWait() {
			break
		}
		if err = r.actOnPost(ctx, s, decision); err != nil || s.finished {
			break
		}
		s.now = r.Now()
	}
	if s.finished {
		r.forget(request)
	} else if err == nil {
		err = r.writePostStatus(ctx, s)
	}
	return r.postResult(decision, err)
}

// actOnPost carries out one decision. What X refuses is part of the status and no
// error.
func (r *XPostReconciler) actOnPost(ctx context.Context, s *postScope, d decision) error {
	switch d.action {
	case actionAddFinalizer:
		return r.addPostFinalizer(ctx, s)
	case actionRemoveFinalizer:
		return r.removePostFinalizer(ctx, s)
	case actionSendPost:
		return r.sendNext(ctx, s)
	case actionWithdrawPost:
		return r.withdrawAttempt(ctx, s)
	case actionAbandonPost:
		return r.abandonAttempt(ctx, s)
	case actionLookForPost:
		return r.lookForPost(ctx, s)
	case actionStopLooking:
		return r.giveUpLooking(ctx, s)
	case actionAdoptPost:
		return r.adoptPost(ctx, s)
	case actionDeletePost:
		return r.deleteLastPost(ctx, s)
	case actionLeavePosts:
		return r.leavePosts(ctx, s)
	case actionExpirePost:
		return r.expirePost(ctx, s)
	default:
		return fmt.Errorf("no such action: %s", d.action)
	}
}

// forget forgets an XPost that is gone.
func (r *XPostReconciler) forget(request ctrl.Request) {
	r.retries.forget(request)
	r.sights.forget(request)
}

// postResult says when to come again. A race is no error: somebody else was first,
// and what is there now is looked at again.
func (r *XPostReconciler) postResult(d decision, err error) (ctrl.Result, error) {
	switch {
	case isRace(err), isStale(err):
		return ctrl.Result{RequeueAfter: raceDelay}, nil
	case err != nil:
		return ctrl.Result{}, err
	case !d.isWait():
		return ctrl.Result{RequeueAfter: minDelay}, nil
	case d.at.IsZero():
		return ctrl.Result{}, nil
	default:
		return ctrl.Result{RequeueAfter: max(d.at.Sub(r.Now()), minDelay)}, nil
	}
}
