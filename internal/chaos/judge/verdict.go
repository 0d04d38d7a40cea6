// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// Rule is something that must never happen.
type Rule string

// The rules.
const (
	// Replayed: a token was presented again while an earlier holder was alive and
	// able to store X's answer.
	Replayed Rule = "tokens replayed while an earlier holder was alive and able to store"
	// AnswerLost: an answer reached the operator and is nowhere, though its process
	// was not killed while holding it.
	AnswerLost Rule = "answers received and lost other than by a kill while holding"
	// CandidateCost: a consent that was not promoted took the working grant with it,
	// or put another account in its place.
	CandidateCost Rule = "candidates that cost a working grant"
	// TwinCost: X was asked to revoke tokens of an account that another connection lived
	// on. How far a revocation reaches is not known.
	TwinCost Rule = "revocations that reach for another connection of the account"
	// DeadSilently: a connection ended without a usable token and without telling a
	// person what to do.
	DeadSilently Rule = "connections dead without saying so"
	// GaveUp: a connection asks for consent although X honours its refresh token.
	GaveUp Rule = "grants given up that X had not ended"
	// StillThere: a connection is still there minutes after its deletion.
	StillThere Rule = "deletions that hang"
	// LeftAlive: a connection is gone, or refused an account, and X still honours a
	// refresh token of it.
	LeftAlive Rule = "refresh tokens left alive after a deletion or a refusal"
	// StoreAway: a token was spent, or a post sent, while nothing could be stored.
	StoreAway Rule = "tokens spent or posts sent while the API server was away"
	// AfterStop: a process that was asked to stop began a redeem or a post.
	AfterStop Rule = "redeems or posts begun after SIGTERM"
	// PostedTwice: X was sent a text again that it had taken.
	PostedTwice Rule = "posts published twice"
	// PostLost: an XPost does not tell of a post what is true, nor that it does not
	// know.
	PostLost Rule = "posts lost without saying so"
	// PostMisplaced: a post is another account's, or not in its place in a
	// conversation.
	PostMisplaced Rule = "posts published in another place"
	// Panicked: a process of the operator panicked.
	Panicked Rule = "panics"
)

// Rules are all rules, in the order in which a report names them.
var Rules = []Rule{Replayed, AnswerLost, CandidateCost, TwinCost, DeadSilently, GaveUp, StillThere, LeftAlive, StoreAway,
	AfterStop, PostedTwice, PostLost, PostMisplaced, Panicked}

// Breach is one violation.
type Breach struct {
	Rule Rule
	// What happened, to whom; no secret is in it.
	What string
}

// Loss is an answer that was lost with the process that held it.
type Loss struct {
	At       time.Time
	Endpoint xsim.Endpoint
	Grant    string
	// Run is the process that received it.
	Run Run
}

// Verdict is what a run comes to.
type Verdict struct {
	Breaches []Breach
	// Losses are the answers that went with a kill, one by one.
	Losses []Loss
	// Replays are the presentations of spent tokens, by why they were in order.
	Replays map[string]int
	// Superseded counts answers that were dropped for a newer one.
	Superseded int
	// Owed counts refresh tokens that live on and are stored, to be revoked.
	Owed int
	// GivenUp counts refresh tokens that live on, as the operator said: X did not tell any
	// more whose they are.
	GivenUp int
	// LeftToTwin counts refresh tokens of deletions that live on for the sake of another
	// connection of the account.
	LeftToTwin int
	// Posts counts what became of the posts.
	Posts PostCount
}

// Count is how often a rule was broken.
func (v Verdict) Count(rule Rule) int {
	count := 0
	for _, breach := range v.Breaches {
		if breach.Rule == rule {
			count++
		}
	}
	return count
}

func (v *Verdict) breach(rule Rule, format string, args ...any) {
	v.Breaches = append(v.Breaches, Breach{rule, fmt.Sprintf(format, args...)})
}

// Judge judges a run.
func Judge(e Evidence) Verdict {
	c := newCase(e)
	v := Verdict{Replays: map[string]int{}}
	for _, check := range []func(*court, *Verdict){
		judgeReplays,
		judgeAnswers,
		judgeCandidates,
		judgeTwins,
		judgeConnections,
		judgeLeftovers,
		judgeCalls,
		judgePosts,
		judgePanics,
	} {
		check(c, &v)
	}
	return v
}
