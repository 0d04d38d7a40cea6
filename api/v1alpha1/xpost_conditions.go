// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ConditionPublished tells whether all posts of an XPost are at X. Ready of an XPost
// says the same, and Stalled is True beside it where somebody must act; Reconciling,
// where the operator goes on by itself.
//
// The only reason for this condition to be True is Published.
//
// Possible reasons for this condition to be False are:
//
//   - Scheduled, AwaitingApproval, NotConnected: it waits for a time, a person or the
//     connection
//   - Publishing, RateLimited, UsageCapExceeded, XUnavailable (Reconciling): the
//     operator is at work, or goes on later
//   - TooLong, InvalidText, DuplicateContent, ReplyNotAllowed, NotEnrolled, Refused
//     (Stalled): nothing is sent any more until the spec changes or a retry is
//     requested
//   - Rejected (Stalled): nothing is sent until the spec changes and is approved
//   - NotDeleted (Reconciling): the object is being deleted, and its posts with it
//
// It is Unknown with the reason Unknown: Reconciling while the operator looks for
// the post at X, Stalled once only a person can tell.
const ConditionPublished = "Published"

// Reasons of an XPost.
const (
	// ReasonPublished is used with Ready (True) and Published (True).
	ReasonPublished = "Published"

	// ReasonPublishing is used with Ready (False) and Reconciling (True) while posts
	// are being sent.
	ReasonPublishing = "Publishing"

	// ReasonScheduled is used with Ready (False) until spec.publishAt.
	ReasonScheduled = "Scheduled"

	// ReasonAwaitingApproval is used with Ready (False) until somebody who may approves
	// this generation of the spec.
	ReasonAwaitingApproval = "AwaitingApproval"

	// ReasonRejected is used with Ready (False) and Stalled (True) once somebody who may
	// approve rejected this generation of the spec. Nothing was sent, unless the message
	// tells of an earlier try.
	ReasonRejected = "Rejected"

	// ReasonNotConnected is used with Ready (False) while the XConnection is missing,
	// not Ready, suspended, or its token is refused. Publishing goes on by itself once
	// the connection stands.
	ReasonNotConnected = "NotConnected"

	// ReasonTooLong is used with Ready (False) and Stalled (True) when a post weighs
	// more than X takes. Nothing was sent.
	ReasonTooLong = "TooLong"

	// ReasonInvalidText is used with Ready (False) and Stalled (True) when a post holds
	// characters that X does not take. Nothing was sent.
	ReasonInvalidText = "InvalidText"

	// ReasonDuplicateContent is used with Ready (False) and Stalled (True) when X
	// refuses a post because the account published the same text lately, and not for
	// this XPost.
	ReasonDuplicateContent = "DuplicateContent"

	// ReasonReplyNotAllowed is used with Ready (False) and Stalled (True) when X does
	// not let this app or account reply to that post.
	ReasonReplyNotAllowed = "ReplyNotAllowed"

	// ReasonNotEnrolled is used with Ready (False) and Stalled (True) when the X app is
	// not enrolled for X's API: its owner must act at X.
	ReasonNotEnrolled = "NotEnrolled"

	// ReasonRefused is used with Ready (False) and Stalled (True) when X refuses a post
	// for another reason, which the message quotes.
	ReasonRefused = "Refused"

	// ReasonUnknown is used with Ready (False) and Published (Unknown) when a post was
	// sent, or may have been, and no answer came: with Reconciling (True) while the
	// operator looks for it at X, with Stalled (True) when a person must look and
	// decide.
	ReasonUnknown = "Unknown"

	// ReasonDeleted is an event's reason: the posts were deleted at X with the object.
	ReasonDeleted = "Deleted"

	// ReasonNotDeleted is used with Ready (False) and Reconciling (True) while the object
	// is being deleted. As an event's reason it says that the object is gone, and that
	// posts of it are still at X.
	ReasonNotDeleted = "NotDeleted"
)
