// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/agentconnect/x-operator/internal/secret"
)

// Exchange redeems an authorization code (RFC 6749, section 4.1.3; RFC 7636,
// section 4.5). A code is used once: after an error whose Sent is true it is gone.
// A nil guard forbids nothing.
func (c *Client) Exchange(ctx context.Context, app Credentials, request ExchangeRequest, guard Guard) (Tokens, error) {
	out := c.tokenCall(EndpointToken, c.endpoints.TokenURL, app, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {request.Code.Reveal()},
		"redirect_uri":  {request.RedirectURI},
		"code_verifier": {request.Verifier.Reveal()},
	}, request.Code, request.Verifier)
	out.guard = guard
	return c.redeem(ctx, out, exchangeVerdict)
}

// Refresh redeems a refresh token (RFC 6749, section 6). X's are used once: an
// error of KindUnknown with Sent leaves open whether it is spent. A nil guard
// forbids nothing.
func (c *Client) Refresh(ctx context.Context, app Credentials, refreshToken secret.Token, guard Guard) (Tokens, error) {
	out := c.tokenCall(EndpointToken, c.endpoints.TokenURL, app, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refreshToken.Reveal()},
	}, refreshToken)
	out.guard = guard
	return c.redeem(ctx, out, tokenVerdict)
}

// Revoke asks X to end a token (RFC 7009). The hint is always sent: X has refused
// calls without it. A token that X says is not valid any more counts as revoked. A nil
// guard forbids nothing.
func (c *Client) Revoke(ctx context.Context, app Credentials, token secret.Token, hint TokenHint, guard Guard) error {
	out := c.tokenCall(EndpointRevoke, c.endpoints.RevokeURL, app, url.Values{
		"token":           {token.Reveal()},
		"token_type_hint": {string(hint)},
	}, token)
	out.guard = guard
	got, err := c.do(ctx, out)
	if err != nil {
		return err
	}
	said := problemFrom(got)
	kind := tokenVerdict(got.status, said)
	if got.status == http.StatusOK || kind == KindDeadToken {
		return nil
	}
	return c.failure(out, got, kind, said)
}

// redeem makes a token call and reads its answer.
func (c *Client) redeem(ctx context.Context, out call, verdict func(int, problem) Kind) (Tokens, error) {
	got, err := c.do(ctx, out)
	if err != nil {
		return Tokens{}, err
	}
	if !got.succeeded() {
		said := problemFrom(got)
		return Tokens{}, c.failure(out, got, verdict(got.status, said), said)
	}
	tokens, err := tokensFrom(got.body)
	if err != nil {
		return Tokens{}, got.unreadable(err)
	}
	return tokens, nil
}

// tokenCall describes a form POST with the app's credentials: Basic, encoded
// first as RFC 6749, section 2.3.1 says, and client_id in the body, which some
// report that X wants. There is one way of authentication and no other is tried:
// a second try would spend the token twice.
func (c *Client) tokenCall(endpoint, address string, app Credentials, form url.Values, sent ...secret.Token) call {
	form.Set("client_id", app.ClientID)
	user, password := url.QueryEscape(app.ClientID), url.QueryEscape(app.ClientSecret.Reveal())
	return call{
		endpoint:    endpoint,
		method:      http.MethodPost,
		url:         address,
		contentType: "application/x-www-form-urlencoded",
		body:        []byte(form.Encode()),
		authorize:   func(request *http.Request) { request.SetBasicAuth(user, password) },
		secrets:     newSecrets(append(sent, app.ClientSecret)...).withBasic(user, password),
		timeout:     tokenTimeout,
		maxBody:     maxTokenBody,
	}
}
