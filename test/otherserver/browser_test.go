// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package otherserver

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// consent opens a link, sends the page's form as a browser does, follows every
// redirect, and gives the page that this ends on.
func consent(t *testing.T, link string) (status int, page string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	status, page = fetch(t, browser, http.MethodGet, link)
	if status != http.StatusOK || !strings.Contains(page, `<form method="post" id="consent">`) {
		t.Fatalf("the link shows no form (HTTP %d): %s", status, page)
	}
	return fetch(t, browser, http.MethodPost, link)
}

func fetch(t *testing.T, browser *http.Client, method, address string) (status int, page string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", request.URL.Scheme+"://"+request.URL.Host)
	}
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// whoami calls the API with an access token, as an agent does.
func whoami(t *testing.T, s *server, access string) (status int, page string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/2/users/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}
