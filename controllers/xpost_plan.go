// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"regexp"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// attemptPatience is how long another process is given to settle its attempt: far
	// more than the 5 s from the intent to the call and the 20 s of the call.
	attemptPatience = time.Minute
	// attemptLook is when to look again at an attempt of this very process.
	attemptLook = 30 * time.Second
	// lookPatience is how long this process tries to look for a post. What kept it from
	// looking until then is left to a person.
	lookPatience = time.Hour
	// deleteDeadline is how long a deletion waits for a connection that can't be used,
	// and for an X that fails. After it the object goes, and the posts stay.
	deleteDeadline = 5 * time.Minute
	// limitPatience is how much longer it waits for X's limits, which end by themselves:
	// X lets an account delete 50 posts in 15 minutes.
	limitPatience = time.Hour
	// deleteTries is how often in a row X may fail after the deadline: a deletion that
	// waited for a limit is not given up at the first failure.
	deleteTries = 3
)

// What a pass over an XPost does next, beside its finalizer.
const (
	actionSendPost     action = "SendPost"
	actionWithdrawPost action = "WithdrawPost"
	actionAbandonPost  action = "AbandonPost"
	actionLookForPost  action = "LookForPost"
	actionStopLooking  action = "StopLooking"
	actionAdoptPost    action = "AdoptPost"
	actionDeletePost   action = "DeletePost"
	actionLeavePosts   action = "LeavePosts"
	actionExpirePost   action = "ExpirePost"
)

// planPost decides what to do next. It is pure.
func planPost(s *postScope) decision {
	finalizer := controllerutil.ContainsFinalizer(s.post, v1alpha1.FinalizerDeletePosts)
	deletes := s.post.Spec.DeletionPolicy == v1alpha1.DeletionDelete
	switch {
	case !s.post.DeletionTimestamp.IsZero() && !finalizer:
		return waitUntil()
	case finalizer && !deletes:
		return do(actionRemoveFinalizer)
	case !s.post.DeletionTimestamp.IsZero():
		return planPostDeletion(s)
	case expired(s):
		return do(actionExpirePost)
	case deletes && !finalizer:
		return do(actionAddFinalizer)
	case s.post.Status.Attempt != nil:
		return planAttempt(s)
	case s.post.Complete():
		return waitUntil(keptUntil(s))
	default:
		return planSending(s)
	}
}

// planAttempt decides on an attempt that is not settled. An outcome that is not
// known is looked up at X; when that has not helped, a person says what became of
// the post, or that it is to be sent again.
func planAttempt(s *postScope) decision {
	attempt := s.post.Status.Attempt
	switch {
	case attempt.Outcome == "":
		return planUnderWay(s)
	case toldID(s.post) != "":
		return do(actionAdoptPost)
	case attempt.NextLookTime != nil:
		return planLook(s)
	case retryWanted(s.post) && rejected(s.post):
		// Whoever asks says that it is not at X: then that is the end of it.
		return do(actionWithdrawPost)
	case retryWanted(s.post):
		return planSending(s)
	default:
		return waitUntil()
	}
}

// planUnderWay waits for the holder of an attempt. Once it can neither send nor
// store any more, what became of the post is not known.
func planUnderWay(s *postScope) decision {
	switch takeover := s.seen.first.Add(attemptPatience); {
	case s.seen.mine:
		return waitUntil(s.now.Add(attemptLook))
	case s.seen.unsent:
		return do(actionWithdrawPost)
	case s.seen.gone, !s.now.Before(takeover):
		return do(actionAbandonPost)
	default:
		return waitUntil(takeover)
	}
}

// planLook waits for the time of the next look, and for the connection, but not for
// ever: a person who asks for a retry would wait as well.
func planLook(s *postScope) decision {
	at := latest(s.post.Status.Attempt.NextLookTime.Time, s.retryAt, s.holdUntil)
	until := s.seen.first.Add(lookPatience)
	switch {
	case s.pub.ended, s.hold == pace.HoldCapped, !s.now.Before(until):
		return do(actionStopLooking)
	case s.pub.problem != "", s.queued:
		return waitUntil(until)
	case s.now.Before(at):
		return waitUntil(at, until)
	default:
		return do(actionLookForPost)
	}
}

// planSending waits for all that must be there before a post goes out. A person who
// asks for a retry does not wait for the back-off or a limit of the account.
func planSending(s *postScope) decision {
	retry := retryWanted(s.post)
	waits := latest(s.retryAt, s.holdUntil)
	switch {
	case failed(s):
		return waitUntil(keptUntil(s))
	case needsApproval(s), s.pub.problem != "", s.queued:
		return waitUntil()
	case s.now.Before(publishAt(s.post)):
		return waitUntil(publishAt(s.post))
	case s.now.Before(waits) && (!retry || s.hold != pace.HoldNone):
		return waitUntil(waits)
	default:
		return do(actionSendPost)
	}
}

