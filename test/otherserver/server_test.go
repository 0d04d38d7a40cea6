// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package otherserver

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
)

// Characters that change in a form: RFC 6749, section 2.3.1 wants both encoded as
// one before they go into the Basic header, and fosite decodes them.
const (
	clientID     = "an:app"
	clientSecret = "what%2B the+developer/portal=gave&" //nolint:gosec // This test's alone.
)

// The one account, which consents to whatever is asked.
const (
	userID   = "4711"
	username = "jane_doe"
)

var scopes = []string{"tweet.read", "tweet.write", "users.read", "offline.access"}

// issued is one answer of the token endpoint.
type issued struct{ access, refresh string }

// server is an authorization server made of fosite, and the one address of X's API
// that a connection needs.
type server struct {
	*httptest.Server
	provider fosite.OAuth2Provider

	mu      sync.Mutex
	answers []issued
}

// newServer starts a server that knows one confidential client, which must use
// Basic authentication and S256 challenges.
func newServer(t *testing.T, callback string) *server {
	t.Helper()
	config := &fosite.Config{
		GlobalSecret:       []byte("the key of tokens' HMACs, 32 bytes"),
		EnforcePKCE:        true,
		RefreshTokenScopes: []string{"offline.access"},
		ScopeStrategy:      fosite.ExactScopeStrategy,
		HashCost:           4, // The least: the secret is no secret.
	}
	store := storage.NewMemoryStore()
	store.Clients[clientID] = newClient(t, config, callback)
	s := &server{provider: compose.Compose(config, store, compose.NewOAuth2HMACStrategy(config),
		compose.OAuth2AuthorizeExplicitFactory,
		compose.OAuth2PKCEFactory,
		compose.OAuth2RefreshTokenGrantFactory,
		compose.OAuth2TokenRevocationFactory,
		compose.OAuth2TokenIntrospectionFactory,
	)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /consent", s.authorize)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /revocation", s.revoke)
	mux.HandleFunc("GET /api/2/users/me", s.me)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func newClient(t *testing.T, config *fosite.Config, callback string) fosite.Client {
	t.Helper()
	hash, err := config.GetSecretsHasher(t.Context()).Hash(t.Context(), []byte(clientSecret))
	if err != nil {
		t.Fatal(err)
	}
	return &fosite.DefaultOpenIDConnectClient{
		TokenEndpointAuthMethod: "client_secret_basic",
		DefaultClient: &fosite.DefaultClient{
			ID:            clientID,
			Secret:        hash,
			RedirectURIs:  []string{callback},
			GrantTypes:    []string{"authorization_code", "refresh_token"},
			ResponseTypes: []string{"code"},
			Scopes:        scopes,
		},
	}
}

// flags name the server's endpoints to the operator.
func (s *server) flags() []string {
	return []string{
		"--x-authorize-url=" + s.URL + "/consent",
		"--x-token-url=" + s.URL + "/token",
		"--x-revoke-url=" + s.URL + "/revocation",
		"--x-api-url=" + s.URL + "/api",
	}
}

// authorize is the authorization endpoint (RFC 6749, section 3.1).
func (s *server) authorize(w http.ResponseWriter, r *http.Request) {
	request, err := s.provider.NewAuthorizeRequest(r.Context(), r)
	if err != nil {
		s.provider.WriteAuthorizeError(r.Context(), w, request, err)
		return
	}
	for _, scope := range request.GetRequestedScopes() {
		request.GrantScope(scope)
	}
	session := &fosite.DefaultSession{Subject: userID, Username: username}
	response, err := s.provider.NewAuthorizeResponse(r.Context(), request, session)
	if err != nil {
		s.provider.WriteAuthorizeError(r.Context(), w, request, err)
		return
	}
	s.provider.WriteAuthorizeResponse(r.Context(), w, request, response)
}

// token is the token endpoint (RFC 6749, section 3.2).
func (s *server) token(w http.ResponseWriter, r *http.Request) {
	request, err := s.provider.NewAccessRequest(r.Context(), r, &fosite.DefaultSession{})
	if err != nil {
		s.provider.WriteAccessError(r.Context(), w, request, err)
		return
	}
	response, err := s.provider.NewAccessResponse(r.Context(), request)
	if err != nil {
		s.provider.WriteAccessError(r.Context(), w, request, err)
		return
	}
	s.remember(response)
	s.provider.WriteAccessResponse(r.Context(), w, request, response)
}

func (s *server) remember(response fosite.AccessResponder) {
	refresh, _ := response.GetExtra("refresh_token").(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, issued{access: response.GetAccessToken(), refresh: refresh})
}

// revoke is the revocation endpoint (RFC 7009).
func (s *server) revoke(w http.ResponseWriter, r *http.Request) {
	err := s.provider.NewRevocationRequest(r.Context(), r)
	s.provider.WriteRevocationResponse(r.Context(), w, err)
}

// me is X's GET /2/users/me.
func (s *server) me(w http.ResponseWriter, r *http.Request) {
	token := fosite.AccessTokenFromRequest(r)
	use, request, err := s.provider.IntrospectToken(r.Context(), token, fosite.AccessToken, &fosite.DefaultSession{}, "tweet.read", "users.read")
	if err != nil || use != fosite.AccessToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	session := request.GetSession()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"data": map[string]string{"id": session.GetSubject(), "username": session.GetUsername(), "name": "Jane Doe"},
	})
}

// given is what the token endpoint answered so far.
func (s *server) given() []issued {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]issued(nil), s.answers...)
}

// alive tells whether the server would still take a token for a use. Asking spends
// nothing, unlike a replay, which would end the grant.
func (s *server) alive(t *testing.T, token string, use fosite.TokenUse) bool {
	t.Helper()
	got, _, err := s.provider.IntrospectToken(t.Context(), token, use, &fosite.DefaultSession{})
	return err == nil && got == use
}
