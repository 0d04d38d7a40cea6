// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestClientAuthentication(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) {
		c.Apps = append(c.Apps, xsim.App{ClientID: "odd id+", ClientSecret: "p%c/d=&"})
	})
	issued := f.login("jane_doe")
	const header = "Missing valid authorization header"
	tests := map[string]struct {
		authorize   func(*http.Request)
		status      int
		code        string
		description string
	}{
		"no header":     {func(r *http.Request) { r.Header.Del("Authorization") }, 401, "unauthorized_client", header},
		"bearer":        {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+issued.access) }, 401, "unauthorized_client", header},
		"wrong secret":  {func(r *http.Request) { r.SetBasicAuth(clientID, "wrong-secret") }, 401, "unauthorized_client", header},
		"newline":       {func(r *http.Request) { r.SetBasicAuth(clientID, clientSecret+"\n") }, 401, "unauthorized_client", header},
		"unknown app":   {func(r *http.Request) { r.SetBasicAuth("nobody", clientSecret) }, 401, "invalid_client", "Value passed for the client id was invalid."},
		"form-encoded":  {func(r *http.Request) { r.SetBasicAuth(url.QueryEscape("odd id+"), url.QueryEscape("p%c/d=&")) }, 400, "invalid_request", "Value passed for the token was invalid."},
		"right and not": {func(r *http.Request) { r.SetBasicAuth("other-client", "other-secret-0123456789") }, 400, "invalid_request", "Value passed for the token was invalid."},
	}
	for name, test := range tests {
		for path, form := range map[string]url.Values{
			xsim.PathToken:  refreshForm(issued.refresh),
			xsim.PathRevoke: {"token": {issued.refresh}, "token_type_hint": {"refresh_token"}},
		} {
			t.Run(name+" at "+path, func(t *testing.T) {
				request := f.post(path, form)
				test.authorize(request)
				wantError(t, f.send(request), test.status, test.code, test.description)
			})
		}
	}
	if got := f.sim.Counters().Unauthorized; got != 10 {
		t.Errorf("%d unauthorized calls, want 10", got)
	}
	f.tokensOf(f.refresh(issued.refresh)) // nothing was spent
}

func TestClientIDInTheBodyMustBeTheSame(t *testing.T) {
	f := newFixture(t, nil)
	form := refreshForm(f.login("jane_doe").refresh)
	form.Set("client_id", "other-client")
	wantError(t, f.send(f.post(xsim.PathToken, form)), 400, "invalid_request", "Value passed for the client id was invalid.")
	form.Set("client_id", clientID)
	f.tokensOf(f.send(f.post(xsim.PathToken, form)))
}

func TestPublicClientNamesItselfInTheBody(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Apps[0].ClientSecret = "" })
	form := exchangeForm(f.code("jane_doe", consent()))
	form.Set("client_id", clientID)
	request := f.post(xsim.PathToken, form)
	request.Header.Del("Authorization")
	f.tokensOf(f.send(request))
}

func TestHugeRequestIsRefused(t *testing.T) {
	f := newFixture(t, nil)
	form := refreshForm(string(make([]byte, 100<<10)))
	if got := f.send(f.post(xsim.PathToken, form)); got.status != http.StatusBadRequest {
		t.Errorf("HTTP %d", got.status)
	}
}
