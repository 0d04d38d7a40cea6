// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// storeFirst and storeMax bound the waits between tries to store an answer.
	storeFirst = 50 * time.Millisecond
	storeMax   = 2 * time.Second
	// tooLargeTries is how often an outcome is tried to be stored in an object that is too
	// large for it, some 10 minutes: whoever filled it may make room.
	tooLargeTries = 300
)

var errNoRoom = errors.New("the XPost is too large for another change of its status: remove labels, annotations or finalizers from it")

// attemptOutcome is what an attempt came to: exactly one of published, refusal and
// unknown, or none of them if the post was not taken and may be sent later.
type attemptOutcome struct {
	attempt   v1alpha1.PostAttempt
	published *v1alpha1.PublishedPost
	refusal   *v1alpha1.PostRefusal
	// unknown says why nobody knows; lookAt is when to look.
	unknown string
	lookAt  time.Time
	// limited is X's limit and trouble any other reason why it is to be sent later.
	limited pace.Hold
	trouble error
}

// refusals are the answers that end a post until somebody acts, and who that is.
var refusals = map[xapi.Kind]struct{ reason, advice string }{
	xapi.KindDuplicate:       {v1alpha1.ReasonDuplicateContent, "X refuses %s: the account published the same text lately. Change the text"},
	xapi.KindReplyNotAllowed: {v1alpha1.ReasonReplyNotAllowed, "X does not allow this app to send %s as a reply: by the rules of most plans only those can be answered who mentioned or quoted the account"},
	xapi.KindNotEnrolled:     {v1alpha1.ReasonNotEnrolled, "X does not take %s: the X app is not enrolled for the API, and its owner must do that in X's developer portal"},
	xapi.KindForbidden:       {v1alpha1.ReasonRefused, "X refuses %s. Change it, or ask for a retry"},
	xapi.KindInvalid:         {v1alpha1.ReasonRefused, "X refuses %s. Change it, or ask for a retry"},
	xapi.KindNotFound:        {v1alpha1.ReasonRefused, "X refuses %s. Change it, or ask for a retry"},
}

// outcomeOf says what an answer means. A duplicate is evidence: where an earlier
// attempt may have published the post, it did.
func outcomeOf(s *postScope, attempt v1alpha1.PostAttempt, answer xapi.Post, err error, now time.Time) attemptOutcome {
	ended := attemptOutcome{attempt: attempt}
	kind := xapi.KindOf(err)
	refusal, isRefusal := refusals[kind]
	switch {
	case err == nil:
		ended.published = published(s, attempt.Index, answer.ID, now)
	case kind == xapi.KindDuplicate && s.post.Status.UncertainSince != nil:
		ended.unknown, ended.lookAt = "X refuses the post as a duplicate, so an earlier attempt has most likely published it", now
	case isRefusal:
		ended.refusal = &v1alpha1.PostRefusal{
			Index: attempt.Index, Reason: refusal.reason, Generation: s.post.Generation, ContentHash: contentHash(s.post.Spec),
			Message: fmt.Sprintf(refusal.advice, thePost(s.post, attempt.Index)) + " (" + err.Error() + ")",
		}
	case mayBePublished(kind, err):
		ended.unknown, ended.lookAt = "X gave no answer that tells whether the post is published ("+err.Error()+")", now.Add(firstLook)
	case kind == xapi.KindRateLimited:
		ended.limited = pace.HoldAccount
	case kind == xapi.KindUsageCap:
		ended.limited = pace.HoldCapped
	default:
		ended.trouble = err
	}
	return ended
}

// result is what metrics count an attempt as: Published, or the reason that the XPost
// then has.
func (o attemptOutcome) result() string {
	switch {
	case o.published != nil:
		return v1alpha1.ReasonPublished
	case o.refusal != nil:
		return o.refusal.Reason
	case o.unknown != "":
		return v1alpha1.ReasonUnknown
	case o.limited == pace.HoldCapped:
		return v1alpha1.ReasonUsageCapExceeded
	case o.limited != pace.HoldNone:
		return v1alpha1.ReasonRateLimited
	case xapi.KindOf(o.trouble) == xapi.KindUnauthorized:
		return v1alpha1.ReasonNotConnected
	default:
		return v1alpha1.ReasonXUnavailable
	}
}

// mayBePublished tells whether a failure leaves open that X took the post.
func mayBePublished(kind xapi.Kind, err error) bool {
	return (kind == xapi.KindUnknown || kind == xapi.KindNotVerdict) && xapi.WasSent(err)
}

// published is the record of a post at X.
func published(s *postScope, index int32, id string, at time.Time) *v1alpha1.PublishedPost {
	return &v1alpha1.PublishedPost{
		Index: index, ID: id, URL: xapi.PostURL(s.pub.account.Username, id),
		PublishedAt: metav1.NewTime(at.UTC().Truncate(time.Second)),
	}
}

