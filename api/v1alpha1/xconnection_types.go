// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// XConnection connects an agent to one X account. A person consents once, by
// opening status.authorizeURL; from then on a Secret in the same namespace holds
// an access token that is always fresh. Deleting the XConnection revokes the
// tokens at X.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=xconn,categories=agentconnect
// +kubebuilder:printcolumn:name="Connected",type=boolean,JSONPath=`.status.connected`
// +kubebuilder:printcolumn:name="Username",type=string,JSONPath=`.status.username`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.status.tokenExpiresAt`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Next Refresh",type=string,priority=1,JSONPath=`.status.nextRefreshTime`
// +kubebuilder:printcolumn:name="Token Secret",type=string,priority=1,JSONPath=`.status.tokenSecretRef.name`
// +kubebuilder:printcolumn:name="Agent",type=string,priority=1,JSONPath=`.spec.agentRef.name`
// +kubebuilder:printcolumn:name="Auth",type=string,priority=1,JSONPath=`.spec.authMethod`
// +kubebuilder:printcolumn:name="App",type=string,priority=1,JSONPath=`.status.appName`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="metadata.name must be at most 63 characters long, so that it fits into a label"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.appSecretRef) || self.spec.appSecretRef.name != (has(self.spec.tokenSecretName) ? self.spec.tokenSecretName : self.metadata.name + '-x-token')",message="the token Secret must not be the app's Secret: choose another tokenSecretName (default: the name of this object and \"-x-token\") or another appSecretRef",fieldPath=".spec.tokenSecretName",reason=FieldValueInvalid
type XConnection struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says which app and which account are wanted, and where the token goes.
	// Without it everything has its default: the cluster's default XApp, and
	// whichever account the person chooses.
	// +optional
	// +kubebuilder:default={"authMethod":"Shared"}
	Spec XConnectionSpec `json:"spec,omitempty,omitzero"`

	// status is what the operator last saw. It is written by the operator alone.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status XConnectionStatus `json:"status,omitempty,omitzero"`
}

// AuthMethod says whose X developer app a connection uses.
//
// +kubebuilder:validation:Enum=Shared;Own
type AuthMethod string

const (
	// AuthShared uses an XApp of the cluster.
	AuthShared AuthMethod = "Shared"
	// AuthOwn uses the namespace's own X developer app.
	AuthOwn AuthMethod = "Own"
)

// ConnectionState says whether a connection is wanted.
//
// +kubebuilder:validation:Enum=Connected;Disconnected
type ConnectionState string

const (
	// StateConnected wants the account connected.
	StateConnected ConnectionState = "Connected"
	// StateDisconnected wants the tokens revoked and forgotten, the object kept.
	StateDisconnected ConnectionState = "Disconnected"
)

