// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"slices"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const (
	// claimLive is how long a flow under way keeps others out: X's code lives 30 s.
	claimLive = 45 * time.Second
	// claimKept and claimsKept bound what is remembered of flows that came back.
	claimKept  = 15 * time.Minute
	claimsKept = 16
	// supersededKept bounds the earlier sets that are kept to be revoked. It is more than
	// people make in a connection's life, since what is cut off nobody is told of.
	supersededKept = 64
)

// ClaimState is what came of claiming a nonce.
type ClaimState string

// The states of a claim.
const (
	// Claimed: the flow is ours to finish.
	Claimed ClaimState = "Claimed"
	// ClaimedBefore: the same nonce came back before; the claim says what came of it.
	ClaimedBefore ClaimState = "ClaimedBefore"
	// ClaimBusy: another flow is under way.
	ClaimBusy ClaimState = "ClaimBusy"
	// ClaimRevoking: X is being asked to revoke earlier tokens of this grant.
	ClaimRevoking ClaimState = "ClaimRevoking"
)

// Claim takes a nonce that came back, once for each id: taking it again with the
// same id is Claimed as well. Only with Claimed is the grant altered.
func (g *Grant) Claim(nonce, id string, now time.Time) (ClaimState, Claim) {
	for _, claim := range g.Consent.Claims {
		switch {
		case claim.Nonce == nonce && claim.ID == id:
			return Claimed, claim
		case claim.Nonce == nonce:
			return ClaimedBefore, claim
		}
	}
	for _, claim := range g.Consent.Claims {
		if claim.Live(now) {
			return ClaimBusy, claim
		}
	}
	if g.revoking(now) {
		return ClaimRevoking, Claim{}
	}
	claim := Claim{Nonce: nonce, ID: id, At: now}
	kept := []Claim{claim}
	for _, earlier := range g.Consent.Claims {
		if len(kept) < claimsKept && now.Sub(earlier.At).Abs() < claimKept {
			kept = append(kept, earlier)
		}
	}
	g.Consent.Claims = kept
	return Claimed, claim
}

// Live tells whether the flow of a claim is still under way.
func (c Claim) Live(now time.Time) bool {
	return c.Code == "" && now.Sub(c.At).Abs() < claimLive
}

// Conclude records how the flow of a nonce ended.
func (g *Grant) Conclude(nonce string, how Outcome) {
	for i := range g.Consent.Claims {
		if g.Consent.Claims[i].Nonce == nonce {
			g.Consent.Claims[i].Code = how.Code
		}
	}
	g.Consent.Outcome = &how
}

// PinHolds tells whether an account may be connected. A named account binds by
// name, and by id once the id of that name is known; without a name the account
// of the first contact binds.
func (g *Grant) PinHolds(account Account, username string) bool {
	if username != "" && !strings.EqualFold(username, account.Username) {
		return false
	}
	if g.Account.UserID == "" || g.Account.UserID == account.UserID {
		return true
	}
	return username != "" && !strings.EqualFold(username, g.Account.Username)
}

// Promote makes the candidate the working set: the consent is answered, the
// invitation's epoch moves on, and the working set is superseded, or retired if it is
// of another account or app.
func (g *Grant) Promote() {
	candidate := g.Candidate
	switch {
	case g.Tokens == nil:
	case g.sameGrantee(candidate):
		g.supersede(*g.Tokens, g.Account)
	default:
		g.retireWorking()
	}
	g.Account = candidate.Account
	g.take(candidate.Tokens)
	g.Candidate = nil
	g.Refused = nil
	g.Consent.Wanted = false
	g.Consent.AnsweredReconnect = g.Consent.RequestedReconnect
	g.Consent.Epoch++
}

// Invite opens or closes the invitation to consent. A change of the app or of the scopes
// moves the epoch: links and flows that were made for others end, since a person at X
// agrees to what that page says.
func (g *Grant) Invite(wanted bool, app App, scopes []string, reconnect string) {
	if wanted && (!g.Consent.App.equal(app) || !slices.Equal(g.Consent.Scopes, scopes)) {
		g.Consent.Epoch++
	}
	if wanted {
		g.Consent.App = app
		g.Consent.Scopes = scopes
		g.Consent.RequestedReconnect = reconnect
	}
	g.Consent.Wanted = wanted
}

