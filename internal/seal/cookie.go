// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/agentconnect/x-operator/internal/secret"
)

const cookieBytes = 32

// NewCookie makes the value that binds flows to one browser: 256 random bits in
// 43 characters that a cookie may hold as they are.
func NewCookie() secret.Token { return secret.New(encode(random(cookieBytes))) }

// ParseCookie reads what a browser sent back; ok is false for anything that
// NewCookie can't have made.
func ParseCookie(text string) (value secret.Token, ok bool) {
	raw, ok := decode(text, 2*cookieBytes)
	if !ok || len(raw) != cookieBytes {
		return secret.Token{}, false
	}
	return secret.New(text), true
}

// CookieName gives a short name that is one XConnection's own, so that flows for
// several in one browser stay apart: "x-consent-" and 64 bits of a hash.
func CookieName(uid string) string {
	sum := sha256.Sum256([]byte(uid))
	return "x-consent-" + hex.EncodeToString(sum[:8])
}
