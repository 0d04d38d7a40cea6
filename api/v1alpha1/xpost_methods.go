// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "strconv"

// approvalUID is how much of an object's uid an approval holds: enough to tell objects
// apart that had the same name one after another.
const approvalUID = 8

// ApprovalOf is the value of the annotation AnnotationApprovedGeneration that approves a
// generation of this object: the generation, "-", and the first 8 characters of its uid. It
// is empty before the object has a uid.
func (p *XPost) ApprovalOf(generation int64) string {
	if p.UID == "" {
		return ""
	}
	return strconv.FormatInt(generation, 10) + "-" + string(p.UID)[:min(approvalUID, len(p.UID))]
}

// Approved tells whether the annotation approves this object as it is now.
func (p *XPost) Approved() bool {
	approval := p.Annotations[AnnotationApprovedGeneration]
	return approval != "" && approval == p.ApprovalOf(p.Generation)
}

// Rejects tells whether the annotation AnnotationRejectedGeneration says no to a generation
// of this object. It may name the generation alone: to say no of too much publishes nothing.
func (p *XPost) Rejects(generation int64) bool {
	rejection := p.Annotations[AnnotationRejectedGeneration]
	return rejection != "" && (rejection == p.ApprovalOf(generation) || rejection == strconv.FormatInt(generation, 10))
}

// Begun tells whether something of a post is published, or is being published. From then on
// it can't be changed any more, and neither an approval nor a rejection matters.
func (p *XPost) Begun() bool {
	return len(p.Status.Posts) > 0 || p.Status.Attempt != nil && p.Status.Attempt.Outcome == ""
}

// Texts are the texts to publish, in their order: those of the thread, or the one
// text.
func (p *XPost) Texts() []string {
	if len(p.Spec.Thread) > 0 {
		return p.Spec.Thread
	}
	return []string{p.Spec.Text}
}

// Doubtful tells whether one more post may be published than the status has.
func (p *XPost) Doubtful() bool {
	return p.Status.Attempt != nil || p.Status.UncertainSince != nil
}

// Complete tells whether all posts are published.
func (p *XPost) Complete() bool {
	return len(p.Status.Posts) >= len(p.Texts())
}
