// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package xapi is the client of X's API v2: the OAuth 2.0 endpoints (RFC 6749,
// RFC 7636, RFC 7009), the account and its posts. It knows no Kubernetes, keeps
// no state but connections and the names that X took last, and answers with typed
// errors only.
package xapi

import (
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
)

// Endpoints are the addresses of the authorization server and of the API.
type Endpoints struct {
	AuthorizeURL string
	TokenURL     string
	RevokeURL    string
	// APIURL is the base of the API, without a trailing slash.
	APIURL string
}

// Credentials are those of an X developer app, a confidential client.
type Credentials struct {
	ClientID     string
	ClientSecret secret.Token
}

// Tokens is a successful answer of the token endpoint (RFC 6749, section 5.1).
type Tokens struct {
	AccessToken secret.Token
	// RefreshToken is absent if the answer had none; it is never the one sent.
	RefreshToken secret.Token
	TokenType    string
	// Scope is what was granted, space-separated; empty if the answer named none,
	// which means as asked.
	Scope string
	// ExpiresIn is the access token's lifetime from the moment the answer came;
	// 2 hours where the answer names none.
	ExpiresIn time.Duration
}

// User is the account behind an access token.
type User struct {
	ID string
	// Username is the handle, without "@".
	Username string
	Name     string
}

// AuthorizeRequest is what the consent address carries (RFC 6749, section
// 4.1.1; RFC 7636, section 4.3).
type AuthorizeRequest struct {
	ClientID    string
	RedirectURI string
	Scopes      []string
	State       secret.Token
	// Verifier is the PKCE verifier; only its S256 challenge is sent.
	Verifier secret.Token
}

// ExchangeRequest redeems an authorization code (RFC 6749, section 4.1.3).
type ExchangeRequest struct {
	Code        secret.Token
	Verifier    secret.Token
	RedirectURI string
}

// Guard is asked at the last moment before a one-time token or a post is written
// to the connection. A non-nil error aborts the call unsent: Kind is then KindAborted.
type Guard func() error

// TokenHint is RFC 7009's token_type_hint.
type TokenHint string

// The hints that X knows.
const (
	HintAccessToken  TokenHint = "access_token"
	HintRefreshToken TokenHint = "refresh_token"
)
