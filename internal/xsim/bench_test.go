// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// BenchmarkRefresh shows that a refresh costs the same however much was issued.
func BenchmarkRefresh(b *testing.B) {
	sim := xsim.New(xsim.Config{
		Apps:     []xsim.App{{ClientID: clientID, ClientSecret: clientSecret, RedirectURIs: []string{callback}}},
		Accounts: []string{"jane_doe"},
		Seed:     7,
	})
	post := func(path, body string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(clientID, clientSecret)
		recorder := httptest.NewRecorder()
		sim.ServeHTTP(recorder, request)
		return recorder
	}
	decision := consent()
	decision.Set("account", "jane_doe")
	decision.Set("decision", "approve")
	back := post(xsim.PathAuthorize, decision.Encode()).Header().Get("Location")
	code, _, _ := strings.Cut(strings.SplitAfter(back, "code=")[1], "&")
	answer := post(xsim.PathToken, exchangeForm(code).Encode())
	for b.Loop() {
		var issued struct {
			RefreshToken string `json:"refresh_token"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &issued); err != nil || issued.RefreshToken == "" {
			b.Fatalf("%v: %s", err, answer.Body)
		}
		answer = post(xsim.PathToken, refreshForm(issued.RefreshToken).Encode())
	}
}
