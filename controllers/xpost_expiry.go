// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

const (
	// keptAtLeast is how long an XPost is kept after it finished. Who waits for it sees
	// how it ended; and a later XPost with the same text, whose answer is lost, looks
	// at X for posts of its own time and up to clockSkew before it: none that this one
	// published may be among them.
	keptAtLeast = 2 * clockSkew
	// witnessLook is when to look again whether an XPost is still a witness.
	witnessLook = 5 * time.Minute
)

// expired tells whether the time to live of an object is over.
func expired(s *postScope) bool {
	until := keptUntil(s)
	return !until.IsZero() && !s.now.Before(until)
}

// keptUntil is when a finished object goes by its time to live; zero for never.
func keptUntil(s *postScope) time.Time {
	finished, ttl := finishedAt(s), s.post.Spec.TTLSecondsAfterFinished
	if finished.IsZero() || ttl == nil {
		return time.Time{}
	}
	until := finished.Add(max(time.Duration(*ttl)*time.Second, keptAtLeast))
	if s.witness {
		return latest(until, s.now.Add(witnessLook))
	}
	return until
}

// finishedAt is since when nothing is left to do or to learn; zero while something is.
// What may be at X, or may not, is not finished: only its object knows of it.
func finishedAt(s *postScope) time.Time {
	switch {
	case s.post.Status.Attempt != nil, s.post.Status.UncertainSince != nil:
		return time.Time{}
	case rejected(s.post):
		// It tells whoever repeats the request that the answer is no.
		return time.Time{}
	case s.post.Complete():
		return trueSince(s, v1alpha1.ConditionPublished)
	case failed(s):
		return trueSince(s, v1alpha1.ConditionStalled)
	default:
		return time.Time{}
	}
}

// trueSince is since when a condition is true that follows from the scope: since now,
// if the status does not say so yet.
func trueSince(s *postScope, kind string) time.Time {
	if !meta.IsStatusConditionTrue(s.post.Status.Conditions, kind) {
		return s.now
	}
	return meta.FindStatusCondition(s.post.Status.Conditions, kind).LastTransitionTime.Time
}

// readWitness finds out whether the object is still needed as a witness: while a post
// with the same text is looked for at X, only this record tells that those here are
// not it.
func (r *XPostReconciler) readWitness(ctx context.Context, s *postScope) error {
	if s.post.Spec.TTLSecondsAfterFinished == nil || len(s.post.Status.Posts) == 0 {
		return nil
	}
	var unsettled v1alpha1.XPostList
	err := r.List(ctx, &unsettled, client.MatchingFields{indexUnsettled: s.post.Status.UserID}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("listing the XPosts whose last attempt is not settled: %w", err)
	}
	s.witness = slices.ContainsFunc(unsettled.Items, func(other v1alpha1.XPost) bool { return takenFor(s.post, &other) })
	return nil
}

// takenFor tells whether a post of one XPost could be taken for the one that another
// has under way.
func takenFor(post, other *v1alpha1.XPost) bool {
	if post.UID == other.UID || other.Complete() {
		return false
	}
	wanted := other.Texts()[len(other.Status.Posts)]
	return slices.ContainsFunc(post.Texts(), func(text string) bool { return weight.Same(wanted, text) })
}

// unsettledAccount is the index of that name.
func unsettledAccount(post *v1alpha1.XPost) []string {
	if post.Status.Attempt == nil && post.Status.UncertainSince == nil {
		return nil
	}
	return []string{post.Status.UserID}
}

// expirePost deletes an object whose time to live is over. Its posts stay at X, also
// where a deletion by hand takes them along: a record is cleared away, and nobody asked
// for more. Whatever changed the object meanwhile comes first.
func (r *XPostReconciler) expirePost(ctx context.Context, s *postScope) error {
	after := s.post.DeepCopy()
	if controllerutil.ContainsFinalizer(after, v1alpha1.FinalizerDeletePosts) {
		if err := dropFinalizer(ctx, r.Client, r.Live, after, v1alpha1.FinalizerDeletePosts); err != nil {
			return err
		}
	}
	asSeen := client.Preconditions{UID: &after.UID, ResourceVersion: &after.ResourceVersion}
	if err := r.Delete(ctx, after, asSeen); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the XPost, whose ttlSecondsAfterFinished is over: %w", err)
	}
	log.FromContext(ctx).Info("An XPost was deleted because its ttlSecondsAfterFinished was over")
	s.post, s.finished = after, true
	return nil
}
