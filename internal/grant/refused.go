// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
)

// refusalKept is how long the refusal of one access token counts against the next:
// two that are refused in that time mean that a refresh does not help.
const refusalKept = time.Hour

// Refusal is X's word, at its API and not at the token endpoint, that it does not
// accept an access token that should be valid.
type Refusal struct {
	At time.Time
	// TokenHash is the access token it is about.
	TokenHash string
}

// RefuseAccess records that X refused an access token. The first time it asks for a
// refresh; of a token that came of such a refresh it is a verdict: only a person's
// consent helps. A token that is not in use any more says nothing.
func (g *Grant) RefuseAccess(access secret.Token, message string, now time.Time) {
	if g.Tokens == nil || g.Journal.Verdict != nil || !g.Tokens.AccessToken.Equal(access) {
		return
	}
	earlier := g.Refused
	if earlier == nil || now.Sub(earlier.At).Abs() > refusalKept {
		g.Refused = &Refusal{At: now, TokenHash: access.Hash()}
		return
	}
	if earlier.TokenHash != access.Hash() {
		g.Refused = nil
		g.Journal.Verdict = &Verdict{At: now, Message: message, TokenHash: g.Tokens.RefreshToken.Hash()}
	}
}

// AcceptAccess records that X accepted an access token: an earlier refusal is over.
func (g *Grant) AcceptAccess(access secret.Token) {
	if g.Refused != nil && g.Refused.TokenHash != access.Hash() {
		g.Refused = nil
	}
}

// AccessRefused tells whether X refused the access token that is in use.
func (g *Grant) AccessRefused() bool {
	return g.Refused != nil && g.Tokens != nil && g.Refused.TokenHash == g.Tokens.AccessToken.Hash()
}
