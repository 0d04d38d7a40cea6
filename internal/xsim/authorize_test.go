// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestConsentPageOffersTheAccounts(t *testing.T) {
	f := newFixture(t, nil)
	got := f.send(f.get(xsim.PathAuthorize+"?"+consent().Encode(), ""))
	if got.status != http.StatusOK {
		t.Fatalf("HTTP %d: %s", got.status, got.body)
	}
	for _, part := range []string{
		"Acme wants to access", "<li>offline.access</li>", `name="account" list="accounts" value="jane_doe"`,
		`<option value="john_roe">`, `value="approve"`, `value="deny"`, `name="state" value="state-0123456789"`,
	} {
		if !strings.Contains(got.body, part) {
			t.Errorf("the page lacks %s:\n%s", part, got.body)
		}
	}
}

func TestConsentRequestIsChecked(t *testing.T) {
	f := newFixture(t, nil)
	tests := map[string]struct {
		change    func(url.Values)
		complaint string
	}{
		"unknown client":       {func(v url.Values) { v.Set("client_id", "nobody") }, "client id"},
		"no redirect URI":      {func(v url.Values) { v.Del("redirect_uri") }, "redirect uri"},
		"other redirect URI":   {func(v url.Values) { v.Set("redirect_uri", callback+"/") }, "redirect uri"},
		"another app's URI":    {func(v url.Values) { v.Set("redirect_uri", callback+"?x=1") }, "redirect uri"},
		"implicit grant":       {func(v url.Values) { v.Set("response_type", "token") }, "response type"},
		"no scope":             {func(v url.Values) { v.Del("scope") }, "scope"},
		"unknown scope":        {func(v url.Values) { v.Set("scope", "tweet.read tweet.eat") }, "scope"},
		"no state":             {func(v url.Values) { v.Del("state") }, "state"},
		"state of 501":         {func(v url.Values) { v.Set("state", strings.Repeat("é", 501)) }, "state"},
		"no challenge":         {func(v url.Values) { v.Del("code_challenge") }, "code challenge"},
		"no challenge method":  {func(v url.Values) { v.Del("code_challenge_method") }, "code challenge"},
		"plain challenge":      {func(v url.Values) { v.Set("code_challenge_method", "plain") }, "code challenge"},
		"challenge of 42":      {func(v url.Values) { v.Set("code_challenge", challenge[1:]) }, "code challenge"},
		"challenge not base64": {func(v url.Values) { v.Set("code_challenge", "+"+challenge[1:]) }, "code challenge"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := consent()
			test.change(request)
			shown := f.send(f.get(xsim.PathAuthorize+"?"+request.Encode(), ""))
			request.Set("account", "jane_doe")
			request.Set("decision", "approve")
			decided := f.send(f.post(xsim.PathAuthorize, request))
			for _, got := range []reply{shown, decided} {
				if got.status != http.StatusBadRequest || got.header.Get("Location") != "" || !strings.Contains(got.body, test.complaint) {
					t.Errorf("HTTP %d to %q: %s", got.status, got.header.Get("Location"), got.body)
				}
			}
		})
	}
	if got := f.sim.Counters(); got.Approvals != 0 || got.AuthorizeCalls != len(tests) {
		t.Errorf("counters: %+v", got)
	}
}

func TestStateOf500CharactersPasses(t *testing.T) {
	f := newFixture(t, nil)
	request := consent()
	request.Set("state", strings.Repeat("é", 500))
	if f.code("jane_doe", request) == "" {
		t.Error("no code")
	}
}

func TestApprovalAndDenialGoBackToTheApp(t *testing.T) {
	f := newFixture(t, nil)
	decide := func(decision string) *url.URL {
		request := consent()
		request.Set("account", "JOHN_roe")
		request.Set("decision", decision)
		back, err := url.Parse(f.send(f.post(xsim.PathAuthorize, request)).header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return back
	}
	approved := decide("approve")
	query := approved.Query()
	if approved.Host != "x.example.com" || query.Get("state") != "state-0123456789" || query.Get("code") == "" || len(query) != 2 {
		t.Errorf("approval goes to %s", approved)
	}
	if got, want := decide("deny").RawQuery, "error=access_denied&state=state-0123456789"; got != want {
		t.Errorf("denial says %q, want %q", got, want)
	}
	f.sim.SetPolicies(xsim.Policies{DenialDescribed: true})
	if got := decide("deny").Query().Get("error_description"); got == "" {
		t.Error("a described denial says nothing")
	}
	if got := f.sim.Counters(); got.Approvals != 1 || got.Denials != 2 {
		t.Errorf("counters: %+v", got)
	}
}

func TestResultIsAddedToTheQueryOfTheRedirectURI(t *testing.T) {
	f := newFixture(t, nil)
	request := consent()
	request.Set("client_id", "other-client")
	request.Set("redirect_uri", callback+"?x=1")
	request.Set("account", "jane_doe")
	request.Set("decision", "deny")
	want := callback + "?x=1&error=access_denied&state=state-0123456789"
	if got := f.send(f.post(xsim.PathAuthorize, request)).header.Get("Location"); got != want {
		t.Errorf("denial goes to %s, want %s", got, want)
	}
}

func TestDecisionNeedsAnAccountAndAWord(t *testing.T) {
	f := newFixture(t, nil)
	for _, pair := range [][2]string{{"nobody", "approve"}, {"", "approve"}, {"jane_doe", ""}, {"jane_doe", "perhaps"}} {
		request := consent()
		request.Set("account", pair[0])
		request.Set("decision", pair[1])
		if got := f.send(f.post(xsim.PathAuthorize, request)); got.status != http.StatusBadRequest {
			t.Errorf("%v: HTTP %d", pair, got.status)
		}
	}
}

func TestTheAccountThatDecidedIsPreselectedNextTime(t *testing.T) {
	f := newFixture(t, nil)
	request := consent()
	request.Set("account", "john_roe")
	request.Set("decision", "deny")
	cookie := f.send(f.post(xsim.PathAuthorize, request)).header.Get("Set-Cookie")
	again := f.get(xsim.PathAuthorize+"?"+consent().Encode(), "")
	again.Header.Set("Cookie", strings.Split(cookie, ";")[0])
	if got := f.send(again).body; !strings.Contains(got, `list="accounts" value="john_roe"`) {
		t.Errorf("john_roe is not preselected:\n%s", got)
	}
}