// Invited tells whether Invite with the same values would change nothing.
func (g *Grant) Invited(wanted bool, app App, scopes []string, reconnect string) bool {
	if !wanted {
		return !g.Consent.Wanted
	}
	return g.Consent.Wanted && g.Consent.App.equal(app) && slices.Equal(g.Consent.Scopes, scopes) &&
		g.Consent.RequestedReconnect == reconnect
}

func (a App) equal(b App) bool {
	return a.ClientID == b.ClientID && a.XApp == b.XApp && a.SecretName == b.SecretName &&
		a.ClientSecret.Equal(b.ClientSecret)
}

// Refuse retires the candidate. One of the working set's own account and app is
// kept in its place instead: X may have ended the older set when this one was
// made, and revoking this one could end both.
func (g *Grant) Refuse() {
	candidate := g.Candidate
	g.Candidate = nil
	if g.Tokens != nil && g.sameGrantee(candidate) {
		g.supersede(*g.Tokens, g.Account)
		g.take(candidate.Tokens)
		return
	}
	g.retire(candidate.Tokens, candidate.Account)
}

// take makes the tokens of a consent the working set. It counts as an attempt: an
// answer to an earlier one is older. An intent that is there was for the set that
// goes, and goes with it.
func (g *Grant) take(tokens Tokens) {
	g.Journal.Serial++
	g.Rotate(Attempt{Serial: g.Journal.Serial}, tokens)
	g.Journal.Attempt = nil
}

// Forget retires everything and moves the epoch: the connection starts anew.
func (g *Grant) Forget() {
	if g.Tokens != nil {
		g.retireWorking()
	}
	if g.Candidate != nil {
		g.retire(g.Candidate.Tokens, g.Candidate.Account)
		g.Candidate = nil
	}
	g.Account = Account{}
	g.Refused = nil
	g.Journal = Journal{HandledRequest: g.Journal.HandledRequest, Serial: g.Journal.Serial}
	g.Consent.Wanted = false
	g.Consent.Outcome = nil
	g.Consent.Epoch++
}

// Bury forgets, and leaves a tombstone of what is owed.
func (g *Grant) Bury(now time.Time) {
	g.Forget()
	g.Tombstone = &Tombstone{Since: now, NextAt: now}
}

// Inherit takes over what another grant holds: that of the same connection in a
// cluster that is gone. An attempt that was under way there is uncertain, and X is
// asked at once. What is retired here stays to be revoked, and so does what was there.
func (g *Grant) Inherit(other *Grant) {
	tokens, serial, handled := *other.Tokens, g.Journal.Serial, g.Journal.HandledRequest
	g.Tokens, g.Account, g.Refused = &tokens, other.Account, other.Refused
	g.Rotation = max(g.Rotation, other.Rotation)
	g.Owe(other)
	g.Journal = other.Journal
	g.Journal.Serial, g.Journal.HandledRequest = max(serial, other.Journal.Serial), handled
	if g.Journal.Attempt != nil {
		g.Journal.Attempt = nil
		g.Journal.Uncertain++
		g.Journal.Failures++
	}
	g.Consent.Wanted = false
	g.Consent.AnsweredReconnect = other.Consent.AnsweredReconnect
	g.Consent.Epoch++
}

// Owe keeps another grant's tokens to be revoked: with the working set if they are of its
// account and app, else at once.
func (g *Grant) Owe(other *Grant) {
	keep, sets := g.retire, slices.Clone(other.Superseded)
	if other.Tokens != nil {
		sets = append(sets, Retired{Tokens: *other.Tokens, Account: other.Account})
		if g.Tokens != nil && g.Account.UserID == other.Account.UserID && g.Tokens.App.ClientID == other.Tokens.App.ClientID {
			keep = g.supersede
		}
	}
	for _, set := range sets {
		if !g.stores(set.Tokens) {
			keep(set.Tokens, set.Account)
		}
	}
	for _, set := range other.Retired {
		if !g.stores(set.Tokens) {
			g.retire(set.Tokens, set.Account)
		}
	}
	if c := other.Candidate; c != nil && !g.stores(c.Tokens) {
		g.retire(c.Tokens, c.Account)
	}
}

