// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// sendWithin is how long after the start of its attempt a post may still be sent: a
	// process that was paused for longer must not wake up and publish.
	sendWithin = 5 * time.Second
	// attemptStore bounds each try to read or write the record of an attempt.
	attemptStore = 10 * time.Second
)

var errTooLate = errors.New("too much time passed since the attempt was recorded")

// sendNext publishes the next post. The order is that of a refresh token, for a post
// that is sent twice can't be unseen either: the attempt is recorded under the
// version of the object that was decided on; then X is called, once; then the
// answer is stored, however long that takes.
func (r *XPostReconciler) sendNext(ctx context.Context, s *postScope) error {
	if !r.reserve(s, xapi.EndpointCreatePost) {
		return nil
	}
	type result struct {
		post  *v1alpha1.XPost
		ended attemptOutcome
		err   error
	}
	attempt := r.newAttempt(s)
	results := make(chan result, 1)
	of := s.copy()
	// An answer that can't be stored, whoever is to blame, must not take a worker that other
	// tenants' posts wait for. The connection's lane stays taken.
	waits, cancel := context.WithTimeout(ctx, attemptPatience)
	defer cancel()
	err := r.Keeper.Do(waits, attempt.ID, func(ctx context.Context) {
		defer r.lanes.leave(of.pub.uid)
		post, ended, err := r.attempt(ctx, of, attempt)
		results <- result{post, ended, err}
	})
	switch {
	case errors.Is(err, redeem.ErrStopping):
		r.lanes.leave(s.pub.uid)
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", redeem.ErrLeft, err)
	}
	got := <-results
	if got.err != nil {
		return got.err
	}
	return r.takeUp(ctx, s, got.post, got.ended)
}

// takeUp takes up what came of an attempt; post is nil if the object is gone.
func (r *XPostReconciler) takeUp(ctx context.Context, s *postScope, post *v1alpha1.XPost, ended attemptOutcome) error {
	if s.finished = post == nil; s.finished {
		return nil
	}
	r.setTrouble(s, ended.trouble)
	r.setPost(ctx, s, post)
	return r.readPublisher(ctx, s)
}

// setTrouble notes what failed without anything sent, and when to try again; nil
// ends it.
func (r *XPostReconciler) setTrouble(s *postScope, err error) {
	s.setBack(r.retries.note(requestOf(s.post), r.Now(), err))
}

func (r *XPostReconciler) newAttempt(s *postScope) v1alpha1.PostAttempt {
	now := metav1.NewMicroTime(r.Now().UTC())
	return v1alpha1.PostAttempt{
		ID:        string(uuid.NewUUID()),
		Index:     int32(len(s.post.Status.Posts)), //nolint:gosec // A thread has at most 25 posts.
		StartedAt: now,
		Holder: v1alpha1.AttemptHolder{
			Pod: r.Self.Pod, PodName: r.Self.PodName, PodNamespace: r.Self.PodNamespace, Process: r.Self.Start,
		},
	}
}

// attempt makes one attempt. It gives the object as it is afterwards, nil if it is
// gone, and what the attempt came to. It fails only if nothing was sent.
func (r *XPostReconciler) attempt(ctx context.Context, s *postScope, attempt v1alpha1.PostAttempt) (*v1alpha1.XPost, attemptOutcome, error) {
	start := r.Now()
	failpoint.Hit("post-before-intent")
	if err := r.recordAttempt(ctx, s, attempt); err != nil {
		return nil, attemptOutcome{}, err
	}
	failpoint.Hit("post-after-intent")
	request := requestFrom(s.post, attempt.Index)
	request.Guard = r.sendGuard(start)
	var answer xapi.Post
	tell, err := r.askFirst(s, xapi.EndpointCreatePost, func(x *xapi.Client) (err error) {
		answer, err = x.CreatePost(ctx, s.pub.access, request)
		return err
	})
	failpoint.Hit("post-after-answer")
	ended := outcomeOf(s, attempt, answer, err, r.Now())
	metrics.PostAttempts.WithLabelValues(ended.result()).Inc()
	s.hold, s.trouble = ended.limited, ended.trouble
	post, err := r.settleAttempt(ctx, s, ended)
	failpoint.Hit("post-after-persist")
	tell(ctx)
	return post, ended, err
}

// recordAttempt writes the intent. If the write gives no clear answer, the object is
// read; what may still turn up later is taken back then, as nothing was sent.
func (r *XPostReconciler) recordAttempt(ctx context.Context, s *postScope, attempt v1alpha1.PostAttempt) error {
	ctx, cancel := context.WithTimeout(ctx, attemptStore)
	defer cancel()
	before := s.post
	after := before.DeepCopy()
	after.Status.Attempt = &attempt
	after.Status.Refusal = nil
	after.Status.UserID = s.pub.account.UserID
	after.Status.LastHandledRetryAt = asked(after, v1alpha1.AnnotationRetryRequestedAt)
	s.post, s.seen = after, attemptSeen{mine: true}
	describePost(s)
	err := r.patchPostStatus(ctx, before, after)
	if err == nil || definite(err) {
		return err
	}
	fresh := &v1alpha1.XPost{}
	readErr := r.Live.Get(ctx, client.ObjectKeyFromObject(before), fresh)
	if readErr == nil && fresh.UID == before.UID && holdsAttempt(fresh, attempt.ID) {
		s.post = fresh
		return nil
	}
	if readErr != nil || !apierrors.IsConflict(err) {
		// The write may still be on its way.
		r.unsent.add(attempt.ID)
	}
	return errors.Join(fmt.Errorf("recording the attempt: %w", err), readErr)
}

// definite tells whether a write was surely not applied. A conflict is not: a client
// that repeats by itself can turn a write that was applied into one.
func definite(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err)
}

func holdsAttempt(post *v1alpha1.XPost, id string) bool {
	return post.Status.Attempt != nil && post.Status.Attempt.ID == id
}

// sendGuard forbids to send once too much time has passed since start.
func (r *XPostReconciler) sendGuard(start time.Time) xapi.Guard {
	return func() error {
		if redeem.Passed(start, r.Now(), sendWithin) {
			return errTooLate
		}
		return nil
	}
}

// replySettings are X's words for ours.
var replySettings = map[v1alpha1.ReplySettings]string{
	v1alpha1.ReplyFollowing:      "following",
	v1alpha1.ReplyMentionedUsers: "mentionedUsers",
	v1alpha1.ReplySubscribers:    "subscribers",
	v1alpha1.ReplyVerified:       "verified",
}

// requestFrom is what X is asked for one post.
func requestFrom(post *v1alpha1.XPost, index int32) xapi.PostRequest {
	request := xapi.PostRequest{
		Text:       post.Texts()[index],
		InReplyTo:  repliesTo(post, index),
		MadeWithAI: post.Spec.MadeWithAI,
	}
	if index == 0 {
		// Who may reply is a matter of a conversation's first post.
		request.ReplySettings = replySettings[post.Spec.ReplySettings]
	}
	return request
}

// repliesTo is the id of the post that one replies to; empty for none.
func repliesTo(post *v1alpha1.XPost, index int32) string {
	if index == 0 {
		return post.Spec.ReplyTo
	}
	return post.Status.Posts[index-1].ID
}
