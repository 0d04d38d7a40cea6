// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/secret"
)

// postScope is what one pass over an XPost read, and what its actions made of it.
// The decisions and the status are functions of it alone.
type postScope struct {
	// now is the one clock reading that a decision is made with.
	now time.Time
	// post is the object as it is now.
	post *v1alpha1.XPost
	// elsewhere is true if the connection belongs to another shard of the operator.
	elsewhere bool
	// pub is the account that publishes.
	pub publisher
	// approvalWanted is true if a second person must approve.
	approvalWanted bool
	// text is what is wrong with the texts; empty reason for nothing.
	text textProblem
	// seen is what is known of an attempt that is under way.
	seen attemptSeen
	// retryAt is when to try again what failed of trouble, without anything sent, and
	// failures how often in a row it did.
	retryAt  time.Time
	trouble  error
	failures int
	// hold is why X's limits hold a call back, until holdUntil.
	hold      pace.Hold
	holdUntil time.Time
	// queued is true while another post of the connection is being sent.
	queued bool
	// witness is true while this object tells its own posts from another one that is
	// looked for.
	witness bool
	// finished is true once the object is no longer ours.
	finished bool
}

// publisher is the account that a post goes to, or why there is none.
type publisher struct {
	// uid and clientID are the connection's and its app's.
	uid      types.UID
	clientID string
	account  grant.Account
	access   secret.Token
	// doubted is true while X's word stands that it refused an earlier token.
	doubted bool
	// ownApp is true if the app is the namespace's own: no other tenant waits for it.
	ownApp bool
	// problem is why it can't be used now; ended, that nothing mends it by itself.
	problem string
	ended   bool
}

// attemptSeen is what this process knows of an attempt whose outcome is not stored, and
// of one whose post is looked for.
type attemptSeen struct {
	// mine is true while this process works on it.
	mine bool
	// gone is true if its holder is gone, and unsent if it is known to have sent nothing.
	gone   bool
	unsent bool
	// first is when this process first saw it: all that is known of one that is looked for.
	first time.Time
}

func (r *XPostReconciler) readPostScope(ctx context.Context, post *v1alpha1.XPost) (*postScope, error) {
	s := &postScope{
		now:  r.Now(),
		post: post,
		text: checkTexts(post),
	}
	s.setBack(r.retries.of(requestOf(post)))
	for _, step := range []func(context.Context, *postScope) error{r.readPublisher, r.readApproval, r.readWitness} {
		if err := step(ctx, s); err != nil {
			return nil, err
		}
	}
	r.setPost(ctx, s, post)
	return s, nil
}

// setBack takes up how the last try failed; zero if it did not.
func (s *postScope) setBack(last setback) {
	s.trouble, s.retryAt, s.failures = last.err, last.at, last.failures
}

// copy gives a scope that can be changed apart from this one.
func (s *postScope) copy() *postScope {
	other := *s
	return &other
}

// setPost puts the object as it is now into the scope.
func (r *XPostReconciler) setPost(ctx context.Context, s *postScope, post *v1alpha1.XPost) {
	s.post = post
	s.seen = attemptSeen{}
	switch attempt := post.Status.Attempt; {
	case attempt != nil && attempt.Outcome == "":
		s.seen = r.seenOf(ctx, s, attempt)
	case attempt != nil && attempt.NextLookTime != nil:
		s.seen.first = r.firstSeen(s, attempt)
	default:
		r.sights.forget(requestOf(post))
	}
}

func (r *XPostReconciler) firstSeen(s *postScope, attempt *v1alpha1.PostAttempt) time.Time {
	return r.sights.first(requestOf(s.post), attempt.ID, s.now)
}

func (r *XPostReconciler) seenOf(ctx context.Context, s *postScope, attempt *v1alpha1.PostAttempt) attemptSeen {
	seen := attemptSeen{first: r.firstSeen(s, attempt), unsent: r.unsent.has(attempt.ID)}
	switch holder := holderOf(attempt); {
	case holder.Start == r.Self.Start:
		seen.mine = r.Keeper.InFlight(attempt.ID)
		seen.gone = !seen.mine
	case holder.Pod == r.Self.Pod:
		// A pod runs one process of ours at a time: an earlier run of the same pod is over.
		seen.gone = true
	default:
		seen.gone = podGone(ctx, r.Live, holder)
	}
	return seen
}

func holderOf(attempt *v1alpha1.PostAttempt) grant.Holder {
	h := attempt.Holder
	return grant.Holder{Pod: h.Pod, PodName: h.PodName, PodNamespace: h.PodNamespace, Start: h.Process}
}

// readPublisher finds the account behind the connection. A connection that is not
// in the cache may belong to another shard.
func (r *XPostReconciler) readPublisher(ctx context.Context, s *postScope) error {
	conn := &v1alpha1.XConnection{}
	key := types.NamespacedName{Namespace: s.post.Namespace, Name: s.post.Spec.ConnectionRef.Name}
	err := r.Get(ctx, key, conn)
	if apierrors.IsNotFound(err) {
		err = r.Live.Get(ctx, key, conn)
		s.elsewhere = err == nil
		if apierrors.IsNotFound(err) {
			s.pub = publisher{ended: true, problem: fmt.Sprintf(
				"The XConnection %q does not exist in this namespace: create it, or correct spec.connectionRef", key.Name)}
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("reading the XConnection: %w", err)
	}
	g, err := r.Store.Get(ctx, conn.UID)
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		return fmt.Errorf("reading the grant: %w", err)
	}
	s.pub = publisherOf(conn, g, s.now)
	if begun := s.post.Status.UserID; s.pub.problem == "" && begun != "" && begun != s.pub.account.UserID {
		s.pub.problem = fmt.Sprintf("The XConnection %q is for another account now than the one that publishing began with: connect that one again", conn.Name)
	}
	return nil
}

// publisherOf judges a connection and its grant; it is pure.
func publisherOf(conn *v1alpha1.XConnection, g *grant.Grant, now time.Time) publisher {
	standing := grant.StandingOf(conn, g, now)
	if standing.Problem != "" {
		return publisher{uid: conn.UID, ended: standing.Ended, problem: fmt.Sprintf("The XConnection %q %s", conn.Name, standing.Problem)}
	}
	return publisher{
		uid: conn.UID, clientID: g.Tokens.App.ClientID, ownApp: g.Tokens.App.XApp == "",
		account: g.Account, access: g.Tokens.AccessToken, doubted: g.Refused != nil,
	}
}

// readApproval tells whether a second person must approve: the author or the
// namespace says so.
func (r *XPostReconciler) readApproval(ctx context.Context, s *postScope) error {
	namespace := &corev1.Namespace{}
	if err := r.Get(ctx, types.NamespacedName{Name: s.post.Namespace}, namespace); err != nil {
		return fmt.Errorf("reading the namespace: %w", err)
	}
	s.approvalWanted = s.post.Spec.Approval == v1alpha1.ApprovalRequired ||
		namespace.Labels[v1alpha1.LabelPostApproval] == string(v1alpha1.ApprovalRequired)
	return nil
}
