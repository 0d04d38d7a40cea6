// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// XPost publishes a post or a thread to the account of an XConnection, once: the
// operator records each attempt before it calls X, and what came of one that got
// no answer it looks up at X. What can't be settled is reported as Unknown and
// waits for a person; it is never blindly sent again.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=xpost,categories=agentconnect
// +kubebuilder:printcolumn:name="Connection",type=string,JSONPath=`.spec.connectionRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Posts",type=string,JSONPath=`.status.progress`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.posts[0].url`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Publish At",type=string,priority=1,JSONPath=`.spec.publishAt`
// +kubebuilder:printcolumn:name="Approval",type=string,priority=1,JSONPath=`.spec.approval`
// +kubebuilder:printcolumn:name="Deletion",type=string,priority=1,JSONPath=`.spec.deletionPolicy`
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || !(has(oldSelf.status.attempt) || has(oldSelf.status.uncertainSince) || (has(oldSelf.status.posts) && size(oldSelf.status.posts) > 0)) || (self.spec.connectionRef == oldSelf.spec.connectionRef && has(self.spec.text) == has(oldSelf.spec.text) && (!has(self.spec.text) || self.spec.text == oldSelf.spec.text) && has(self.spec.thread) == has(oldSelf.spec.thread) && (!has(self.spec.thread) || self.spec.thread == oldSelf.spec.thread) && has(self.spec.replyTo) == has(oldSelf.spec.replyTo) && (!has(self.spec.replyTo) || self.spec.replyTo == oldSelf.spec.replyTo) && has(self.spec.publishAt) == has(oldSelf.spec.publishAt) && (!has(self.spec.publishAt) || self.spec.publishAt == oldSelf.spec.publishAt) && self.spec.replySettings == oldSelf.spec.replySettings && self.spec.madeWithAI == oldSelf.spec.madeWithAI && self.spec.approval == oldSelf.spec.approval)",message="publishing has begun, and what is published can't be changed: only deletionPolicy and ttlSecondsAfterFinished may be. Create another XPost instead",fieldPath=".spec",reason=FieldValueForbidden
type XPost struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what is published, where and when.
	// +required
	Spec XPostSpec `json:"spec"`

	// status is what came of it. It is written by the operator alone.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status XPostStatus `json:"status,omitempty,omitzero"`
}

// ReplySettings says who may reply to a post, beside those that it mentions.
//
// +kubebuilder:validation:Enum=Everyone;Following;MentionedUsers;Subscribers;Verified
type ReplySettings string

const (
	// ReplyEveryone lets everyone reply.
	ReplyEveryone ReplySettings = "Everyone"
	// ReplyFollowing lets those reply that the account follows.
	ReplyFollowing ReplySettings = "Following"
	// ReplyMentionedUsers lets those reply that the post mentions.
	ReplyMentionedUsers ReplySettings = "MentionedUsers"
	// ReplySubscribers lets the account's subscribers reply.
	ReplySubscribers ReplySettings = "Subscribers"
	// ReplyVerified lets verified accounts reply.
	ReplyVerified ReplySettings = "Verified"
)

// Approval says whether a post waits for a second person.
//
// +kubebuilder:validation:Enum=Required;NotRequired
type Approval string

const (
	// ApprovalRequired waits for the annotation
	// x.agentconnect.dev/approved-generation.
	ApprovalRequired Approval = "Required"
	// ApprovalNotRequired waits for nobody.
	ApprovalNotRequired Approval = "NotRequired"
)

// DeletionPolicy says what becomes of published posts when their XPost is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionRetain leaves them at X.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes them at X.
	DeletionDelete DeletionPolicy = "Delete"
)

