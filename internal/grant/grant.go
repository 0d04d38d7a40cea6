// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package grant is the store of what X gave us: one Secret per connection in the
// operator's own namespace, holding the refresh token, the redeem journal and
// the consent record. It is the only package that touches refresh tokens at
// rest. It knows no HTTP.
package grant

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/internal/secret"
)

// Grant is the decoded Secret. Every part that is stored under a key of its own
// is a field of its own: an update patches only the keys that changed, and keys
// that this version does not know survive.
type Grant struct {
	// Owner is the XConnection this grant belongs to.
	Owner Owner
	// ClusterID is the uid of the kube-system namespace of the cluster that made
	// the grant. One of another cluster is quarantined.
	ClusterID string
	// Tokens is the working set; nil for a placeholder.
	Tokens *Tokens
	// Rotation counts the answers that were stored; it never goes down.
	Rotation int64
	// Account is known after the first contact; it outlives the tokens, so that a
	// new consent is held to the same account until the connection is forgotten.
	Account Account
	// Journal holds the attempt under way, if any.
	Journal Journal
	// Consent is the consent record.
	Consent Consent
	// Candidate is an answer to a consent that waits for promotion.
	Candidate *Candidate
	// Retired are sets that are owed a revocation: refused candidates, and a
	// working set that another account's or app's took the place of.
	Retired []Retired
	// Superseded are earlier sets of the working set's account and app, the oldest
	// first: a new consent took their place, and X may let them live on. To revoke one
	// could end the working set too, so they are revoked when that is.
	Superseded []Retired
	// Revoking is set while X is asked to revoke one of them.
	Revoking *Revocation
	// Refused is set while X refuses an access token at its API.
	Refused *Refusal
	// Tombstone is set once the owner is gone and revocation is still owed.
	Tombstone *Tombstone

	// stored is the Secret as it was read: it is not altered.
	stored *corev1.Secret
}

// Copy gives a grant that can be altered apart from this one. What was asked for is
// shared: it is replaced, never altered.
func (g *Grant) Copy() *Grant {
	c := *g
	c.Tokens = copied(g.Tokens)
	c.Journal.Attempt, c.Journal.Verdict = copied(g.Journal.Attempt), copied(g.Journal.Verdict)
	c.Consent.Claims, c.Consent.Outcome = slices.Clone(g.Consent.Claims), copied(g.Consent.Outcome)
	c.Candidate = copied(g.Candidate)
	c.Retired, c.Superseded = slices.Clone(g.Retired), slices.Clone(g.Superseded)
	c.Revoking, c.Refused, c.Tombstone = copied(g.Revoking), copied(g.Refused), copied(g.Tombstone)
	return &c
}

func copied[T any](content *T) *T {
	if content == nil {
		return nil
	}
	c := *content
	return &c
}

// Owner names the XConnection that a grant belongs to.
type Owner struct {
	Namespace string
	Name      string
	UID       types.UID
}

// App is the X developer app that tokens were issued under. It holds what is
// needed to find or be its credentials: an Own app's secret is escrowed, since
// the tenant's Secret may be gone when the grant must be revoked and the
// consent door may not read it; an XApp's is never copied.
type App struct {
	ClientID string
	// XApp is the name of the shared app; empty for an Own app.
	XApp string
	// SecretName is the Secret of a shared app, in the grants' namespace.
	SecretName string
	// ClientSecret is the escrowed secret of an Own app.
	ClientSecret secret.Token
}

// Tokens is one answer of the token endpoint, with its app.
type Tokens struct {
	App          App
	AccessToken  secret.Token
	RefreshToken secret.Token
	TokenType    string
	// Scope is what X granted, space-separated; Asked is what the person was asked
	// for.
	Scope string
	Asked []string
	// ReceivedAt is when the answer came; ExpiresAt when its access token ends.
	ReceivedAt time.Time
	ExpiresAt  time.Time
	// ConsentedAt is when the person consented: the start of the refresh token
	// family's age.
	ConsentedAt time.Time
	// RefreshedAt is when the last refresh was stored; zero before the first.
	RefreshedAt time.Time
	// Serial is that of the attempt or consent that brought the set.
	Serial int64
	// Kept counts answers in a row that had no refresh token, so that the one sent
	// was kept.
	Kept int
}

// Account is the X account behind the tokens.
type Account struct {
	UserID   string
	Username string
}

