// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/outcome"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// changePost changes the status under the version of the object that was decided on.
func (r *XPostReconciler) changePost(ctx context.Context, s *postScope, change func(*v1alpha1.XPost)) error {
	before := s.post
	after := before.DeepCopy()
	change(after)
	r.setPost(ctx, s, after)
	describePost(s)
	return r.patchPostStatus(ctx, before, after)
}

// writePostStatus writes what a pass found, if anything changed.
func (r *XPostReconciler) writePostStatus(ctx context.Context, s *postScope) error {
	return r.changePost(ctx, s, func(*v1alpha1.XPost) {})
}

// patchPostStatus writes a status under the resourceVersion of before, and makes the
// events of the change. It gives after its new resourceVersion.
func (r *XPostReconciler) patchPostStatus(ctx context.Context, before, after *v1alpha1.XPost) error {
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	written := after.DeepCopy()
	if err := r.Status().Patch(ctx, written, patch); err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	after.ResourceVersion = written.ResourceVersion
	r.notifyPost(before, after)
	return nil
}

// isStale tells whether a write failed because the object is another by now, or gone.
func isStale(err error) bool { return apierrors.IsConflict(err) || apierrors.IsNotFound(err) }

// describePost fills in what the status says of the object in the scope.
func describePost(s *postScope) {
	post := s.post
	recordRejection(post)
	v := judgePost(s)
	post.Status.ObservedGeneration = post.Generation
	post.Status.Progress = fmt.Sprintf("%d/%d", len(post.Status.Posts), len(post.Texts()))
	post.Status.NextAttemptTime = timeOf(v.at)
	c := conditions{list: &post.Status.Conditions, generation: post.Generation, now: s.now}
	c.set(v1alpha1.ConditionReady, boolStatus(v.published == metav1.ConditionTrue), v.reason, v.message)
	c.set(v1alpha1.ConditionPublished, v.published, v.reason, v.message)
	c.setAbnormal(v1alpha1.ConditionReconciling, v.reconciling, v.reason, v.message)
	c.setAbnormal(v1alpha1.ConditionStalled, v.stalled, v.reason, v.message)
}

// postVerdict is what the conditions say.
type postVerdict struct {
	published   metav1.ConditionStatus
	reason      string
	message     string
	reconciling bool
	stalled     bool
	// at is when the operator goes on by itself.
	at time.Time
}

// judgePost finds the first of these that has something to say: what has become of
// the posts, then what stands in the way of the next one.
func judgePost(s *postScope) postVerdict {
	checks := []func(*postScope) (postVerdict, bool){
		judgePublished,
		judgeDeleting,
		judgeAttempt,
		judgeRefusal,
		judgeApproval,
		judgeSchedule,
		judgePublisher,
		judgeLimit,
		judgeTrouble,
	}
	for _, check := range checks {
		if v, says := check(s); says {
			return v
		}
	}
	return publishing(s)
}

func publishing(s *postScope) postVerdict {
	return postVerdict{
		published: metav1.ConditionFalse, reason: v1alpha1.ReasonPublishing, reconciling: true,
		message: whichPost(s.post, int32(len(s.post.Status.Posts))) + " is about to be published", //nolint:gosec // At most 25.
	}
}

func judgePublished(s *postScope) (postVerdict, bool) {
	return postVerdict{
		published: metav1.ConditionTrue, reason: v1alpha1.ReasonPublished, message: "All posts are published",
	}, s.post.Complete() && s.post.DeletionTimestamp.IsZero()
}

func judgeDeleting(s *postScope) (postVerdict, bool) {
	v := postVerdict{
		published: metav1.ConditionFalse, reason: v1alpha1.ReasonNotDeleted, reconciling: true,
		message: "The posts are yet to be deleted at X",
	}
	if why := obstacle(s); why != "" {
		v.message += ": " + why
	}
	if limit, limited := judgeLimit(s); limited {
		v.at = limit.at
	}
	return v, !s.post.DeletionTimestamp.IsZero()
}

// obstacle is what a look or a deletion waits for; empty for nothing.
func obstacle(s *postScope) string {
	limit, limited := judgeLimit(s)
	switch {
	case s.pub.problem != "":
		return s.pub.problem
	case limited:
		return limit.message
	case s.trouble != nil:
		return s.trouble.Error()
	default:
		return ""
	}
}

