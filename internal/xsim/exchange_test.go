// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestExchangeGivesTokens(t *testing.T) {
	f := newFixture(t, nil)
	got := f.send(f.post(xsim.PathToken, exchangeForm(f.code("jane_doe", consent()))))
	issued := f.tokensOf(got)
	want := map[string]any{
		"token_type": "bearer", "expires_in": 7200.0, "scope": allScopes,
		"access_token": issued.access, "refresh_token": issued.refresh,
	}
	if body := got.json(t); !reflect.DeepEqual(body, want) {
		t.Errorf("got %v, want %v", body, want)
	}
	if issued.access == "" || issued.refresh == "" || issued.access == issued.refresh {
		t.Errorf("tokens: %+v", issued)
	}
	if !f.works(issued.access) {
		t.Error("the access token does not work")
	}
}

func TestRefreshTokenNeedsOfflineAccess(t *testing.T) {
	f := newFixture(t, nil)
	request := consent()
	request.Set("scope", "tweet.read users.read")
	issued := f.tokensOf(f.send(f.post(xsim.PathToken, exchangeForm(f.code("jane_doe", request)))))
	if issued.refresh != "" {
		t.Error("a refresh token without offline.access")
	}
}

func TestExchangeIsChecked(t *testing.T) {
	const badCode = "Value passed for the authorization code was invalid."
	const badVerifier = "Value passed for the code verifier did not match the code challenge."
	tests := map[string]struct {
		change      func(url.Values)
		code        string
		description string
	}{
		"no grant type":     {func(v url.Values) { v.Del("grant_type") }, "invalid_request", "Missing required parameter [grant_type]."},
		"other grant type":  {func(v url.Values) { v.Set("grant_type", "password") }, "unsupported_grant_type", "Value passed for the grant type was invalid."},
		"no code":           {func(v url.Values) { v.Del("code") }, "invalid_request", "Missing required parameter [code]."},
		"unknown code":      {func(v url.Values) { v.Set("code", "unknown-code") }, "invalid_request", badCode},
		"no redirect URI":   {func(v url.Values) { v.Del("redirect_uri") }, "invalid_request", "Missing required parameter [redirect_uri]."},
		"other URI":         {func(v url.Values) { v.Set("redirect_uri", callback+"/") }, "invalid_request", "Value passed for the redirect uri did not match the uri of the authorization code."},
		"no verifier":       {func(v url.Values) { v.Del("code_verifier") }, "invalid_request", "Missing required parameter [code_verifier]."},
		"other verifier":    {func(v url.Values) { v.Set("code_verifier", verifier[1:]+"A") }, "invalid_request", badVerifier},
		"verifier too long": {func(v url.Values) { v.Set("code_verifier", verifier+verifier+verifier) }, "invalid_request", badVerifier},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			code := f.code("jane_doe", consent())
			form := exchangeForm(code)
			test.change(form)
			wantError(t, f.send(f.post(xsim.PathToken, form)), http.StatusBadRequest, test.code, test.description)
			if got := f.send(f.post(xsim.PathToken, exchangeForm(code))); got.status != http.StatusOK {
				t.Errorf("the refusal has used the code up: %s", got.body)
			}
		})
	}
}

func TestCodeOfAnotherAppIsRefused(t *testing.T) {
	f := newFixture(t, nil)
	request := f.post(xsim.PathToken, exchangeForm(f.code("jane_doe", consent())))
	request.SetBasicAuth("other-client", "other-secret-0123456789")
	wantError(t, f.send(request), 400, "invalid_request", "Value passed for the authorization code was invalid.")
}

func TestCodeIsUsedOnce(t *testing.T) {
	for _, ends := range []bool{false, true} {
		f := newFixture(t, func(c *xsim.Config) { c.Policies.CodeReplayEndsGrant = ends })
		code := f.code("jane_doe", consent())
		issued := f.tokensOf(f.send(f.post(xsim.PathToken, exchangeForm(code))))
		got := f.send(f.post(xsim.PathToken, exchangeForm(code)))
		wantError(t, got, 400, "invalid_request", "Value passed for the authorization code was invalid.")
		if f.works(issued.access) == ends || f.record(issued.refresh).Alive == ends {
			t.Errorf("CodeReplayEndsGrant=%v: the tokens disagree", ends)
		}
		if got := f.sim.Counters(); got.Exchanges != 1 || got.CodeReplays != 1 {
			t.Errorf("counters: %+v", got)
		}
	}
}

func TestCodeLives30Seconds(t *testing.T) {
	for _, test := range []struct {
		age    time.Duration
		status int
	}{{30*time.Second - time.Nanosecond, 200}, {30 * time.Second, 400}} {
		f := newFixture(t, nil)
		code := f.code("jane_doe", consent())
		f.sim.Advance(test.age)
		if got := f.send(f.post(xsim.PathToken, exchangeForm(code))); got.status != test.status {
			t.Errorf("after %v: HTTP %d, want %d", test.age, got.status, test.status)
		}
	}
}

func TestDeadCodeByTheStandardsName(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Policies.DeadTokenError = "invalid_grant" })
	got := f.send(f.post(xsim.PathToken, exchangeForm("unknown-code")))
	wantError(t, got, 400, "invalid_grant", "Value passed for the authorization code was invalid.")
}

func TestNewLoginEndsTheEarlierRefreshToken(t *testing.T) {
	f := newFixture(t, nil)
	first, other := f.login("jane_doe"), f.login("john_roe")
	second := f.login("jane_doe")
	wantDead(t, f.refresh(first.refresh))
	if got := f.record(first.refresh); got.KilledWhy != xsim.EndNewLogin || got.Replays != 0 {
		t.Errorf("the first refresh token's record: %+v", got)
	}
	if !f.works(first.access) {
		t.Error("a new login ends the refresh token alone")
	}
	f.tokensOf(f.refresh(other.refresh))
	f.tokensOf(f.refresh(second.refresh))
}

func TestEarlierLoginsCanBeKept(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Policies.KeepEarlierLogins = true })
	first, second := f.login("jane_doe"), f.login("jane_doe")
	f.tokensOf(f.refresh(first.refresh))
	f.tokensOf(f.refresh(second.refresh))
}
