// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"slices"
	"strings"
)

// App is an X developer app.
type App struct {
	// Name is what the consent page shows; the client id by default.
	Name     string `json:"name,omitempty"`
	ClientID string `json:"clientId"`
	// ClientSecret is empty for a public client, which does not authenticate.
	ClientSecret string `json:"clientSecret,omitempty"`
	// RedirectURIs are the callback addresses, compared as text.
	RedirectURIs []string `json:"redirectURIs"`
}

// Account is an X account.
type Account struct {
	ID string `json:"id"`
	// Username is the handle, without "@".
	Username string `json:"username"`
	Name     string `json:"name"`
}

// RegisterApp adds an app, or replaces the one of the same client id; what was
// issued to it lives on.
func (s *Server) RegisterApp(app App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app.Name == "" {
		app.Name = app.ClientID
	}
	app.RedirectURIs = slices.Clone(app.RedirectURIs)
	s.apps[app.ClientID] = app
	s.see("client secret", app.ClientSecret)
}

// RegisterAccount adds an account and returns it; one that is there is kept.
func (s *Server) RegisterAccount(username string) Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := handleKey(username)
	if account, ok := s.accounts[key]; ok {
		return account
	}
	account := Account{ID: s.mint.id("account", key), Username: username, Name: username}
	s.accounts[key] = account
	s.accountIDs[account.ID] = true
	s.handles = append(s.handles, username)
	return account
}

// handleKey is a handle as X compares it: without regard to case.
func handleKey(username string) string { return strings.ToLower(username) }