// XConnectionSpec says which app and which account are wanted, and where the
// token goes.
//
// +kubebuilder:validation:XValidation:rule="self.authMethod != 'Own' || has(self.appSecretRef)",message="authMethod Own needs appSecretRef: the Secret with your X app's clientId and clientSecret",fieldPath=".appSecretRef",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.authMethod == 'Own' || !has(self.appSecretRef)",message="appSecretRef is for authMethod Own: set authMethod: Own to use your own X app, or remove appSecretRef to use a shared one",fieldPath=".appSecretRef",reason=FieldValueForbidden
// +kubebuilder:validation:XValidation:rule="self.authMethod == 'Shared' || !has(self.appName)",message="appName is for authMethod Shared: with Own the app is the one of appSecretRef",fieldPath=".appName",reason=FieldValueForbidden
type XConnectionSpec struct {
	// authMethod says whose X developer app is used. Shared: an XApp of the cluster,
	// see appName. Own: your own, see appSecretRef. Default: Shared.
	// +optional
	// +kubebuilder:default=Shared
	AuthMethod AuthMethod `json:"authMethod,omitempty"`

	// appSecretRef names the Secret with your X app's credentials, in this namespace,
	// under the keys clientId and clientSecret. The Secret must carry the label
	// x.agentconnect.dev/app: "true". Required with authMethod Own, forbidden with
	// Shared.
	// +optional
	AppSecretRef *SecretReference `json:"appSecretRef,omitempty"`

	// appName names the XApp that is used, with authMethod Shared only. Default: the
	// XApp that is marked as the default one. Once an account consented, the connection
	// stays with that XApp as long as its tokens live, though another becomes the default
	// one: see status.appName.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of an XApp consists of lower-case letters, digits, '-' and '.', and begins and ends with a letter or a digit"
	AppName string `json:"appName,omitempty"`

	// agentRef names the workload in this namespace that the connection is for. It
	// is for people and for checks: a workload that is missing is reported
	// (AgentNotFound), and refreshes and posts go on.
	// +optional
	AgentRef *AgentReference `json:"agentRef,omitempty"`

	// redirectURL is where the person's browser goes after consent, with x_connected
	// and x_username, or x_error, added to its query. It is https, or http on
	// localhost, 127.0.0.1 or [::1], without a fragment and without user info.
	// Default: none, and the operator shows a page of its own.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getHostname() != '' && self.matches('^[!-~]+$')",message="redirectURL must be an absolute URL in printable ASCII, such as https://app.example.com/settings"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || url(self).getHostname() == '' || url(self).getScheme() == 'https' || (url(self).getScheme() == 'http' && url(self).getHostname() in ['localhost', '127.0.0.1', '::1'])",message="redirectURL must be https; http is allowed only on localhost, 127.0.0.1 or [::1]"
	// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="redirectURL must not have a fragment: remove '#' and what follows"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/]*//[^/?#]*@')",message="redirectURL must not hold a user name or a password"
	RedirectURL string `json:"redirectURL,omitempty"`

	// scopes lists what the person is asked to allow. Any scope that X knows, now or
	// later, can stand here; offline.access, without which X gives no refresh token,
	// is always added. A change takes effect with the next consent. Default:
	// tweet.read, tweet.write, users.read and offline.access.
	// +optional
	// +listType=atomic
	// +kubebuilder:default={"tweet.read","tweet.write","users.read","offline.access"}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.all(x, self.exists_one(y, y == x))",message="each scope must be listed once"
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-\\\\[\\\\]-~]+$')",message="a scope is one word of printable ASCII characters, without spaces, quotes or backslashes (RFC 6749, section 3.3)"
	Scopes []string `json:"scopes,omitempty"`

	// username pins the account, by its handle without "@": a consent that is given
	// with any other account is refused (AccountMismatch) and its tokens revoked.
	// Upper and lower case are the same. Default: the first account that consents.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_]{1,15}$')",message="username must be an X handle without '@': 1 to 15 letters, digits or underscores"
	Username string `json:"username,omitempty"`

	// tokenSecretName names the Secret, in this namespace, that the operator writes
	// the access token to. A Secret of that name that is not this connection's own is
	// never touched (TokenSecretConflict). Default: the name of this object and
	// "-x-token".
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of a Secret consists of lower-case letters, digits, '-' and '.', and begins and ends with a letter or a digit"
	TokenSecretName string `json:"tokenSecretName,omitempty"`

	// refreshInterval is the time from one refresh of the token to the next, as a
	// duration such as 90m or 1h30m, from 5m to 100m. Each connection has times of
	// its own, an interval apart, so that many are spread evenly: after a consent, a
	// request or an outage the next refresh comes at the next of these. A refresh is
	// made 15 minutes before X's own expiry at the latest. Default: 90m.
	// +optional
	// +kubebuilder:default="90m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}(\\\\.[0-9]{1,3})?[hms])+$')",message="refreshInterval must be a duration of hours (h), minutes (m) and seconds (s), such as 90m or 1h30m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,6}(\\\\.[0-9]{1,3})?[hms])+$') || (duration(self) >= duration('5m') && duration(self) <= duration('100m'))",message="refreshInterval must be from 5m to 100m"
	RefreshInterval *metav1.Duration `json:"refreshInterval,omitempty"`

	// state says whether the connection is wanted. Connected: it is. Disconnected:
	// the tokens are revoked at X and forgotten, and the object is kept; Connected
	// then asks for consent again. Default: Connected.
	// +optional
	// +kubebuilder:default=Connected
	State ConnectionState `json:"state,omitempty"`

	// suspend, if true, stops calls to X for this object: no consent begins and no
	// token is refreshed, so that the present one ends within two hours. A
	// revocation that is due is still made. Default: false.
	// +optional
	// +kubebuilder:default=false
	Suspend bool `json:"suspend,omitempty"`
}

