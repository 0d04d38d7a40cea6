// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/agentconnect/x-operator/api/v1alpha1"

const messageRejected = "Somebody with the right to approve rejected this: it is not published unless it is changed, and then approved"

// needsApproval tells whether a second person is yet to approve this generation. After a
// rejection it takes that too, so that neither a change of the object publishes it by the
// way nor the loss of an annotation, which a GitOps tool may take back.
func needsApproval(s *postScope) bool {
	wanted := s.approvalWanted || s.post.Annotations[v1alpha1.AnnotationRejectedGeneration] != "" || isRejection(s.post.Status.Refusal)
	return wanted && !s.post.Begun() && !s.post.Approved()
}

// messageRejectedLate is of one that an earlier try may have published.
const messageRejectedLate = "Somebody with the right to approve rejected this: it is not sent again. An earlier try may have published it: " +
	"look at X, and delete it there. This XPost can't be changed any more: another text takes another XPost"

// rejected tells whether somebody who may approve said no to this generation, or to an
// earlier one that would publish the same, and nobody approved this one since.
func rejected(post *v1alpha1.XPost) bool {
	return !post.Begun() && (post.Rejects(post.Generation) || rejectedAsItIs(post) && !post.Approved())
}

// rejectedAsItIs tells whether the rejection that the annotation still names is on record,
// and about what the spec publishes now.
func rejectedAsItIs(post *v1alpha1.XPost) bool {
	refusal := post.Status.Refusal
	return isRejection(refusal) && refusal.ContentHash == contentHash(post.Spec) && post.Rejects(refusal.Generation)
}

func isRejection(refusal *v1alpha1.PostRefusal) bool {
	return refusal != nil && refusal.Reason == v1alpha1.ReasonRejected
}

// recordRejection keeps on record what was rejected, until it is approved: a new time to
// live is no other post, and must not end the rejection.
func recordRejection(post *v1alpha1.XPost) {
	switch {
	case !post.Begun() && post.Rejects(post.Generation):
		post.Status.Refusal = &v1alpha1.PostRefusal{
			Reason: v1alpha1.ReasonRejected, Message: messageRejected,
			Generation: post.Generation, ContentHash: contentHash(post.Spec),
		}
	case isRejection(post.Status.Refusal) && (post.Begun() || post.Approved()):
		post.Status.Refusal = nil
	}
}