// XPostSpec says what is published, where and when. Once publishing has begun only
// deletionPolicy and ttlSecondsAfterFinished may change.
//
// +kubebuilder:validation:XValidation:rule="has(self.text) != has(self.thread)",message="exactly one of text and thread must be set: text for one post, thread for a list of posts that each reply to the one before"
type XPostSpec struct {
	// connectionRef names the XConnection in this namespace whose account publishes.
	// +required
	ConnectionRef ConnectionReference `json:"connectionRef"`

	// text is the text of a single post. X allows a weight of 280: most letters weigh
	// 1, others and emoji 2, a link 23 however long it is. What is heavier is reported
	// (TooLong) before anything is sent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4000
	// +kubebuilder:validation:XValidation:rule="size(bytes(self)) <= 4000",message="a post must be at most 4000 bytes long in UTF-8; X itself takes a weight of 280"
	// +kubebuilder:validation:XValidation:rule="self.matches('[^ \\\\t\\\\r\\\\n]')",message="a post must hold more than white space"
	Text string `json:"text,omitempty"`

	// thread lists the texts of 1 to 25 posts that are published in this order, each
	// as a reply to the one before. A thread that is interrupted goes on where it
	// stopped. Each text is held to the limits of text.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=25
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=4000
	// +kubebuilder:validation:items:XValidation:rule="size(bytes(self)) <= 4000",message="a post must be at most 4000 bytes long in UTF-8; X itself takes a weight of 280"
	// +kubebuilder:validation:items:XValidation:rule="self.matches('[^ \\\\t\\\\r\\\\n]')",message="a post must hold more than white space"
	Thread []string `json:"thread,omitempty"`

	// replyTo is the id of the post at X that the first post replies to. X allows
	// apps of some plans to reply to those alone who mentioned or quoted the account
	// (ReplyNotAllowed). Default: none.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,19}$')",message="replyTo must be a post's id of 1 to 19 digits, in quotes: the last part of its URL"
	ReplyTo string `json:"replyTo,omitempty"`

	// publishAt is the time to publish at, or a little later: RFC 3339, such as
	// 2026-12-01T09:00:00Z. A time that is past means now. Default: now.
	// +optional
	PublishAt *metav1.Time `json:"publishAt,omitempty"`

	// replySettings says who may reply to the first post, and so to the thread:
	// Everyone, Following (whom the account follows), MentionedUsers, Subscribers or
	// Verified. Default: Everyone.
	// +optional
	// +kubebuilder:default=Everyone
	ReplySettings ReplySettings `json:"replySettings,omitempty"`

	// madeWithAI, if true, discloses at X that the posts were made with AI. Default:
	// false.
	// +optional
	// +kubebuilder:default=false
	MadeWithAI bool `json:"madeWithAI,omitempty"`

	// approval says whether publishing waits for a second person. Required: until
	// somebody whose RBAC allows the verb approve on this XPost sets the annotation
	// x.agentconnect.dev/approved-generation to metadata.generation, "-" and the first 8
	// characters of metadata.uid, such as 2-1b4e28ba, as kubectl xconnection approve does;
	// a change of the spec needs another approval. Who may approve may also say no, with
	// x.agentconnect.dev/rejected-generation. In a namespace with the label
	// x.agentconnect.dev/post-approval: Required every XPost waits, whatever stands
	// here. Default: NotRequired.
	// +optional
	// +kubebuilder:default=NotRequired
	Approval Approval `json:"approval,omitempty"`

	// deletionPolicy says what becomes of the posts at X when this object is deleted,
	// other than by ttlSecondsAfterFinished. Retain: they stay. Delete: they are deleted
	// first, for which the connection must still stand. Default: Retain.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// ttlSecondsAfterFinished is how many seconds after it finished the operator
	// deletes this object: after everything was published (Published is True), or after
	// a refusal that nobody answered (Published is False, Stalled is True). Posts stay
	// at X, whatever deletionPolicy says. The object is kept for two minutes at least;
	// as long as its outcome is Unknown; and as long as that of another post of the
	// account with the same text is not known. Do not set it on an object that a GitOps
	// tool applies from Git: applied again after it is gone, it would be published
	// again. It may change at any time. Default: the object is kept.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`
}

// ConnectionReference names an XConnection in the same namespace.
//
// +structType=atomic
type ConnectionReference struct {
	// name is the XConnection's name.
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an XConnection consists of lower-case letters, digits, '-' and '.', and begins and ends with a letter or a digit"
	Name string `json:"name"`
}

