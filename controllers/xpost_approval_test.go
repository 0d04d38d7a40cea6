// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// What somebody rejected stays at home: a new time to live does not send it, and another
// text waits for an approval.
func TestRejection(t *testing.T) {
	d := newDesk(t)
	says := func(want string) *v1alpha1.XPost {
		t.Helper()
		post, _ := d.reconcile(t.Context())
		if got := sayings(post); got != want {
			t.Fatalf("the conditions are %q, want %q", got, want)
		}
		return post
	}
	answer := func(annotation, generation string) {
		d.alter(func(post *v1alpha1.XPost) { metav1.SetMetaDataAnnotation(&post.ObjectMeta, annotation, generation) })
	}
	answer(v1alpha1.AnnotationRejectedGeneration, "2")
	says(saysRejected)
	if got, want := d.events(), []string{"Warning Rejected " + messageRejected}; !slices.Equal(got, want) {
		t.Errorf("the events are %q, want %q", got, want)
	}
	d.alter(func(post *v1alpha1.XPost) {
		post.Generation++
		post.Spec.TTLSecondsAfterFinished = ptr.To[int32](7200)
	})
	says(saysRejected)
	d.alter(func(post *v1alpha1.XPost) {
		post.Generation++
		post.Spec.Text = "Hello again"
	})
	says("AwaitingApproval")
	d.sent()
	answer(v1alpha1.AnnotationApprovedGeneration, "4-post-uid")
	says("Published Published Ready")
	d.sent("Hello again")
}

// A rejection that is taken back, as by a tool that prunes what Git lacks, publishes
// nothing: that takes an approval.
func TestRejectionIsTakenBack(t *testing.T) {
	d := newDesk(t, rejectedAt("2"))
	post, _ := d.reconcile(t.Context())
	if got := sayings(post); got != saysRejected {
		t.Fatalf("the conditions are %q", got)
	}
	d.alter(func(post *v1alpha1.XPost) { post.Annotations = nil })
	post, _ = d.reconcile(t.Context())
	if got := sayings(post); got != "AwaitingApproval" {
		t.Fatalf("without the annotation the conditions are %q", got)
	}
	d.alter(func(post *v1alpha1.XPost) {
		metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationApprovedGeneration, "2-post-uid")
	})
	post, _ = d.reconcile(t.Context())
	d.once(post)
}
