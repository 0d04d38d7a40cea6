// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"errors"
	"fmt"
	"time"
)

// Login is what an app gets when a person consents.
type Login struct {
	Account      Account   `json:"account"`
	AccessToken  string    `json:"accessToken"`
	RefreshToken string    `json:"refreshToken"`
	Scope        string    `json:"scope"`
	ExpiresAt    time.Time `json:"expiresAt"`
}

// LogIn gives an app tokens for an account, as if its person had consented: a
// benchmark needs thousands of connections, and no pages. An account that is not
// there is made.
func (s *Server) LogIn(username, clientID string, scopes []string) (Login, error) {
	account := s.RegisterAccount(username)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.apps[clientID]; !known {
		return Login{}, fmt.Errorf("there is no app %q", clientID)
	}
	if !hasScopes(scopes, "offline.access") {
		return Login{}, errors.New("without offline.access there is no refresh token")
	}
	now := s.clock.now()
	g := s.startGrant(&code{client: clientID, account: account, scopes: scopes}, now)
	tokens := s.issue(g, nil, now)
	return Login{
		Account:      account,
		AccessToken:  tokens.access.value,
		RefreshToken: tokens.refresh.value,
		Scope:        g.scope(),
		ExpiresAt:    tokens.access.expires,
	}, nil
}
