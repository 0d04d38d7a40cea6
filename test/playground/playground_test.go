// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package playground runs the client of X, and the operator around it, against X's
// own simulator of its API v2 (github.com/xdevplatform/playground), so that what the
// operator relies on is not merely what our simulator happens to do. It runs where
// X_PLAYGROUND_URL names a playground: CONTRIBUTING.md says how to start one.
//
// The playground has habits that X has not, and the tests keep clear of them: it
// keeps no reference from a reply to what it answers, takes any number of equal
// posts, counts bytes where X weighs characters, escapes HTML in texts, and numbers
// new posts from the middle of the posts that it made up, so that a number says
// nothing about an age and may stand in two accounts' lists.
package playground

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"testing"
)

// playground gives the address of X's playground, behind a proxy that says of each
// bearer token that it is a user's. The playground can't tell these from an app's
// own, which X's write calls refuse: it reads a header that X does not have.
func playground(t *testing.T) string {
	t.Helper()
	address := os.Getenv("X_PLAYGROUND_URL")
	if address == "" {
		t.Skip("X_PLAYGROUND_URL names no playground of X's API; CONTRIBUTING.md says how to start one")
	}
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		t.Fatalf("X_PLAYGROUND_URL is %q, and must be an address such as http://localhost:8080", address)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(target)
		request.Out.Header.Set("X-Auth-Method", "oauth2user")
	}})
	t.Cleanup(proxy.Close)
	return proxy.URL
}
