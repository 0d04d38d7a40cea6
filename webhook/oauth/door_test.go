// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/webhook/oauth"
)

func TestRequestsThatBelongToNoFlow(t *testing.T) {
	w := newWorld(t).door()
	good := w.link(epoch)
	tests := map[string]struct {
		method, target string
		headers        []string
		status         int
		want           map[string]string
		allow          string
		result         string
	}{
		"the root":          {http.MethodGet, "/", nil, http.StatusNotFound, map[string]string{"title": "There is no such page"}, "", "other no_such_page"},
		"a part of a link":  {http.MethodGet, "/connect/customer-a", nil, http.StatusNotFound, map[string]string{"title": "There is no such page"}, "", "other no_such_page"},
		"another host":      {http.MethodGet, good, []string{"Host", "evil.example"}, http.StatusMisdirectedRequest, map[string]string{"title": "This page lives elsewhere"}, "", "other wrong_host"},
		"another host's IP": {http.MethodGet, "/oauth2/callback?state=a&code=b", []string{"Host", "10.0.0.1:8082"}, http.StatusMisdirectedRequest, map[string]string{"title": "This page lives elsewhere"}, "", "other wrong_host"},
		"PUT of a link":     {http.MethodPut, good, nil, http.StatusMethodNotAllowed, map[string]string{"title": "This page can&#39;t be asked that way"}, "GET, HEAD, POST", "other wrong_method"},
		"POST of an answer": {http.MethodPost, "/oauth2/callback?state=a&code=b", nil, http.StatusMethodNotAllowed, nil, "GET", "other wrong_method"},
		"HEAD of an answer": {http.MethodHead, "/oauth2/callback?state=a&code=b", nil, http.StatusMethodNotAllowed, nil, "GET", "other wrong_method"},
		"HEAD of a link":    {http.MethodHead, good, nil, http.StatusOK, nil, "", "start asked"},
		"the scheme's port": {http.MethodGet, good, []string{"Host", "X.example.com:443"}, http.StatusOK, nil, "", "start asked"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer := w.browser().ask(test.method, test.target, test.headers...)
			shows(t, answer, test.status, test.want)
			if got := answer.Header().Get("Allow"); got != test.allow {
				t.Errorf("Allow is %q, want %q", got, test.allow)
			}
			if got := w.answered[len(w.answered)-1]; got != test.result {
				t.Errorf("counted %q, want %q", got, test.result)
			}
		})
	}
}

func TestOptionsThatAreMissing(t *testing.T) {
	address, err := seal.ParseAddress(base)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*oauth.Options)
		want   string
	}{
		"Address":           {func(o *oauth.Options) { o.Address = seal.Address{} }, "the option Address is missing"},
		"Keyring":           {func(o *oauth.Options) { o.Keyring = nil }, "the option Keyring is missing"},
		"Cached":            {func(o *oauth.Options) { o.Cached = nil }, "the option Cached is missing"},
		"AuthorizeEndpoint": {func(o *oauth.Options) { o.AuthorizeEndpoint = "/authorize" }, "must be an absolute URL"},
		"nothing":           {func(*oauth.Options) {}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).door()
			options := oauth.Options{
				Address: address, AuthorizeEndpoint: xPage, AuthorizeURL: w.authorizeURL, Cached: w.reader(&w.brokenCache),
				Live: w.reader(&w.brokenLive), Grants: w, Consenter: w, CredentialsFor: w.credentialsFor, Keyring: w.keyring,
			}
			test.change(&options)
			_, err := oauth.New(options)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