// XPostStatus is what came of an XPost.
type XPostStatus struct {
	// observedGeneration is the generation of the spec that this status is about: -1
	// until the operator has seen the object, so that nobody takes it for ready (kstatus).
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// progress counts the posts that are published and those that are wanted, such
	// as 2/3.
	// +optional
	Progress string `json:"progress,omitempty"`

	// userID is the account at X that publishes: the one that the connection had when
	// publishing began. No other account is used for the rest.
	// +optional
	UserID string `json:"userID,omitempty"`

	// posts are those that are published, in their order.
	// +optional
	// +listType=map
	// +listMapKey=index
	// +kubebuilder:validation:MaxItems=25
	Posts []PublishedPost `json:"posts,omitempty"`

	// attempt is the call to X that is under way, or whose outcome is not known.
	// +optional
	Attempt *PostAttempt `json:"attempt,omitempty"`

	// uncertainSince is when the first attempt at the next post started whose outcome
	// is not known: the post may be at X since then.
	// +optional
	UncertainSince *metav1.MicroTime `json:"uncertainSince,omitempty"`

	// refusal is why X, a check before it, or a person who may approve does not take a
	// post. One of X stands until the spec changes (deletionPolicy and
	// ttlSecondsAfterFinished apart) or a retry is requested; a rejection, until another
	// generation or, once its annotation is gone, this one is approved.
	// +optional
	Refusal *PostRefusal `json:"refusal,omitempty"`

	// nextAttemptTime is when the operator goes on by itself, while it waits for a
	// time: spec.publishAt, or the end of a limit at X.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`

	// lastHandledRetryAt is the value of the annotation
	// x.agentconnect.dev/retry-requested-at that was last handled.
	// +optional
	LastHandledRetryAt string `json:"lastHandledRetryAt,omitempty"`

	// conditions are Ready, which summarises; Published; and, while they are true,
	// Reconciling and Stalled. Reasons are documented with the API.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// PublishedPost is one post at X.
type PublishedPost struct {
	// index is the post's place in the thread, from 0.
	// +required
	Index int32 `json:"index"`

	// id is the post's id at X.
	// +required
	ID string `json:"id"`

	// url is the post's address for people.
	// +required
	URL string `json:"url"`

	// publishedAt is when it was published.
	// +required
	PublishedAt metav1.Time `json:"publishedAt"`
}

// PostAttempt is one attempt to publish one post. It is written before X is called,
// so that a post whose answer is lost is looked for and not sent twice.
type PostAttempt struct {
	// id tells this attempt from others.
	// +required
	ID string `json:"id"`

	// index is the post's place in the thread, from 0.
	// +required
	Index int32 `json:"index"`

	// startedAt is when the attempt was recorded.
	// +required
	StartedAt metav1.MicroTime `json:"startedAt"`

	// holder names the process that makes the attempt.
	// +required
	Holder AttemptHolder `json:"holder"`

	// outcome is empty while the attempt is under way, and Unknown if it ended
	// without saying whether the post is published.
	// +optional
	// +kubebuilder:validation:Enum=Unknown
	Outcome AttemptOutcome `json:"outcome,omitempty"`

	// message says how an attempt with an unknown outcome ended.
	// +optional
	Message string `json:"message,omitempty"`

	// looks counts how often the post was looked for among the account's own.
	// +optional
	Looks int32 `json:"looks,omitempty"`

	// nextLookTime is when it is looked for again; not set once a person is waited
	// for.
	// +optional
	NextLookTime *metav1.MicroTime `json:"nextLookTime,omitempty"`
}

// AttemptOutcome is what is known of an attempt that has ended.
type AttemptOutcome string

const (
	// OutcomeUnknown means that the post may be at X or not.
	OutcomeUnknown AttemptOutcome = "Unknown"
)

// AttemptHolder names a run of a process of the operator.
type AttemptHolder struct {
	// pod is the pod's uid, or another name of the place that the process runs in.
	// +required
	Pod string `json:"pod"`

	// podName is the pod's name; empty outside a cluster.
	// +optional
	PodName string `json:"podName,omitempty"`

	// podNamespace is the pod's namespace; empty outside a cluster.
	// +optional
	PodNamespace string `json:"podNamespace,omitempty"`

	// process is unique to this run of the process.
	// +required
	Process string `json:"process"`
}

// PostRefusal is why a post is not taken.
type PostRefusal struct {
	// index is the post's place in the thread, from 0.
	// +required
	Index int32 `json:"index"`

	// reason is the condition's reason, such as DuplicateContent or Rejected.
	// +required
	Reason string `json:"reason"`

	// message is for people.
	// +required
	Message string `json:"message"`

	// generation is the generation of the spec that was refused.
	// +required
	Generation int64 `json:"generation"`

	// contentHash is made of what was refused: of the spec without deletionPolicy and
	// ttlSecondsAfterFinished. While it is the same the refusal stands.
	// +optional
	ContentHash string `json:"contentHash,omitempty"`
}

// XPostList is a list of XPosts.
//
// +kubebuilder:object:root=true
type XPostList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the XPosts.
	// +required
	Items []XPost `json:"items"`
}
