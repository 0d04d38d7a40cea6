// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Annotations. Of those that ask for something by a new value, one of more than 256 bytes
// is shown in status as "sha256:" and its digest in hexadecimal.
const (
	// AnnotationDefaultApp with the value "true" on an XApp makes it the app of
	// every Shared XConnection that names none. One whose account consented to another
	// stays with that as long as its tokens live.
	AnnotationDefaultApp = "x.agentconnect.dev/is-default-app"

	// AnnotationRefreshRequestedAt on an XConnection asks for a refresh now. A new
	// value, of any form, is a new request; status.lastHandledRefreshAt shows the
	// last value that was handled. At most one refresh a minute is made so.
	AnnotationRefreshRequestedAt = "x.agentconnect.dev/refresh-requested-at"

	// AnnotationReconnectRequestedAt on an XConnection asks a person for consent
	// again, while the present token keeps working. A new value, of any form, is a
	// new request; status.lastHandledReconnectAt shows the last value handled.
	AnnotationReconnectRequestedAt = "x.agentconnect.dev/reconnect-requested-at"

	// AnnotationRotation on a token Secret says which rotation of the grant its
	// access token belongs to; it never goes down.
	AnnotationRotation = "x.agentconnect.dev/rotation"

	// AnnotationApprovedGeneration on an XPost approves one metadata.generation of one
	// object: the value is that of XPost.ApprovalOf, such as "2-1b4e28ba". What names
	// another generation, or an object that had this name before, approves nothing. The
	// admission policy x-operator-post-approval lets those alone set it whose RBAC allows
	// the verb approve on the XPost, and refuses an update with a value that approves nothing.
	AnnotationApprovedGeneration = "x.agentconnect.dev/approved-generation"

	// AnnotationRejectedGeneration on an XPost says no to the spec of that
	// metadata.generation, given alone or as for an approval, whether or not an approval
	// is required: it is not published,
	// unless something of it is already. A later generation waits for an approval, and one
	// that would publish the same stays rejected until then. Of an approval and a
	// rejection of the same generation the rejection counts. The same policy holds
	// everybody who sets, changes or removes it to the same verb.
	AnnotationRejectedGeneration = "x.agentconnect.dev/rejected-generation"

	// AnnotationRetryRequestedAt on an XPost asks to send again a post that X refused,
	// or one whose outcome is Unknown and that a person did not find at X. A new value,
	// of any form, is a new request; status.lastHandledRetryAt shows the last value
	// that was handled.
	AnnotationRetryRequestedAt = "x.agentconnect.dev/retry-requested-at"

	// AnnotationPublishedAs on an XPost whose outcome is Unknown says under which id a
	// person found the post at X.
	AnnotationPublishedAs = "x.agentconnect.dev/published-as"

	// AnnotationAuthor on an XPost that the agents' door made is the Kubernetes user
	// who asked for it, such as system:serviceaccount:customer-a:social-manager.
	AnnotationAuthor = "x.agentconnect.dev/author"

	// AnnotationRequestID on an XPost that the agents' door made is the caller's own
	// name for the request, by which a repetition is told from another request.
	AnnotationRequestID = "x.agentconnect.dev/request-id"

	// AnnotationRequestHash on an XPost that the agents' door or the kubectl plugin made is
	// a digest of what the caller asked for, by a rule of each one's own. It tells a
	// repetition from another request although the spec may have been changed since, by
	// whoever approved it, say.
	AnnotationRequestHash = "x.agentconnect.dev/request-hash"
)

// XPosts that the agents' door made carry this label.
const (
	LabelOrigin      = "x.agentconnect.dev/origin"
	LabelOriginAgent = "agent"
)

// LabelPostApproval with the value "Required" on a Namespace makes every XPost in it
// wait for approval.
const LabelPostApproval = "x.agentconnect.dev/post-approval"

// FinalizerDeletePosts keeps an XPost until its posts have been deleted at X.
const FinalizerDeletePosts = "x.agentconnect.dev/delete-posts"

// FinalizerRevoke keeps an XConnection until its tokens have been revoked at X.
const FinalizerRevoke = "x.agentconnect.dev/revoke"

// A Secret that spec.appSecretRef names must carry this label: naming a Secret
// alone must not make the operator send its content anywhere.
const (
	LabelApp      = "x.agentconnect.dev/app"
	LabelAppValue = "true"
)

// Token Secrets carry this label, so that the operator watches them and no others.
const (
	LabelToken      = "x.agentconnect.dev/token"
	LabelTokenValue = "true"
)

// Keys of an app Secret, of an XApp's as of a namespace's own.
const (
	AppKeyClientID     = "clientId"
	AppKeyClientSecret = "clientSecret"
)

// SecretTypeToken is the type of a token Secret.
const SecretTypeToken = "x.agentconnect.dev/token"

// Keys of a token Secret. It is meant to be mounted and its file read again for
// each request: an environment variable goes stale with the token, in two hours.
const (
	// TokenKeyAccessToken is the bearer token for calls to X.
	TokenKeyAccessToken = "access_token"
	// TokenKeyTokenType is X's word for the token's type: "bearer".
	TokenKeyTokenType = "token_type"
	// TokenKeyExpiresAt is when the token ends: RFC 3339, UTC.
	TokenKeyExpiresAt = "expires_at"
	// TokenKeyScope lists the scopes that X granted, separated by spaces.
	TokenKeyScope = "scope"
	// TokenKeyUsername is the account's handle without "@".
	TokenKeyUsername = "username"
	// TokenKeyUserID is the account's numeric id, which outlives a renaming.
	TokenKeyUserID = "user_id"
)