// judgeAttempt speaks of an attempt that is not settled.
func judgeAttempt(s *postScope) (postVerdict, bool) {
	attempt := s.post.Status.Attempt
	switch {
	case attempt == nil:
		return postVerdict{}, false
	case attempt.Outcome == "" && s.trouble == nil:
		return publishing(s), true
	case attempt.Outcome == "":
		// As it was before this attempt: a new one is no change.
		return judgeTrouble(s)
	}
	v := postVerdict{published: metav1.ConditionUnknown, reason: v1alpha1.ReasonUnknown}
	v.reconciling = attempt.NextLookTime != nil
	v.stalled = !v.reconciling
	v.message = fmt.Sprintf("%s may be published: %s.", whichPost(s.post, attempt.Index), attempt.Message)
	if v.reconciling {
		v.message += " The operator looks for it among the account's posts."
		if why := obstacle(s); why != "" {
			v.message += " What it waits for: " + why + "."
		}
		return v, true
	}
	if lookedInVain(attempt) {
		v.message += " The operator did not find it among the account's posts."
	}
	then := "to send it again"
	if rejected(s.post) {
		then = "and it counts as Rejected: somebody with the right to approve rejected it since"
	}
	v.message += fmt.Sprintf(" It is not sent again by itself. Look at X: "+
		"if it is there, set the annotation %s to the post's id; if not, set %s to a new value %s.",
		v1alpha1.AnnotationPublishedAs, v1alpha1.AnnotationRetryRequestedAt, then)
	return v, true
}

// judgeRefusal speaks while nothing is sent until somebody acts.
func judgeRefusal(s *postScope) (postVerdict, bool) {
	v := postVerdict{published: metav1.ConditionFalse, stalled: true}
	switch refusal := s.post.Status.Refusal; {
	case rejected(s.post):
		v.reason, v.message = v1alpha1.ReasonRejected, messageRejected
		if s.post.Status.UncertainSince != nil {
			v.message = messageRejectedLate
		}
	case s.text.reason != "":
		v.reason, v.message = s.text.reason, s.text.message
	case refused(s.post):
		v.reason, v.message = refusal.Reason, refusal.Message
	default:
		return postVerdict{}, false
	}
	return v, true
}

func judgeApproval(s *postScope) (postVerdict, bool) {
	return postVerdict{
		published: metav1.ConditionFalse, reason: v1alpha1.ReasonAwaitingApproval,
		message: fmt.Sprintf("Somebody with the right to approve must read the post, and run kubectl xconnection approve %s --namespace %s, or set the annotation %s to %s",
			s.post.Name, s.post.Namespace, v1alpha1.AnnotationApprovedGeneration, s.post.ApprovalOf(s.post.Generation)),
	}, needsApproval(s)
}

func judgeSchedule(s *postScope) (postVerdict, bool) {
	at := publishAt(s.post)
	return postVerdict{
		published: metav1.ConditionFalse, reason: v1alpha1.ReasonScheduled, at: at,
		message: "Publishing waits for the time in spec.publishAt",
	}, s.now.Before(at)
}

func judgePublisher(s *postScope) (postVerdict, bool) {
	return postVerdict{
		published: metav1.ConditionFalse, reason: v1alpha1.ReasonNotConnected, message: s.pub.problem,
	}, s.pub.problem != ""
}

func judgeLimit(s *postScope) (postVerdict, bool) {
	v := postVerdict{published: metav1.ConditionFalse, reason: v1alpha1.ReasonRateLimited, reconciling: true, at: s.holdUntil}
	switch s.hold {
	case pace.HoldNone:
		return postVerdict{}, false
	case pace.HoldAccount:
		v.message = "X limits the posts of this account: the operator goes on when the limit ends"
	case pace.HoldCapped:
		v.reason, v.message = v1alpha1.ReasonUsageCapExceeded, outcome.OfKind(xapi.KindUsageCap).Advice
	case pace.HoldApp:
		v.message = "X limits the posts of this X app: the operator goes on when the limit ends"
	case pace.HoldTurn:
		// A turn comes round in moments, mostly: its time would change all the while.
		v.at = time.Time{}
		v.message = "X limits the posts of this X app, and its tenants take turns: the operator goes on by itself"
	}
	return v, true
}

func judgeTrouble(s *postScope) (postVerdict, bool) {
	if s.trouble == nil {
		return postVerdict{}, false
	}
	message := "X can't be reached, and nothing was sent: the operator tries again (" + s.trouble.Error() + ")"
	if xapi.KindOf(s.trouble) == xapi.KindAborted {
		message = outcome.OfKind(xapi.KindAborted).Advice
	}
	return postVerdict{
		published: metav1.ConditionFalse, reason: v1alpha1.ReasonXUnavailable, reconciling: true, message: message,
	}, true
}
