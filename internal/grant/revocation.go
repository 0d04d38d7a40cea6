// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import "time"

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

// BeginRevocation keeps consents out while X is asked to revoke.
func (g *Grant) BeginRevocation(id string, of Grantee, now time.Time) {
	g.Revoking = &Revocation{ID: id, At: now, Of: of}
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

// Grantee is an app and the account that let it act.
type Grantee struct {
	ClientID string
	UserID   string
}

// Meets tells whether two may be the same: an account that is not known may be any.
func (g Grantee) Meets(other Grantee) bool {
	return g.ClientID == other.ClientID && (g.UserID == "" || other.UserID == "" || g.UserID == other.UserID)
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
