// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/gosource"
)

// TestResultsAreFew: whatever a stranger sends, what is counted are words of ours: a
// metric's label must not grow by what people type.
func TestResultsAreFew(t *testing.T) {
	known := map[string]bool{"connected": true}
	for folder, prefix := range map[string]string{"webhook/oauth": "result", "api/v1alpha1": "Error"} {
		words, err := gosource.Constants(folder, prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			known[word] = true
		}
	}
	steps, err := gosource.Constants("webhook/oauth", "Step")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t).door()
	for i := range 50 {
		odd := "odd" + strconv.Itoa(i)
		browser := w.browser()
		browser.open()
		browser.back(url.Values{"state": {browser.leave()}, "error": {odd}, "error_description": {odd}})
		browser.back(url.Values{"state": {odd}, "code": {odd}})
		browser.back(url.Values{odd: {odd}})
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, strings.ToUpper(odd)} {
			browser.ask(method, "/"+odd)
			browser.ask(method, "/connect/customer-a/"+odd+"?c="+odd)
			browser.ask(method, "/oauth2/callback?error="+odd)
			browser.ask(method, "/", "Host", odd+".example.com")
		}
	}
	if len(w.answered) < 50*19 {
		t.Fatalf("%d requests were counted", len(w.answered))
	}
	for _, counted := range w.answered {
		step, result, _ := strings.Cut(counted, " ")
		if steps["Step"+strings.ToUpper(step[:1])+step[1:]] != step || !known[result] {
			t.Errorf("counted %q", counted)
		}
	}
}