// AgentReference names a workload in the same namespace. Only kinds that agents
// run as are allowed: Deployment, StatefulSet, DaemonSet, Job, CronJob, Pod,
// kagent's Agent and ToolHive's MCPServer.
//
// +structType=atomic
// +kubebuilder:validation:XValidation:rule="(self.apiVersion + ' ' + self.kind).matches('^(v1 Pod|apps/v1 (Deployment|StatefulSet|DaemonSet)|batch/v1 (Job|CronJob)|kagent[.]dev/v[a-z0-9]+ Agent|toolhive[.]stacklok[.]dev/v[a-z0-9]+ MCPServer)$')",message="agentRef must name a workload: Deployment, StatefulSet or DaemonSet of apps/v1, Job or CronJob of batch/v1, Pod of v1, Agent of kagent.dev, or MCPServer of toolhive.stacklok.dev"
type AgentReference struct {
	// apiVersion is the workload's group and version, such as apps/v1.
	// +required
	// +kubebuilder:validation:MaxLength=128
	APIVersion string `json:"apiVersion"`

	// kind is the workload's kind, such as Deployment.
	// +required
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`

	// name is the workload's name.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="the name of a workload consists of lower-case letters, digits, '-' and '.', and begins and ends with a letter or a digit"
	Name string `json:"name"`
}

// XConnectionStatus is what the operator last saw of a connection.
type XConnectionStatus struct {
	// observedGeneration is the generation of the spec that this status is about: -1
	// until the operator has seen the object, so that nobody takes it for ready (kstatus).
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// connected tells whether an X account is connected.
	// +optional
	Connected bool `json:"connected"`

	// username is the connected account's handle, without "@".
	// +optional
	Username string `json:"username,omitempty"`

	// userID is the connected account's numeric id, which outlives a renaming.
	// +optional
	UserID string `json:"userID,omitempty"`

	// connectedAt is when the person last consented.
	// +optional
	ConnectedAt *metav1.Time `json:"connectedAt,omitempty"`

	// tokenExpiresAt is when the access token ends, about two hours after it was
	// issued.
	// +optional
	TokenExpiresAt *metav1.Time `json:"tokenExpiresAt,omitempty"`

	// refreshTokenExpiresAt is when a person should have consented again: 180 days
	// after the last consent. X itself reports no such time, and the operator goes on
	// refreshing until X refuses.
	// +optional
	RefreshTokenExpiresAt *metav1.Time `json:"refreshTokenExpiresAt,omitempty"`

	// lastRefreshTime is when the token was last refreshed.
	// +optional
	LastRefreshTime *metav1.Time `json:"lastRefreshTime,omitempty"`

	// nextRefreshTime is when the token is to be refreshed next.
	// +optional
	NextRefreshTime *metav1.Time `json:"nextRefreshTime,omitempty"`

	// appName names the XApp that is used, with authMethod Shared. Where spec.appName
	// names none, it is the one that was the default one when the account consented, as
	// long as its tokens live, else the one that is the default one now.
	// +optional
	AppName string `json:"appName,omitempty"`

	// authorizeURL is the link that a person opens to connect the account. It is
	// there only while consent is wanted.
	// +optional
	AuthorizeURL string `json:"authorizeURL,omitempty"`

	// lastConsent is how the last consent of a person ended, since the connection was
	// last Disconnected. None if nobody has come back from X yet.
	// +optional
	LastConsent *ConsentOutcome `json:"lastConsent,omitempty"`

	// tokenSecretRef names the Secret that holds the access token.
	// +optional
	TokenSecretRef *SecretReference `json:"tokenSecretRef,omitempty"`

	// lastHandledRefreshAt is the value of the annotation
	// x.agentconnect.dev/refresh-requested-at that was last handled.
	// +optional
	LastHandledRefreshAt string `json:"lastHandledRefreshAt,omitempty"`

	// lastHandledReconnectAt is the value of the annotation
	// x.agentconnect.dev/reconnect-requested-at that was last handled.
	// +optional
	LastHandledReconnectAt string `json:"lastHandledReconnectAt,omitempty"`

	// rotation is the highest number of token rotations seen for this connection. A
	// stored grant with a lower one comes from a backup.
	// +optional
	Rotation int64 `json:"rotation,omitempty"`

	// conditions are Ready, which summarises; Connected; and, while they are true,
	// Reconciling and Stalled. Reasons are documented with the API.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ConsentOutcome is how a consent ended.
type ConsentOutcome struct {
	// reason is Connected, or the reason of the error catalogue that it failed with,
	// such as AuthorizationDenied.
	// +required
	Reason string `json:"reason"`

	// time is when it ended.
	// +required
	Time metav1.Time `json:"time"`
}

// XConnectionList is a list of XConnections.
//
// +kubebuilder:object:root=true
type XConnectionList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// items are the XConnections.
	// +required
	Items []XConnection `json:"items"`
}
