// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// AuthorizeURL is the address of X's consent page for a request (RFC 6749,
// section 4.1.1), with the S256 challenge of the verifier (RFC 7636, section
// 4.3). It holds the state: never log it.
func (c *Client) AuthorizeURL(request AuthorizeRequest) string {
	query := strings.Join([]string{
		"response_type=code",
		"client_id=" + escape(request.ClientID),
		"redirect_uri=" + escape(request.RedirectURI),
		"scope=" + escape(strings.Join(request.Scopes, " ")),
		"state=" + escape(request.State.Reveal()),
		"code_challenge=" + oauth2.S256ChallengeFromVerifier(request.Verifier.Reveal()),
		"code_challenge_method=S256",
	}, "&")
	if strings.Contains(c.endpoints.AuthorizeURL, "?") {
		return c.endpoints.AuthorizeURL + "&" + query
	}
	return c.endpoints.AuthorizeURL + "?" + query
}

// escape encodes a query value with %20 for a space, as X's documentation does:
// not every server reads a plus sign as one.
func escape(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