func (g *Grant) retire(tokens Tokens, account Account) {
	g.Retired = append(g.Retired, Retired{Tokens: tokens, Account: account})
}

// retireWorking retires the working set, and what it superseded: that is of the same
// app, whose credentials the working set has as they are now.
func (g *Grant) retireWorking() {
	g.retire(*g.Tokens, g.Account)
	for _, set := range g.Superseded {
		set.App = g.Tokens.App
		g.Retired = append(g.Retired, set)
	}
	g.Tokens, g.Superseded = nil, nil
}

// supersede keeps a set of the working set's account and app to be revoked with it; of
// more than are kept the oldest is forgotten.
func (g *Grant) supersede(tokens Tokens, account Account) {
	g.Superseded = append(g.Superseded, Retired{Tokens: tokens, Account: account})
	g.Superseded = g.Superseded[max(len(g.Superseded)-supersededKept, 0):]
}

// sameGrantee tells whether the candidate is of the working set's account and app.
func (g *Grant) sameGrantee(candidate *Candidate) bool {
	return g.Account.UserID != "" && g.Account.UserID == candidate.Account.UserID &&
		g.Tokens.App.ClientID == candidate.App.ClientID
}

// DropRetired removes a set that is revoked or forgotten.
func (g *Grant) DropRetired(set Retired) {
	g.Retired = slices.DeleteFunc(g.Retired, func(other Retired) bool {
		return other.same(set.Tokens)
	})
}

// ForgoRetired removes a set that must not be revoked because its account is in use. If
// the working set may be of that account, the set is kept to be revoked with it; a later
// login of that very account, which was never in use, takes its place, since X may have
// ended the earlier one. It tells whether it was kept.
func (g *Grant) ForgoRetired(set Retired) bool {
	before := len(g.Retired)
	g.DropRetired(set)
	if g.Tokens == nil {
		return false
	}
	of, own := Grantee{set.App.ClientID, set.Account.UserID}, Grantee{g.Tokens.App.ClientID, g.Account.UserID}
	switch {
	case !of.Meets(own):
		return false
	case len(g.Retired) == before:
	case of == own && of.UserID != "" && set.Serial == 0 && set.ConsentedAt.After(g.Tokens.ConsentedAt):
		g.supersede(*g.Tokens, g.Account)
		g.take(set.Tokens)
	default:
		g.supersede(set.Tokens, set.Account)
	}
	return true
}

// PostponeRetired puts a set that can't be revoked now behind the others, which may be
// another app's.
func (g *Grant) PostponeRetired(set Retired) {
	before := len(g.Retired)
	g.DropRetired(set)
	if len(g.Retired) < before {
		g.Retired = append(g.Retired, set)
	}
}

// PlaceCandidate stores the answer to a consent, once: whatever became of it since,
// storing it again would bring back what may be spent. A candidate of an earlier
// flow is retired. If the invitation has moved on, so is this one, and the flow concluded
// as expired.
func (g *Grant) PlaceCandidate(candidate Candidate, moved string, now time.Time) {
	switch {
	case !g.keep(candidate.Nonce):
	case !g.Consent.Wanted || g.Consent.Epoch != candidate.Epoch:
		g.retire(candidate.Tokens, candidate.Account)
		g.Conclude(candidate.Nonce, Outcome{Code: string(v1alpha1.ErrorSessionExpired), Message: moved, At: now})
	default:
		if g.Candidate != nil {
			g.retire(g.Candidate.Tokens, g.Candidate.Account)
		}
		g.Candidate = &candidate
	}
}

// keep marks the claim of a nonce as answered; it tells whether that is news.
func (g *Grant) keep(nonce string) bool {
	for i := range g.Consent.Claims {
		claim := &g.Consent.Claims[i]
		if claim.Nonce == nonce {
			news := !claim.Kept
			claim.Kept = true
			return news
		}
	}
	return true
}

// ClaimedUntil is until when a flow may be under way; zero if none is.
func (g *Grant) ClaimedUntil(now time.Time) time.Time {
	for _, claim := range g.Consent.Claims {
		if claim.Live(now) {
			return claim.At.Add(claimLive)
		}
	}
	return time.Time{}
}
