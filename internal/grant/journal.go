// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"math"
	"slices"
	"time"
)

const (
	// backoffFirst and backoffMax bound the wait after failed attempts.
	backoffFirst = 10 * time.Second
	backoffMax   = 5 * time.Minute
	// backoffTries is how many more attempts must fit into the time that is left to
	// the access token, as long as the waits stay above backoffFirst.
	backoffTries = 4
)

// Begin writes the intent: who is about to redeem the present refresh token. An
// attempt that it takes the place of counts as uncertain, since nobody will know
// what came of it.
func (g *Grant) Begin(attempt Attempt) {
	if g.Journal.Attempt != nil {
		g.Journal.Uncertain++
	}
	g.Journal.Serial++
	attempt.Serial = g.Journal.Serial
	g.Journal.Attempt = &attempt
	g.Journal.LastAttemptAt = attempt.StartedAt
}

// Holds tells whether an attempt is the one in the journal.
func (g *Grant) Holds(attempt Attempt) bool {
	return g.Journal.Attempt != nil && g.Journal.Attempt.ID == attempt.ID
}

// Withdraw ends an attempt that was never sent, if it is in the journal; the next
// is made after notBefore.
func (g *Grant) Withdraw(attempt Attempt, notBefore time.Time) {
	if !g.Holds(attempt) {
		return
	}
	g.Journal.Attempt = nil
	g.Journal.NotBefore = notBefore
}

// Place puts the answer of an attempt where it belongs, by what is stored now. It tells
// false if a newer set stays in use; the answer may be kept then all the same, to be
// revoked with it.
func (g *Grant) Place(attempt Attempt, tokens Tokens, account Account) bool {
	switch {
	// The answer is stored: that ended its attempt, in the same write.
	case g.stores(tokens) && !g.Holds(attempt):
		return true
	// The token that was sent is in use: the answer takes its place, over any intent.
	case g.Tokens != nil && g.Tokens.RefreshToken.Hash() == attempt.TokenHash:
		doubted := g.Journal.Verdict != nil
		g.Rotate(attempt, tokens)
		if doubted {
			// Another found the token spent while this answer was held, and X may have
			// ended the answer with it: only X can tell, and is asked at once.
			g.Journal.Uncertain, g.Journal.Failures = 1, 1
		}
		return true
	// Nothing is in use, or tokens of another account or app: the answer is to be revoked.
	case g.Tokens == nil || g.Account.UserID != account.UserID || g.Tokens.App.ClientID != tokens.App.ClientID:
		g.replaceRetired(attempt.TokenHash, tokens, account)
		return true
	// An answer to the same token is in use, of an earlier attempt that woke late.
	case g.Tokens.Serial < attempt.Serial:
		g.Rotate(attempt, tokens)
		return true
	// A newer set is in use, and the answer may be of one that a consent took the place of.
	default:
		kept := replace(g.Superseded, attempt.TokenHash, tokens) || replace(g.Retired, attempt.TokenHash, tokens)
		if !kept && !g.Tokens.ConsentedAt.Equal(tokens.ConsentedAt) {
			g.supersede(tokens, account)
		}
		return false
	}
}

// stores tells whether tokens are the working ones or wait to be revoked, now or later.
func (g *Grant) stores(tokens Tokens) bool {
	is := func(set Retired) bool { return set.same(tokens) }
	return slices.ContainsFunc(g.Retired, is) || slices.ContainsFunc(g.Superseded, is) ||
		g.Tokens != nil && g.Tokens.same(tokens)
}

// same compares both tokens: an answer may bring one of them anew alone (RFC 6749,
// section 6).
func (t Tokens) same(other Tokens) bool {
	return t.AccessToken.Equal(other.AccessToken) && t.RefreshToken.Equal(other.RefreshToken)
}

// replaceRetired retires tokens, in the place of the set whose refresh token they
// came of if that is there.
func (g *Grant) replaceRetired(sentHash string, tokens Tokens, account Account) {
	if !replace(g.Retired, sentHash, tokens) {
		g.retire(tokens, account)
	}
}

// replace puts tokens in the place of the set whose refresh token they came of, if it
// is there.
func replace(sets []Retired, sentHash string, tokens Tokens) bool {
	for i := range sets {
		if sets[i].RefreshToken.Hash() == sentHash {
			sets[i].Tokens = tokens
			return true
		}
	}
	return false
}

// Rotate stores an answer: the new tokens, the end of its attempt and the handled
// request, all in one write. The intent of another attempt stays: its call may be
// under way, and nobody else may begin one meanwhile.
func (g *Grant) Rotate(attempt Attempt, tokens Tokens) {
	tokens.Serial = attempt.Serial
	g.Tokens = &tokens
	g.Rotation++
	if g.Holds(attempt) {
		g.Journal.Attempt = nil
	}
	g.Journal.Uncertain = 0
	g.Journal.Failures = 0
	g.Journal.NotBefore = time.Time{}
	g.Journal.LastFailure = Failure{}
	g.Journal.Verdict = nil
	g.handled(attempt)
}

// Unspent ends an attempt that did not spend the token: X refused the app or
// limited it, or the call never went out.
func (g *Grant) Unspent(attempt Attempt, failure Failure, notBefore time.Time) {
	g.end(attempt, failure)
	g.Journal.NotBefore = notBefore
}

// Unsettled ends an attempt that may have spent the token.
func (g *Grant) Unsettled(attempt Attempt, failure Failure, notBefore time.Time) {
	g.end(attempt, failure)
	g.Journal.Uncertain++
	g.Journal.NotBefore = notBefore
}

// Condemn records X's word that the token is dead. The token stays: a refresh
// request may try it again.
func (g *Grant) Condemn(attempt Attempt, failure Failure) {
	g.end(attempt, failure)
	g.Journal.NotBefore = time.Time{}
	g.Journal.Verdict = &Verdict{At: failure.At, Message: failure.Message, TokenHash: attempt.TokenHash}
	g.handled(attempt)
}

// end ends an attempt without tokens. A request to try a token that X has condemned
// stays open: only the request has it tried again.
func (g *Grant) end(attempt Attempt, failure Failure) {
	g.Journal.Attempt = nil
	g.Journal.Failures++
	g.Journal.LastFailure = failure
	if g.Journal.Verdict == nil {
		g.handled(attempt)
	}
}

func (g *Grant) handled(attempt Attempt) {
	if attempt.Request != "" {
		g.Journal.HandledRequest = attempt.Request
	}
}

// Backoff is the wait after a number of failed attempts in a row, with the time
// that is left to the access token's expiry and a jitter from 0 to 1. It doubles,
// and shortens while there is something to save.
func Backoff(failures int, left time.Duration, jitter float64) time.Duration {
	wait := time.Duration(float64(backoffFirst) * math.Pow(2, float64(min(max(failures, 0), 10))))
	wait = min(wait, backoffMax)
	if left > 0 {
		wait = min(wait, max(left/backoffTries, backoffFirst))
	}
	return wait/2 + time.Duration(float64(wait/2)*min(max(jitter, 0), 1))
}
