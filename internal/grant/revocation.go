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
}

// BeginRevocation keeps consents out while X is asked to revoke.
func (g *Grant) BeginRevocation(id string, now time.Time) {
	g.Revoking = &Revocation{ID: id, At: now}
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

// Uses tells whether the working set or the candidate is of an app and account, as far as
// the accounts are known. A set that X declared dead is in use by nobody.
func (g *Grant) Uses(clientID, userID string) bool {
	working := g.Tokens != nil && g.Journal.Verdict == nil &&
		g.Tokens.App.ClientID == clientID && g.Account.UserID == userID
	return working || g.Candidate != nil && g.Candidate.App.ClientID == clientID && g.Candidate.Account.UserID == userID
}