// planPostDeletion looks for a post that is not accounted for, deletes the posts at X,
// the last first, and lets the object go. What it can't delete it leaves.
func planPostDeletion(s *postScope) decision {
	attempt, known := s.post.Status.Attempt, len(s.post.Status.Posts)
	deadline := s.post.DeletionTimestamp.Add(deleteDeadline)
	switch {
	case attempt != nil && attempt.Outcome == "":
		return planUnderWay(s)
	case known == 0 && !s.post.Doubtful():
		return do(actionRemoveFinalizer)
	case s.pub.ended:
		return do(actionLeavePosts)
	case attempt != nil && int(attempt.Index) == known && toldID(s.post) != "":
		// Once posts are deleted an id may be that of one of these.
		return do(actionAdoptPost)
	case attempt != nil && attempt.NextLookTime != nil:
		return planLastLooks(s, deadline)
	case known == 0, givesUp(s, deadline):
		return do(actionLeavePosts)
	default:
		return planDeleting(s, deadline)
	}
}

// planLastLooks looks for a post that is not accounted for, so that it is deleted too.
// That comes before the others are deleted: what it replies to tells it from other
// posts. After the deadline they go without it.
func planLastLooks(s *postScope, deadline time.Time) decision {
	if !s.now.Before(deadline) {
		return do(actionStopLooking)
	}
	look := planLook(s)
	if look.isWait() {
		return look.orBy(deadline)
	}
	return look
}

// planDeleting waits for X, for the connection and for other posts of it. What a limit
// of X holds back is not known before a call is asked for.
func planDeleting(s *postScope, deadline time.Time) decision {
	waits := latest(s.retryAt, s.holdUntil)
	if !s.now.Before(deadline) {
		deadline = deadline.Add(limitPatience)
	}
	switch {
	case s.pub.problem != "", s.queued:
		return waitUntil(deadline)
	case s.now.Before(waits):
		return waitUntil(waits, deadline)
	default:
		return do(actionDeletePost)
	}
}

// givesUp tells whether a deletion has waited long enough for what it waits for now. A
// cap that is used up may last until the month ends: that is no limit to wait for.
func givesUp(s *postScope, deadline time.Time) bool {
	switch {
	case s.now.Before(deadline):
		return false
	case s.pub.problem != "", s.failures >= deleteTries, s.hold == pace.HoldCapped:
		return true
	case s.hold != pace.HoldNone, s.queued:
		return !s.now.Before(deadline.Add(limitPatience))
	default:
		return false
	}
}

func publishAt(post *v1alpha1.XPost) time.Time {
	if post.Spec.PublishAt == nil {
		return time.Time{}
	}
	return post.Spec.PublishAt.Time
}

// failed tells whether nothing is sent until somebody acts: the post can't be sent as
// it stands, or a person or X refuses it.
func failed(s *postScope) bool {
	return s.text.reason != "" || rejected(s.post) || refused(s.post) && !retryWanted(s.post)
}

// refused tells whether X's refusal stands: it is about this generation, or about
// another that publishes the same. A new deletionPolicy or time to live must not send
// an old post again.
func refused(post *v1alpha1.XPost) bool {
	refusal := post.Status.Refusal
	return refusal != nil && !isRejection(refusal) && (refusal.Generation == post.Generation || refusal.ContentHash == contentHash(post.Spec))
}

// retryWanted tells whether a person asks for a retry that was not handled.
func retryWanted(post *v1alpha1.XPost) bool {
	wanted := asked(post, v1alpha1.AnnotationRetryRequestedAt)
	return wanted != "" && wanted != post.Status.LastHandledRetryAt
}

var postID = regexp.MustCompile(xapi.IDPattern)

// toldID is the id under which a person found a post whose outcome is unknown. The
// answer to an earlier question is none.
func toldID(post *v1alpha1.XPost) string {
	id := post.Annotations[v1alpha1.AnnotationPublishedAs]
	known := slices.ContainsFunc(post.Status.Posts, func(p v1alpha1.PublishedPost) bool { return p.ID == id })
	if known || !postID.MatchString(id) {
		return ""
	}
	return id
}

// latest gives the last of the times; zero if none is set.
func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, at := range times {
		if at.After(last) {
			last = at
		}
	}
	return last
}
