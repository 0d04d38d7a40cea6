// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// tellTries bounds the tries to write to a grant against other writers.
const tellTries = 5

func (s *postScope) call(endpoint string) pace.Call {
	return pace.Call{Endpoint: endpoint, App: s.pub.clientID, Account: s.pub.account.UserID, Tenant: s.post.Namespace}
}

// ask calls X, and takes up what the answer says of limits and of the token.
func (r *XPostReconciler) ask(ctx context.Context, s *postScope, endpoint string, call func(*xapi.Client) error) error {
	tell, err := r.askFirst(s, endpoint, call)
	tell(ctx)
	return err
}

// askFirst is ask, but for what the grant is to be told of the token: the caller has
// something to store that can't wait for it.
func (r *XPostReconciler) askFirst(s *postScope, endpoint string, call func(*xapi.Client) error) (tell func(context.Context), err error) {
	var limits xapi.Limits
	err = call(r.X.Telling(func(_ string, _ int, _ time.Duration, told xapi.Limits) { limits = told }))
	r.Pacer.Report(s.call(endpoint), limits, err)
	switch {
	case xapi.KindOf(err) == xapi.KindUnauthorized:
		s.pub.problem = "X refuses the token of the XConnection: the operator refreshes it"
		message, access := err.Error(), s.pub.access
		return func(ctx context.Context) {
			r.tellGrant(ctx, s.pub.uid, func(g *grant.Grant) { g.RefuseAccess(access, message, s.now.UTC().Round(0)) })
		}, err
	case err == nil && s.pub.doubted:
		s.pub.doubted = false
		access := s.pub.access
		return func(ctx context.Context) {
			r.tellGrant(ctx, s.pub.uid, func(g *grant.Grant) { g.AcceptAccess(access) })
		}, nil
	}
	return func(context.Context) {}, err
}

// tellGrant notes in the grant how X took an access token. The connection's own
// controller does what follows: a refresh, or a link for a person. What can't be
// noted now is noted at the next call that ends so.
func (r *XPostReconciler) tellGrant(ctx context.Context, owner types.UID, change func(*grant.Grant)) {
	var err error
	for range tellTries {
		if err = r.tellGrantOnce(ctx, owner, change); !errors.Is(err, grant.ErrConflict) {
			break
		}
	}
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		log.FromContext(ctx).Error(err, "What X said of a token can't be noted in the grant")
	}
}

func (r *XPostReconciler) tellGrantOnce(ctx context.Context, owner types.UID, change func(*grant.Grant)) error {
	ctx, cancel := context.WithTimeout(ctx, attemptStore)
	defer cancel()
	g, err := r.Store.GetLive(ctx, owner)
	if err != nil {
		return err
	}
	if r.Store.Foreign(g) {
		return nil
	}
	_, err = r.Store.Update(ctx, g, change)
	return err
}

// troubleOf is what a call failed of that is to be made again by and by. A limit of X
// is none: the pacer has heard of it, and holds the next call while it lasts.
func troubleOf(err error) error {
	if kind := xapi.KindOf(err); kind == xapi.KindRateLimited || kind == xapi.KindUsageCap {
		return nil
	}
	return err
}

// reserve takes the connection's lane and a call to an endpoint. If either is not to
// be had, the scope says why; if both are, the lane must be left.
func (r *XPostReconciler) reserve(s *postScope, endpoint string) bool {
	if !r.lanes.take(s.pub.uid, requestOf(s.post)) {
		s.queued = true
		return false
	}
	call := s.call(endpoint)
	switch {
	case endpoint != xapi.EndpointCreatePost, !retryWanted(s.post):
		// A retry is about sending alone, which marks it as handled: any other call would
		// forget each limit at once.
	case s.pub.ownApp:
		r.Pacer.ReopenApp(call)
	default:
		r.Pacer.Reopen(call)
	}
	if s.hold, s.holdUntil = r.Pacer.Take(call); s.hold != pace.HoldNone {
		r.lanes.leave(s.pub.uid)
		return false
	}
	return true
}

func requestOf(object client.Object) reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)}
}