// apply alters the status of the object as it is stored now, if the attempt is still
// the one in it. What is published is recorded in any case.
func (o attemptOutcome) apply(post *v1alpha1.XPost) {
	status := &post.Status
	if o.published != nil {
		o.record(status)
		return
	}
	if !holdsAttempt(post, o.attempt.ID) {
		return
	}
	status.LastHandledRetryAt = asked(post, v1alpha1.AnnotationRetryRequestedAt)
	if o.unknown == "" {
		o.end(status)
		return
	}
	if status.UncertainSince == nil {
		status.UncertainSince = &status.Attempt.StartedAt
	}
	status.Attempt.Outcome, status.Attempt.Message = v1alpha1.OutcomeUnknown, o.unknown
	status.Attempt.Looks, status.Attempt.NextLookTime = 0, nil
	if !o.lookAt.IsZero() {
		at := metav1.NewMicroTime(o.lookAt.UTC())
		status.Attempt.NextLookTime = &at
	}
}

// end ends an attempt that published nothing. A refusal also ends the doubt about
// earlier ones: X looked at the post, and a person had said that it is not there.
func (o attemptOutcome) end(status *v1alpha1.XPostStatus) {
	status.Attempt, status.Refusal = nil, o.refusal
	if o.refusal != nil {
		status.UncertainSince = nil
	}
	if status.UncertainSince == nil && len(status.Posts) == 0 {
		// Nothing is at X: whichever account is connected then may publish it.
		status.UserID = ""
	}
}

// record puts a published post in its place, and ends whatever attempt at it is
// there.
func (o attemptOutcome) record(status *v1alpha1.XPostStatus) {
	index := o.published.Index
	if !slices.ContainsFunc(status.Posts, func(p v1alpha1.PublishedPost) bool { return p.Index == index }) {
		status.Posts = append(status.Posts, *o.published)
		slices.SortFunc(status.Posts, func(a, b v1alpha1.PublishedPost) int { return int(a.Index - b.Index) })
	}
	if status.Attempt != nil && status.Attempt.Index == index {
		status.Attempt = nil
	}
	status.Refusal, status.UncertainSince = nil, nil
}

// settleAttempt stores what an attempt came to, and tries until it is stored or the
// object is gone. It gives the object as it then is, nil if it is gone.
func (r *XPostReconciler) settleAttempt(ctx context.Context, s *postScope, ended attemptOutcome) (*v1alpha1.XPost, error) {
	seen := s.post
	for try := 0; ; try++ {
		post, err := r.settleAttemptOnce(ctx, s, seen, ended)
		if err == nil {
			return post, nil
		}
		if isTooLarge(err) && try >= tooLargeTries {
			return nil, r.loseOutcome(ctx, s, ended)
		}
		if !isStale(err) {
			metrics.Held.Inc()
			log.FromContext(ctx).Error(err, "An answer of X can't be stored yet; it is kept and tried again",
				"namespace", s.post.Namespace, "name", s.post.Name)
		}
		if err := pause(ctx, min(storeFirst<<min(try, 10), storeMax)); err != nil {
			return nil, err
		}
		seen = nil
	}
}

// isTooLarge tells whether etcd refused an object for its size, which the API server
// passes on in etcd's words.
func isTooLarge(err error) bool {
	return apierrors.IsRequestEntityTooLargeError(err) || strings.Contains(err.Error(), "request is too large")
}

// loseOutcome gives up an outcome that can't be stored, since others made the object as
// large as the API server takes. The log has it; whose object it is must mend it.
func (r *XPostReconciler) loseOutcome(ctx context.Context, s *postScope, ended attemptOutcome) error {
	url := ""
	if ended.published != nil {
		url = ended.published.URL
	}
	log.FromContext(ctx).Error(errNoRoom, "An outcome of X is lost",
		"namespace", s.post.Namespace, "name", s.post.Name, "result", ended.result(), "post", url)
	return errNoRoom
}

func (r *XPostReconciler) settleAttemptOnce(
	ctx context.Context, s *postScope, before *v1alpha1.XPost, ended attemptOutcome,
) (*v1alpha1.XPost, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptStore)
	defer cancel()
	if before == nil {
		before = &v1alpha1.XPost{}
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.post), before)
		if apierrors.IsNotFound(err) || err == nil && before.UID != s.post.UID {
			r.notifyGone(ctx, s, ended)
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the XPost again: %w", err)
		}
	}
	after := before.DeepCopy()
	ended.apply(after)
	s.post, s.seen, s.now = after, attemptSeen{}, r.Now()
	describePost(s)
	return after, r.patchPostStatus(ctx, before, after)
}

// withdrawAttempt takes back the record of an attempt that sent nothing.
func (r *XPostReconciler) withdrawAttempt(ctx context.Context, s *postScope) error {
	attempt := *s.post.Status.Attempt
	err := r.changePost(ctx, s, attemptOutcome{attempt: attempt}.apply)
	if err == nil {
		r.unsent.forget(attempt.ID)
	}
	return err
}

// abandonAttempt records that nobody knows what became of an attempt whose holder is
// gone.
func (r *XPostReconciler) abandonAttempt(ctx context.Context, s *postScope) error {
	return r.changePost(ctx, s, attemptOutcome{
		attempt: *s.post.Status.Attempt,
		unknown: "The operator stopped while it was publishing the post",
		lookAt:  s.now.Add(firstLook),
	}.apply)
}

// pause waits, or ends with ctx.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
