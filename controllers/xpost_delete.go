// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// addPostFinalizer comes before anything is sent, where the posts are to go with the
// object.
func (r *XPostReconciler) addPostFinalizer(ctx context.Context, s *postScope) error {
	after := s.post.DeepCopy()
	if err := addFinalizer(ctx, r.Client, r.Live, after, v1alpha1.FinalizerDeletePosts); err != nil {
		return err
	}
	s.post = after
	return nil
}

func (r *XPostReconciler) removePostFinalizer(ctx context.Context, s *postScope) error {
	after := s.post.DeepCopy()
	if err := dropFinalizer(ctx, r.Client, r.Live, after, v1alpha1.FinalizerDeletePosts); err != nil {
		return err
	}
	s.finished = !s.post.DeletionTimestamp.IsZero()
	s.post = after
	return nil
}

// deleteLastPost deletes the last of the posts at X. Deleting again what is deleted
// is harmless: a crash in between costs nothing.
func (r *XPostReconciler) deleteLastPost(ctx context.Context, s *postScope) error {
	if !r.reserve(s, xapi.EndpointDeletePost) {
		return nil
	}
	defer r.lanes.leave(s.pub.uid)
	last := s.post.Status.Posts[len(s.post.Status.Posts)-1]
	err := r.ask(ctx, s, xapi.EndpointDeletePost, func(x *xapi.Client) error {
		return x.DeletePost(ctx, s.pub.access, last.ID)
	})
	if xapi.KindOf(err) == xapi.KindNotFound {
		err = nil
	}
	if r.setTrouble(s, troubleOf(err)); err != nil {
		return nil
	}
	if err := r.changePost(ctx, s, func(post *v1alpha1.XPost) {
		post.Status.Posts = post.Status.Posts[:len(post.Status.Posts)-1]
	}); err != nil {
		return err
	}
	r.postEvent(s.post, corev1.EventTypeNormal, v1alpha1.ReasonDeleted, "Delete", "The post "+last.URL+" was deleted at X")
	return nil
}

// leavePosts lets the object go although posts of it may be at X, and says so.
func (r *XPostReconciler) leavePosts(ctx context.Context, s *postScope) error {
	message, why := leftAtX(s.post), obstacle(s)
	if why != "" {
		message += ". " + why
	}
	r.postEvent(s.post, corev1.EventTypeWarning, v1alpha1.ReasonNotDeleted, "Delete", message)
	// No event can be made in a namespace that is being deleted.
	log.FromContext(ctx).Error(nil, "Posts of a deleted XPost are left at X",
		"posts", urlsOf(s.post), "mayBeOneMore", s.post.Doubtful(), "reason", why)
	return r.removePostFinalizer(ctx, s)
}

// leftAtX says what is at X, or may be, of an object that goes.
func leftAtX(post *v1alpha1.XPost) string {
	attempt, urls := post.Status.Attempt, urlsOf(post)
	if len(urls) == 0 {
		which := "The post"
		switch {
		case attempt != nil:
			which = whichPost(post, attempt.Index)
		case len(post.Texts()) > 1:
			which = "A post of the thread"
		}
		return which + " may be at X and was not deleted: look for it there, and delete it by hand"
	}
	message := "The posts were not deleted at X: delete them there by hand, " + strings.Join(urls, ", ")
	if post.Doubtful() {
		message += "; whether one more was published is not known"
	}
	return message
}

func urlsOf(post *v1alpha1.XPost) []string {
	var urls []string
	for _, published := range post.Status.Posts {
		urls = append(urls, published.URL)
	}
	return urls
}
