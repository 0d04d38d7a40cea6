// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// addPostFinalizer comes before anything is sent, where the posts are to go with the
// object.
func (r *XPostReconciler) addPostFinalizer(ctx context.Context, s *postScope) error {
	after := s.post.DeepCopy()
	if err := addFinalizer(ctx, r.Client, after, v1alpha1.FinalizerDeletePosts); err != nil {
		return err
	}
	s.post = after
	return nil
}

func (r *XPostReconciler) removePostFinalizer(ctx context.Context, s *postScope) error {
	after := s.post.DeepCopy()
	if err := dropFinalizer(ctx, r.Client, after, v1alpha1.FinalizerDeletePosts); err != nil {
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
	if r.setTrouble(s, err); err != nil {
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
	message := "The posts were not deleted at X: delete them there by hand"
	for _, post := range s.post.Status.Posts {
		message += ", " + post.URL
	}
	if s.post.Status.Attempt != nil {
		message += "; whether one more was published is not known"
	}
	if s.pub.problem != "" {
		message += ". " + s.pub.problem
	} else if s.trouble != nil {
		message += ". " + s.trouble.Error()
	}
	r.postEvent(s.post, corev1.EventTypeWarning, v1alpha1.ReasonNotDeleted, "Delete", message)
	return r.removePostFinalizer(ctx, s)
}
