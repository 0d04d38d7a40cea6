// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// XApp is an X developer app that namespaces share, as a StorageClass or a
// ClusterIssuer is shared: an administrator registers one app at X, and teams
// connect accounts through it without seeing its client secret.
//
// The annotation x.agentconnect.dev/is-default-app: "true" marks the app that an
// XConnection uses if it names none.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=xapp,categories=agentconnect
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Connections",type=integer,JSONPath=`.status.connections`
// +kubebuilder:printcolumn:name="Default",type=string,JSONPath=`.metadata.annotations.x\.agentconnect\.dev/is-default-app`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Callback URL",type=string,priority=1,JSONPath=`.status.callbackURL`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="metadata.name must be at most 63 characters long, so that it fits into a label"
type XApp struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says which X app this is and who may use it.
	// +required
	Spec XAppSpec `json:"spec"`

	// status is what the operator last saw. It is written by the operator alone.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status XAppStatus `json:"status,omitempty,omitzero"`
}

// XAppSpec says which X app this is and who may use it.
type XAppSpec struct {
	// credentialsSecretRef names the Secret with the app's credentials, in the
	// operator's own namespace, under the keys clientId and clientSecret.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef"`

	// allowedNamespaces says which namespaces may connect accounts through this
	// app. Without it no namespace may; {} allows every one.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// allowedScopes lists the scopes that connections may ask for. A connection that
	// asks for another one is told so (reason InvalidConfig). offline.access is
	// always allowed, since every connection needs it. Default: tweet.read,
	// tweet.write, users.read and offline.access.
	// +optional
	// +listType=atomic
	// +kubebuilder:default={"tweet.read","tweet.write","users.read","offline.access"}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.all(x, self.exists_one(y, y == x))",message="each scope must be listed once"
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-\\\\[\\\\]-~]+$')",message="a scope is one word of printable ASCII characters, without spaces, quotes or backslashes (RFC 6749, section 3.3)"
	AllowedScopes []string `json:"allowedScopes,omitempty"`

	// requireUsername, if true, lets only those connections use this app that pin
	// their account in spec.username: whoever can read the link of a connection
	// without a pin could attach an account of their own. Default: false.
	// +optional
	// +kubebuilder:default=false
	RequireUsername bool `json:"requireUsername,omitempty"`
}

// AllowedNamespaces chooses namespaces by their labels.
//
// +kubebuilder:validation:XValidation:rule="!has(self.selector) || !has(self.selector.matchExpressions) || self.selector.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && size(e.values) > 0 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || size(e.values) == 0))",message="each of selector.matchExpressions needs the operator In or NotIn with values, or Exists or DoesNotExist without values",fieldPath=".selector.matchExpressions"
type AllowedNamespaces struct {
	// selector matches the labels of the allowed namespaces. Default: {}, which
	// matches every namespace.
	// +optional
	// +kubebuilder:default={}
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// SecretReference names a Secret.
//
// +structType=atomic
type SecretReference struct {
	// name is the Secret's name.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of a Secret consists of lower-case letters, digits, '-' and '.', and begins and ends with a letter or a digit"
	Name string `json:"name"`
}

// XAppStatus is what the operator last saw of an XApp.
type XAppStatus struct {
	// observedGeneration is the generation of the spec that this status is about: -1
	// until the operator has seen the object, so that nobody takes it for ready (kstatus).
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// callbackURL is what must be entered at X as the app's callback URI, exactly
	// as it stands here.
	// +optional
	CallbackURL string `json:"callbackURL,omitempty"`

	// connections counts the XConnections that use this app. An operator that sees some
	// of the cluster's connections alone, by --selector or --namespaces, does not count.
	// +optional
	Connections int32 `json:"connections"`

	// rateLimits are X's limits for this app as a whole, for windows of 24 hours, as
	// they were last seen: an account's own limits are not among them. They are written
	// sparingly, when calls become scarce or else every few minutes; the metrics have
	// them live. None until a call of the controllers has told of them: what X told the
	// agents' door alone is not among them.
	// +optional
	// +listType=map
	// +listMapKey=endpoint
	RateLimits []RateLimit `json:"rateLimits,omitempty"`

	// conditions are Ready, which is False with reason InvalidConfig while the Secret is
	// missing, lacks a key, X refuses what it holds, or the selector of
	// allowedNamespaces can't be read; and Stalled, while only a change by a person helps.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// RateLimit is one of X's limits as it was last seen.
type RateLimit struct {
	// endpoint is the method and path that the limit is for, such as
	// "POST /2/tweets".
	// +required
	Endpoint string `json:"endpoint"`

	// limit is the number of calls that X allows in one window.
	// +required
	Limit int64 `json:"limit"`

	// remaining is the number of calls that were left in the window.
	// +required
	Remaining int64 `json:"remaining"`

	// resetAt is when the window ends and the limit starts anew.
	// +optional
	ResetAt *metav1.Time `json:"resetAt,omitempty"`
}

// XAppList is a list of XApps.
//
// +kubebuilder:object:root=true
type XAppList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the XApps.
	// +required
	Items []XApp `json:"items"`
}
