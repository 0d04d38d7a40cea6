// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"
	"time"

	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/secret"
)

// cookieLifetime outlasts a flow. It is short, and renewed by the start page and
// by each begin, so that an administrator who connects a hundred accounts in one
// browser does not send a hundred cookies for the rest of the day.
const cookieLifetime = time.Hour

// cookieName is the name of an object's cookie. "__Host-" makes browsers hold us
// to Secure, to Path=/ and to this very host (RFC 6265bis, section 4.1.3.2), so
// that no sibling host can plant one; without https they would refuse it.
func (d *door) cookieName(uid string) string {
	if d.Address.Secure() {
		return "__Host-" + seal.CookieName(uid)
	}
	return seal.CookieName(uid)
}

// cookieFrom gives the cookie that a browser holds for an object; ok is false if
// there is none that we can have made.
func (d *door) cookieFrom(r *http.Request, uid string) (value secret.Token, ok bool) {
	held, err := r.Cookie(d.cookieName(uid))
	if err != nil {
		return secret.Token{}, false
	}
	return seal.ParseCookie(held.Value)
}

// setCookie makes the header that sets or renews an object's cookie. Lax, not
// Strict: it must come along when X sends the browser back.
func (d *door) setCookie(uid string, value secret.Token) *http.Cookie {
	return &http.Cookie{
		Name:     d.cookieName(uid),
		Value:    value.Reveal(),
		Path:     "/",
		MaxAge:   int(cookieLifetime.Seconds()),
		Secure:   d.Address.Secure(),
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
}
