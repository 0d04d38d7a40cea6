// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
)

const (
	// defaultLifetime is the lifetime of X's access tokens, where an answer names
	// none that makes sense.
	defaultLifetime = 2 * time.Hour
	// longestLifetime bounds what is believed of a lifetime.
	longestLifetime = 30 * 24 * time.Hour
)

var (
	errNotJSON    = errors.New("the answer is not a JSON object")
	errNoToken    = errors.New("the answer holds no access token")
	errBadRefresh = errors.New("the answer's refresh token is not a token")
	errTokenType  = errors.New("the answer's token type is not bearer")
)

// tokensFrom reads a successful answer. Only what makes it useless is refused:
// the token that was sent is spent, so that a lenient reading saves an account.
// A type that is missing is taken for bearer, as X has no other, and what follows
// the object is not looked at.
func tokensFrom(body []byte) (Tokens, error) {
	var members map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&members); err != nil || members == nil {
		return Tokens{}, errNotJSON
	}
	access, err := tokenFrom(members["access_token"])
	if err != nil || access.IsZero() {
		return Tokens{}, errNoToken
	}
	refresh, err := tokenFrom(members["refresh_token"])
	if err != nil {
		return Tokens{}, errBadRefresh
	}
	tokenType := "bearer"
	if given, ok := members["token_type"]; ok && string(given) != "null" {
		tokenType = textFrom(given)
	}
	if !strings.EqualFold(tokenType, "bearer") {
		return Tokens{}, errTokenType
	}
	return Tokens{
		AccessToken:  access,
		RefreshToken: refresh,
		TokenType:    tokenType,
		Scope:        textFrom(members["scope"]),
		ExpiresIn:    lifetimeFrom(members["expires_in"]),
	}, nil
}

// tokenFrom reads a token: absent, null and empty are none. RFC 6749, appendix
// A.12, allows visible ASCII alone, and more would break an HTTP header.
func tokenFrom(raw json.RawMessage) (secret.Token, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return secret.Token{}, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return secret.Token{}, errNoToken
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.Token{}, errNoToken
	}
	return secret.New(text), nil
}

// textFrom reads a string; anything else counts as absent.
func textFrom(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// lifetimeFrom reads seconds, also from a string, as some servers write them.
// What is absent, not a number or not above zero is taken for X's two hours: a
// lifetime of nothing would only make us refresh without end.
func lifetimeFrom(raw json.RawMessage) time.Duration {
	// An overflow gives an infinity, which the longest lifetime then bounds.
	seconds, _ := strconv.ParseFloat(strings.Trim(string(raw), `" `), 64)
	switch {
	case !(seconds > 0):
		return defaultLifetime
	case seconds > longestLifetime.Seconds():
		return longestLifetime
	}
	return time.Duration(seconds * float64(time.Second))
}
