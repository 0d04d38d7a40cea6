// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

const (
	// firstLook is how long after a lost answer a post is first looked for: X needs a
	// moment to show it.
	firstLook = 2 * time.Second
	// clockSkew is how far X's clock may be behind ours.
	clockSkew = time.Minute
	// lookPages bounds what is read of an account at each look, in pages of 100.
	lookPages = 3
)

// nextLooks are the waits between looks. X charges for what is read, and what it does
// not show within a minute it will hardly show later.
var nextLooks = []time.Duration{5 * time.Second, 15 * time.Second, 40 * time.Second}

// lookForPost looks among the account's own posts for one whose answer was lost.
func (r *XPostReconciler) lookForPost(ctx context.Context, s *postScope) error {
	if s.pub.account.UserID == "" {
		return r.stopLooking(ctx, s, "the account's id is not known")
	}
	if !r.reserve(s, xapi.EndpointUserPosts) {
		return nil
	}
	defer r.lanes.leave(s.pub.uid)
	found, err := r.findPost(ctx, s)
	r.setTrouble(s, troubleOf(err))
	switch {
	case refusesLooks(err):
		return r.stopLooking(ctx, s, err.Error())
	case err != nil:
		return nil
	case found == nil:
		return r.stopOrLookAgain(ctx, s)
	}
	at := found.CreatedAt
	if at.IsZero() {
		at = r.Now()
	}
	attempt := *s.post.Status.Attempt
	return r.changePost(ctx, s, attemptOutcome{attempt: attempt, published: published(s, attempt.Index, found.ID, at)}.apply)
}

// refusesLooks tells whether X refuses a look for a reason that the next look would
// meet as well.
func refusesLooks(err error) bool {
	switch xapi.KindOf(err) {
	case xapi.KindForbidden, xapi.KindNotEnrolled, xapi.KindNotFound, xapi.KindUsageCap:
		return true
	default:
		return false
	}
}

func (r *XPostReconciler) stopOrLookAgain(ctx context.Context, s *postScope) error {
	looks := int(s.post.Status.Attempt.Looks)
	if looks >= len(nextLooks) {
		return r.stopLooking(ctx, s, "")
	}
	at := metav1.NewMicroTime(r.Now().Add(nextLooks[looks]).UTC())
	return r.changePost(ctx, s, func(post *v1alpha1.XPost) {
		post.Status.Attempt.Looks++
		post.Status.Attempt.NextLookTime = &at
	})
}

// giveUpLooking stops for what keeps the operator from looking.
func (r *XPostReconciler) giveUpLooking(ctx context.Context, s *postScope) error {
	why := obstacle(s)
	if why == "" {
		why = "it took too long"
	}
	return r.stopLooking(ctx, s, why)
}

// stopLooking leaves it to a person: after the last look, or for a reason why there is
// none. What was in the way of looking is not in the way of what comes next.
func (r *XPostReconciler) stopLooking(ctx context.Context, s *postScope, why string) error {
	r.setTrouble(s, nil)
	s.hold, s.holdUntil = pace.HoldNone, time.Time{}
	return r.changePost(ctx, s, func(post *v1alpha1.XPost) {
		attempt := post.Status.Attempt
		attempt.NextLookTime = nil
		if why == "" {
			attempt.Looks++
			return
		}
		attempt.Message += ", and it can't be looked for at X: " + why
		// Who asked for a retry until now did not know that nobody has looked.
		post.Status.LastHandledRetryAt = asked(post, v1alpha1.AnnotationRetryRequestedAt)
	})
}

// lookedInVain tells whether all looks were made, and found nothing.
func lookedInVain(attempt *v1alpha1.PostAttempt) bool { return int(attempt.Looks) > len(nextLooks) }

// findPost reads what the account published since the attempt, and gives the first
// that can be this post; nil if there is none.
func (r *XPostReconciler) findPost(ctx context.Context, s *postScope) (*xapi.Post, error) {
	began := s.post.Status.Attempt.StartedAt
	if first := s.post.Status.UncertainSince; first != nil {
		began = *first
	}
	since := began.Add(-clockSkew)
	request := xapi.PageRequest{MaxResults: 100, StartTime: since}
	var first *xapi.Post
	for range lookPages {
		var page xapi.Page
		err := r.ask(ctx, s, xapi.EndpointUserPosts, func(x *xapi.Client) (err error) {
			page, err = x.UserPosts(ctx, s.pub.access, s.pub.account.UserID, request)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i := range page.Posts {
			is, err := r.isPost(ctx, s, page.Posts[i], since)
			if err != nil {
				return nil, err
			}
			if is {
				first = &page.Posts[i]
			}
		}
		if request.PageToken = page.NextToken; request.PageToken == "" {
			break
		}
	}
	return first, nil
}

// isPost tells whether a post at X can be the one that is looked for: the same text
// in the same place, published since, and not another XPost's.
func (r *XPostReconciler) isPost(ctx context.Context, s *postScope, found xapi.Post, since time.Time) (bool, error) {
	index := s.post.Status.Attempt.Index
	earlier := !found.CreatedAt.IsZero() && found.CreatedAt.Before(since)
	if earlier || found.InReplyTo != repliesTo(s.post, index) || !weight.Same(s.post.Texts()[index], found.Text) {
		return false, nil
	}
	var owners v1alpha1.XPostList
	if err := r.List(ctx, &owners, client.MatchingFields{indexPostID: found.ID}); err != nil {
		return false, fmt.Errorf("looking for the XPost of the post %s: %w", found.ID, err)
	}
	return len(owners.Items) == 0, nil
}

// adoptPost records the id under which a person found the post.
func (r *XPostReconciler) adoptPost(ctx context.Context, s *postScope) error {
	attempt := *s.post.Status.Attempt
	at := attempt.StartedAt.Time
	return r.changePost(ctx, s, attemptOutcome{
		attempt: attempt, published: published(s, attempt.Index, toldID(s.post), at),
	}.apply)
}