// Journal is the fence around a token that is used once. It is stored twice at each
// refresh: what is zero is left out.
type Journal struct {
	// Serial numbers attempts and promotions in the order in which they were
	// written: of two answers to the same token the later attempt's is the one that
	// lives.
	Serial int64 `json:",omitzero"`
	// Attempt is the intent that is not settled; nil when none is.
	Attempt *Attempt `json:",omitzero"`
	// Uncertain counts attempts in a row whose outcome nobody knows. While it is
	// not zero the rotation is uncertain.
	Uncertain int `json:",omitzero"`
	// Failures counts failed attempts in a row, uncertain or not; it sets the
	// back-off.
	Failures int `json:",omitzero"`
	// NotBefore is when the next attempt may start at the earliest; zero for now.
	NotBefore time.Time `json:",omitzero"`
	// LastFailure is the last failure's kind and X's words, for status; empty
	// after a success.
	LastFailure Failure `json:",omitzero"`
	// Verdict is X's word that the refresh token is dead; nil while it is not.
	// The token itself is kept: a refresh request may try it again.
	Verdict *Verdict `json:",omitzero"`
	// HandledRequest is the value of the refresh request that was last handled.
	HandledRequest string `json:",omitzero"`
	// LastAttemptAt is when the last attempt started: a manual refresh is held to
	// one a minute by it.
	LastAttemptAt time.Time `json:",omitzero"`
}

// Attempt is an intent: who is about to redeem what.
type Attempt struct {
	ID string
	// Serial is given by Begin.
	Serial int64
	// Holder is the process that made it.
	Holder Holder
	// StartedAt is the holder's wall clock at the intent.
	StartedAt time.Time
	// TokenHash is the hash of the refresh token that is about to be sent.
	TokenHash string
	// Request is the refresh request that this attempt answers, if any.
	Request string
}

// Holder identifies one run of one process.
type Holder struct {
	// Pod is the uid of the pod, or another name of the place the process runs in;
	// PodName and PodNamespace let others see whether it is gone.
	Pod          string
	PodName      string
	PodNamespace string
	// Start is unique to this run of the process.
	Start string
}

// Failure is what a failed attempt came to, without secrets.
type Failure struct {
	// Kind is xapi's kind.
	Kind string
	// Message is for people.
	Message string
	At      time.Time
}

// Verdict is X's word that a grant is dead.
type Verdict struct {
	At      time.Time
	Message string
	// TokenHash is the refresh token it was about.
	TokenHash string
}

// Consent is the record of who is asked for what, and of what came of it.
type Consent struct {
	// Epoch binds links and states to one invitation: it moves on connect, on
	// Disconnected and when the credentials or the scopes change.
	Epoch int64
	// Wanted tells whether a consent is wanted now.
	Wanted bool
	// App is the app that consent is wanted for.
	App App
	// Scopes are those that consent is asked for.
	Scopes []string
	// RequestedReconnect is the value of the reconnect request at the time of the
	// invitation; AnsweredReconnect is the one that the last consent answered.
	RequestedReconnect string
	AnsweredReconnect  string
	// Claims are the newest nonces that came back, at most 16, each kept 15
	// minutes.
	Claims []Claim
	// Outcome is what the last flow came to.
	Outcome *Outcome
}

// Claim is one nonce that came back through the callback.
type Claim struct {
	// Nonce is its hash.
	Nonce string
	// ID tells one attempt to claim it from another.
	ID string
	At time.Time
	// Kept is true once what X answered to this flow was stored: storing it again
	// is needless, whatever became of it since.
	Kept bool
	// Code is the outcome once it is known: "connected" or a code of the error
	// catalogue; empty while the flow is under way.
	Code string
}

// Outcome is how a consent flow ended.
type Outcome struct {
	// Code is "connected" or a code of the error catalogue (x_error).
	Code string
	At   time.Time
	// Message is for people and holds no secret.
	Message string
	// RefusedSecret is the hash of the client secret that X refused; empty if it did not.
	RefusedSecret string `json:",omitzero"`
}

// Candidate is an answer to a consent that is not promoted yet.
type Candidate struct {
	Tokens
	// Nonce is the hash of the flow's nonce.
	Nonce string
	// Epoch is the invitation it answers.
	Epoch int64
	// Account is known once users/me answered.
	Account Account
}

// Retired is a set of tokens that nobody uses any more and X still knows.
type Retired struct {
	Tokens
	// Account is whose they are; empty if X was never asked.
	Account Account
}

// Tombstone marks a grant whose owner is gone and whose revocation is owed.
type Tombstone struct {
	Since    time.Time
	Attempts int
	// NextAt is when to try again.
	NextAt time.Time
}
