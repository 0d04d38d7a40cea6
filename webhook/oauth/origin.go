// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"
	"net/url"
	"strings"
)

// ownForm tells whether a form was sent from a page of ours. Sec-Fetch-Site, where
// a browser sends it, must say so; then Origin must be ours, or, where there is
// none, the Referer. A request that names no source at all is refused: every
// browser names one for a form. The cookie is SameSite and must be there too.
func (d *door) ownForm(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin == d.Address.Origin()
	}
	return originOf(r.Header.Get("Referer")) == d.Address.Origin()
}

// originOf is the origin of an address; empty if it has none.
func originOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return ""
	}
	return parsed.Scheme + "://" + strings.ToLower(parsed.Host)
}
