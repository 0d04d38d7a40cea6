// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package judge decides what a run of the crash suite proved. It reads the books
// of the simulator of X, the list of what was done to the operator's processes,
// and what is stored in the cluster at the end. It is pure: no clock, no I/O.
package judge

import (
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// Evidence is what one run left behind.
type Evidence struct {
	Books xsim.Books
	// KeepEarlierLogins is the simulator's policy of that name.
	KeepEarlierLogins bool
	// Runs are the operator's processes, one after another and side by side.
	Runs []Run
	// Outages are the times without an API server.
	Outages []Outage
	// Seen are the hashes of all refresh tokens that a witness saw in the store. Around
	// an outage it may have missed some.
	Seen map[string]bool
	// Connections are all that were ever made, and what is there of them at the end,
	// once every process had the time to settle.
	Connections []Connection
	// Posts are all XPosts that were ever made, as they are then.
	Posts []Post
}

// Run is one process of the operator, from its start to its end.
type Run struct {
	// Host is the address at which this process, and no other, called X.
	Host    string
	Replica string
	Started time.Time
	// Ended is zero while the process lives.
	Ended time.Time
	End   End
	// Step is the failpoint at which it was killed or stopped; empty if that came at
	// no particular one.
	Step string
	// Asked is when it was asked to stop (SIGTERM); zero if it was not.
	Asked time.Time
	// Stops are the times in which it did not run (SIGSTOP).
	Stops []Span
	// Panicked is true if its log tells of a panic.
	Panicked bool
	// GivenUp are the sets of tokens that it said it gave up without asking X to revoke
	// them, since X does not tell whose they are.
	GivenUp []GivenUp
	// LeftToTwin are those that it said it forgot without asking X to revoke them, for the
	// sake of another connection of the account.
	LeftToTwin []GivenUp
}

// GivenUp is a set of tokens that was given up with a word.
type GivenUp struct {
	// Connection is the name of the XConnection, without its namespace.
	Connection string
	At         time.Time
}

// End is how a process ended.
type End string

// The ends.
const (
	// Alive: it has not ended.
	Alive End = ""
	// Killed: by SIGKILL.
	Killed End = "killed"
	// Exhausted: by SIGKILL because its grace period was over.
	Exhausted End = "grace period exhausted"
	// Drained: by itself, as it was asked to.
	Drained End = "drained"
	// Left: by itself without being asked, as a leader that lost its lease does.
	Left End = "left"
)

// Span is a stretch of time; a zero To means that it goes on.
type Span struct{ From, To time.Time }

// Outage is one time without an API server.
type Outage struct {
	// Span is from before it was asked to end until it was ready again.
	Span
	// Down is the part of it in which nothing can have been stored for certain.
	Down Span
}

// Connection is one XConnection as it is at the end. Two may be on one X account, each
// with logins of its own: they are twins.
type Connection struct {
	Name    string
	Account string
	// Stranger is the account that the person is logged in with by mistake: what it
	// consents to is refused.
	Stranger string
	// Logins are the ids of the grants at X that its person consented to, as either account.
	Logins []string
	// Wanted is false if the suite deleted it, at Removed.
	Wanted  bool
	Removed time.Time
	// Exists tells whether the object is there.
	Exists bool
	// Working, Access and Stored are hashes of what its grant holds: the refresh and
	// access token in use, and every refresh token, those of candidates and retired
	// sets included.
	Working string
	Access  string
	Stored  []string
	// Published is the hash of the access token in the token Secret.
	Published string
	// Username, Ready, Reason and Link are the status.
	Username string
	Ready    bool
	Reason   string
	Link     bool
}
