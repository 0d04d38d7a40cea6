// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"strings"
	"testing"
)

// TestAddresses: what a person reads who comes with a broken address.
func TestAddresses(t *testing.T) {
	link := newConnection(t).link()
	b := newBrowser(t)
	nothingBehind := map[string]string{
		"label": "NOT CONNECTED", "title": "There is nothing behind this link", "code": "useragent_not_found",
		"what": "The connection that it was made for is gone, or the link is not complete.",
		"next": "Check that you copied the whole link. If you did, ask whoever sent it to you for a new one.",
		"who":  "Whoever sent you the link", "connection": "", "restart": "",
	}
	for _, c := range []struct {
		name, address string
		status        int
		want          map[string]string
	}{
		{"half-a-link", link[:len(link)-4], 404, nothingBehind},
		{"another-name", strings.Replace(link, "/social-manager?", "/newsroom?", 1), 404, nothingBehind},
		{"no-answer", "https://" + doorHost + "/oauth2/callback", 400, map[string]string{
			"label": "NOT CONNECTED", "title": "This address is incomplete", "code": "missing_params",
			"what": "X sends people back here with its answer in the address. This address holds no complete answer, so nothing was done.",
			"next": "Open the link that you were given again, and go through X’s page from the start.",
			"who":  "You",
		}},
		{"forged-answer", "https://" + doorHost + "/oauth2/callback?code=x&state=y", 410, map[string]string{
			"title": "This attempt is no longer valid", "code": "session_expired",
			"detail": "It was not begun here, or so long ago that it can no longer be told.",
		}},
		{"no-page", "https://" + doorHost + "/", 404, map[string]string{
			"label": "NOT FOUND", "title": "There is no such page", "code": "",
			"what": "This service only has pages for links that connect an account on X.",
			"next": "Check that you copied the whole link.",
		}},
	} {
		b.open(c.address, c.status)
		b.shows(c.name, c.want)
	}
}
