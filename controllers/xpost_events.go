// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// notifyPost makes an event for each post that was published, and whenever Ready
// takes another reason that a person would want to know of.
func (r *XPostReconciler) notifyPost(before, after *v1alpha1.XPost) {
	for i := len(before.Status.Posts); i < len(after.Status.Posts); i++ {
		r.postEvent(after, corev1.EventTypeNormal, v1alpha1.ReasonPublished, "Publish", "Published "+after.Status.Posts[i].URL)
	}
	old := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	ready := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || old != nil && old.Reason == ready.Reason && !nowStalled(before, after) {
		return
	}
	switch ready.Reason {
	case v1alpha1.ReasonPublished, v1alpha1.ReasonPublishing:
	case v1alpha1.ReasonScheduled, v1alpha1.ReasonAwaitingApproval:
		r.postEvent(after, corev1.EventTypeNormal, ready.Reason, "Publish", ready.Message)
	default:
		r.postEvent(after, corev1.EventTypeWarning, ready.Reason, "Publish", ready.Message)
	}
}

// nowStalled tells whether somebody must act from now on.
func nowStalled(before, after *v1alpha1.XPost) bool {
	stalled := func(post *v1alpha1.XPost) bool {
		return meta.IsStatusConditionTrue(post.Status.Conditions, v1alpha1.ConditionStalled)
	}
	return !stalled(before) && stalled(after)
}

// notifyGone tells of a post that was sent while its object was deleted. No event can be
// made in a namespace that is being deleted: the log has it as well.
func (r *XPostReconciler) notifyGone(ctx context.Context, s *postScope, ended attemptOutcome) {
	switch {
	case ended.published != nil:
		r.postEvent(s.post, corev1.EventTypeWarning, v1alpha1.ReasonPublished, "Publish",
			"The XPost was deleted while its post was sent: it is published as "+ended.published.URL)
		log.FromContext(ctx).Error(nil, "An XPost was deleted while its post was sent: it is published", "post", ended.published.URL)
	case ended.unknown != "":
		r.postEvent(s.post, corev1.EventTypeWarning, v1alpha1.ReasonUnknown, "Publish",
			"The XPost was deleted while its post was sent, and it may be published: "+ended.unknown)
		log.FromContext(ctx).Error(nil, "An XPost was deleted while its post was sent: it may be published", "reason", ended.unknown)
	}
}

// postEvent makes one event.
func (r *XPostReconciler) postEvent(post *v1alpha1.XPost, kind, reason, action, message string) {
	r.Recorder.Eventf(post, nil, kind, reason, action, "%s", noteOf(message))
}
