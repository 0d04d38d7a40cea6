// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"slices"
	"time"
)

// revocationLive is how long a revocation keeps consents out: time for its two calls
// to X, each of which begins within redeem's limit, and ends within X's timeout.
const revocationLive = 90 * time.Second

// Revocation is a call to X to revoke tokens. X may end all tokens of an account and
// app at once, those of a consent that is being given as well: a consent and a
// revocation wait for each other.
type Revocation struct {
	ID string
	At time.Time
	// Of is whose tokens they are; without an account if X does not tell.
	Of Grantee
}

// BeginRevocation keeps consents out while X is asked to revoke, and tells whether it
// may be: not while another process asks. Its calls would go on when this one's fence is
// gone.
func (g *Grant) BeginRevocation(id string, of Grantee, now time.Time) bool {
	if g.revoking(now) && g.Revoking.ID != id {
		return false
	}
	g.Revoking = &Revocation{ID: id, At: now, Of: of}
	return true
}

// EndRevocation lets consents in again, unless another revocation began since.
func (g *Grant) EndRevocation(id string) {
	if g.Revoking != nil && g.Revoking.ID == id {
		g.Revoking = nil
	}
}

func (g *Grant) revoking(now time.Time) bool {
	return g.Revoking != nil && now.Sub(g.Revoking.At).Abs() < revocationLive
}

// RevokingUntil is until when a revocation may be under way; zero if none is.
func (g *Grant) RevokingUntil(now time.Time) time.Time {
	if g.revoking(now) {
		return g.Revoking.At.Add(revocationLive)
	}
	return time.Time{}
}

// Grantee is an app and the account that let it act.
type Grantee struct {
	ClientID string
	UserID   string
}

// Meets tells whether two may be the same: an account that is not known may be any.
func (g Grantee) Meets(other Grantee) bool {
	return g.ClientID == other.ClientID && (g.UserID == "" || other.UserID == "" || g.UserID == other.UserID)
}

// LivesOn tells whether the working set or the candidate is of an app and account; of one
// that is not known, whether it may be. The other way round, a set whose own account is
// not known counts for none: whoever consents without letting X name the account, which
// takes scopes that anybody may choose, would keep all others of the app from being revoked.
func (g *Grant) LivesOn(of Grantee) bool {
	if of.UserID != "" {
		return slices.Contains(g.Grantees(), of)
	}
	working := g.Tokens != nil && g.Journal.Verdict == nil && g.Tokens.App.ClientID == of.ClientID
	return working || g.Candidate != nil && g.Candidate.App.ClientID == of.ClientID
}

// MayLiveOn tells whether the working set or the candidate is, or may be, of an app and
// account.
func (g *Grant) MayLiveOn(of Grantee) bool {
	working := g.Tokens != nil && g.Journal.Verdict == nil && of.Meets(Grantee{g.Tokens.App.ClientID, g.Account.UserID})
	return working || g.Candidate != nil && of.Meets(Grantee{g.Candidate.App.ClientID, g.Candidate.Account.UserID})
}

// Grantees are those of the working set and the candidate, as far as the accounts are
// known. Retired sets are in use by nobody, and neither is one that X declared dead.
func (g *Grant) Grantees() []Grantee {
	var list []Grantee
	if g.Tokens != nil && g.Account.UserID != "" && g.Journal.Verdict == nil {
		list = append(list, Grantee{g.Tokens.App.ClientID, g.Account.UserID})
	}
	if g.Candidate != nil && g.Candidate.Account.UserID != "" {
		list = append(list, Grantee{g.Candidate.App.ClientID, g.Candidate.Account.UserID})
	}
	return list
}
