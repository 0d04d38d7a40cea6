// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"net/http"
	"strings"
)

// X's documented words for what is dead. It gives them with invalid_request,
// which by RFC 6749 would say nothing about the token.
const (
	deadToken = "Value passed for the token was invalid"
	deadCode  = "Value passed for the authorization code was invalid"
)

// tokenVerdict says what a failure of the token or revocation endpoint means for
// the token that was sent.
func tokenVerdict(status int, said problem) Kind {
	return verdict(status, said, deadToken)
}

// exchangeVerdict says what a failure means for an authorization code.
func exchangeVerdict(status int, said problem) Kind {
	if status == http.StatusBadRequest && said.mentions("redirect uri", "redirect_uri") {
		return KindRedirectMismatch
	}
	return verdict(status, said, deadCode)
}

// verdict is the answer table: the first row that fits counts. Only X's plain
// word ends a token; whatever else comes, a proxy's page included, does not.
func verdict(status int, said problem, dead string) Kind {
	switch {
	case status >= 500:
		return KindUnknown
	case status < 400:
		return KindNotVerdict
	case status == http.StatusPaymentRequired, said.capped():
		return KindUsageCap
	case status == http.StatusTooManyRequests:
		return KindRateLimited
	case status == http.StatusUnauthorized, said.OAuthCode == "invalid_client", said.OAuthCode == "unauthorized_client":
		return KindCredentials
	case status == http.StatusBadRequest && said.declaresDead(dead):
		return KindDeadToken
	}
	return KindNotVerdict
}

// declaresDead tells whether X says that what was sent is not valid (RFC 6749,
// section 5.2, or X's own words).
func (p problem) declaresDead(words string) bool {
	said := strings.TrimRight(strings.TrimSpace(p.OAuthDescription), ".")
	return p.OAuthCode == "invalid_grant" || p.OAuthCode == "invalid_request" && strings.EqualFold(said, words)
}
