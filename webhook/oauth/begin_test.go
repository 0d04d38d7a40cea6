// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

func TestBeginSendsTheBrowserToX(t *testing.T) {
	w := newWorld(t).door()
	b := w.browser()
	b.open()
	answer := b.submit()
	if answer.Code != http.StatusSeeOther || answer.Body.Len() != 0 {
		t.Fatalf("got %d with the body %q", answer.Code, answer.Body)
	}
	request := w.begun[0]
	if got, want := answer.Header().Get("Location"), xPage+"?state="+request.State.Reveal(); got != want {
		t.Errorf("sent to %q, want %q", got, want)
	}
	if answer.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Error("X is told the link")
	}
	if request.ClientID != "client-1" || request.RedirectURI != base+"/oauth2/callback" ||
		!slices.Equal(request.Scopes, w.grant.Consent.Scopes) {
		t.Errorf("X is asked with %+v", request)
	}
	if !slices.Equal(w.answered, []string{"start asked", "begin sent"}) {
		t.Errorf("counted %q", w.answered)
	}
	b.submit()
	if w.begun[1].State.Equal(request.State) || w.begun[1].Verifier.Equal(request.Verifier) {
		t.Error("two flows share state or verifier")
	}
}

func TestOnlyTheStartPageBegins(t *testing.T) {
	tests := map[string]struct {
		headers []string
		sent    bool
	}{
		"a browser of today":      {[]string{"Origin", base, "Sec-Fetch-Site", "same-origin"}, true},
		"without fetch metadata":  {[]string{"Origin", base}, true},
		"with a referer alone":    {[]string{"Referer", base + "/connect/customer-a/social-manager?c=x"}, true},
		"nothing":                 {nil, false},
		"another origin":          {[]string{"Origin", "https://evil.example"}, false},
		"another port":            {[]string{"Origin", base + ":8443"}, false},
		"without TLS":             {[]string{"Origin", "http://x.example.com"}, false},
		"a hidden origin":         {[]string{"Origin", "null", "Referer", base + "/"}, false},
		"another site's referer":  {[]string{"Referer", "https://evil.example/?" + base}, false},
		"a lookalike":             {[]string{"Referer", base + ".evil.example/"}, false},
		"a sibling host":          {[]string{"Origin", base, "Sec-Fetch-Site", "same-site"}, false},
		"another site":            {[]string{"Origin", base, "Sec-Fetch-Site", "cross-site"}, false},
		"another origin, hostile": {[]string{"Origin", "https://x.example.com\x00"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).door()
			b := w.browser()
			b.open()
			answer := b.ask(http.MethodPost, w.link(epoch), test.headers...)
			if sent := answer.Code == http.StatusSeeOther; sent != test.sent || len(w.begun) == 1 != test.sent {
				t.Errorf("got %d, sent to X: %t", answer.Code, len(w.begun) == 1)
			}
			if !test.sent {
				shows(t, answer, http.StatusForbidden, map[string]string{"title": "This did not come from our page"})
			}
		})
	}
}

func TestAFormWithoutTheCookieShowsThePageAgain(t *testing.T) {
	w := newWorld(t).door()
	b := w.browser()
	answer := b.submit()
	shows(t, answer, http.StatusConflict, map[string]string{"title": "Connect an account on X?"})
	if !strings.Contains(parts(answer)["notice"], "your browser keeps no cookies for x.example.com") {
		t.Errorf("the page does not say why: %q", parts(answer)["notice"])
	}
	if len(w.begun) != 0 {
		t.Error("a flow was begun that can't be finished")
	}
	if got := b.submit().Code; got != http.StatusSeeOther {
		t.Errorf("the second try got %d", got)
	}
}

func TestNobodyIsSentToXInVain(t *testing.T) {
	tests := map[string]struct {
		credentials func(grant.App) (xapi.Credentials, error)
		status      int
		want        map[string]string
	}{
		"no Secret": {
			func(grant.App) (xapi.Credentials, error) {
				return xapi.Credentials{}, fmt.Errorf("%w: the Secret is gone", grant.ErrNoCredentials)
			},
			http.StatusConflict, map[string]string{"code": "invalid_config", "who": "The owner of the X app", "connection": "social-manager"},
		},
		"another client id": {
			func(grant.App) (xapi.Credentials, error) { return xapi.Credentials{ClientID: "client-2"}, nil },
			http.StatusGone, map[string]string{"code": "session_expired", "detail": "The settings of the X app have just been changed."},
		},
		"a failure": {
			func(grant.App) (xapi.Credentials, error) { return xapi.Credentials{}, errBroken },
			http.StatusServiceUnavailable, map[string]string{"code": "internal_error"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).door()
			w.credentials = test.credentials
			b := w.browser()
			b.open()
			shows(t, b.submit(), test.status, test.want)
			if len(w.begun) != 0 {
				t.Error("the browser was sent to X")
			}
		})
	}
}
