// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	clientID     = "acme-client"
	clientSecret = "acme-secret-0123456789"
	callback     = "https://x.example.com/oauth2/callback"
	allScopes    = "tweet.read tweet.write users.read offline.access"
	// RFC 7636, appendix B.
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// start is where the simulator's clock stands in every test.
var start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// fixture is a simulator behind a real listener.
type fixture struct {
	t      *testing.T
	sim    *xsim.Server
	server *httptest.Server
	url    string
}

func newFixture(t *testing.T, change func(*xsim.Config)) *fixture {
	t.Helper()
	config := xsim.Config{
		Apps: []xsim.App{
			{Name: "Acme", ClientID: clientID, ClientSecret: clientSecret, RedirectURIs: []string{callback}},
			{ClientID: "other-client", ClientSecret: "other-secret-0123456789", RedirectURIs: []string{callback + "?x=1"}},
		},
		Accounts: []string{"jane_doe", "john_roe"},
		Now:      func() time.Time { return start },
		Seed:     7,
	}
	if change != nil {
		change(&config)
	}
	sim := xsim.New(config)
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return &fixture{t: t, sim: sim, server: server, url: server.URL}
}

// host is the address that the books know the simulator by.
func (f *fixture) host() string { return strings.TrimPrefix(f.url, "http://") }

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(r.body), &value); err != nil {
		t.Fatalf("the body is no JSON object: %v: %s", err, r.body)
	}
	return value
}

// try sends a request without following redirects.
func (f *fixture) try(request *http.Request) (reply, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(body)}, err
}

func (f *fixture) send(request *http.Request) reply {
	f.t.Helper()
	got, err := f.try(request)
	if err != nil {
		f.t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	return got
}

// post makes a form POST with the app's Basic credentials.
func (f *fixture) post(path string, form url.Values) *http.Request {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(clientID, clientSecret)
	return request
}

func (f *fixture) get(path, bearer string) *http.Request {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.url+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return request
}

// consent is a valid authorization request.
func consent() url.Values {
	return url.Values{
		"response_type":         {"code"},
		"client_id":             {clientID},
		"redirect_uri":          {callback},
		"scope":                 {allScopes},
		"state":                 {"state-0123456789"},
		"code_challenge":        {challenge},
		"code_challenge_method": {"S256"},
	}
}

// code has an account approve a request and returns the code.
func (f *fixture) code(account string, request url.Values) string {
	f.t.Helper()
	request.Set("account", account)
	request.Set("decision", "approve")
	got := f.send(f.post(xsim.PathAuthorize, request))
	back, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != http.StatusFound || back.Query().Get("code") == "" {
		f.t.Fatalf("approving: HTTP %d to %q: %s", got.status, back, got.body)
	}
	return back.Query().Get("code")
}

// exchangeForm redeems a code in the right way.
func exchangeForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}
}

// tokens are what the token endpoint gave.
type tokens struct{ access, refresh string }

func (f *fixture) tokensOf(got reply) tokens {
	f.t.Helper()
	if got.status != http.StatusOK {
		f.t.Fatalf("no tokens: HTTP %d: %s", got.status, got.body)
	}
	body := got.json(f.t)
	refresh, _ := body["refresh_token"].(string)
	return tokens{body["access_token"].(string), refresh}
}

// login walks the whole consent of an account.
func (f *fixture) login(account string) tokens {
	f.t.Helper()
	return f.tokensOf(f.send(f.post(xsim.PathToken, exchangeForm(f.code(account, consent())))))
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

func (f *fixture) refresh(token string) reply {
	f.t.Helper()
	return f.send(f.post(xsim.PathToken, refreshForm(token)))
}

func (f *fixture) revoke(token, hint string) reply {
	f.t.Helper()
	return f.send(f.post(xsim.PathRevoke, url.Values{"token": {token}, "token_type_hint": {hint}}))
}

// works tells whether an access token opens users/me.
func (f *fixture) works(access string) bool {
	f.t.Helper()
	return f.send(f.get(xsim.PathMe, access)).status == http.StatusOK
}

// record finds a token in the books.
func (f *fixture) record(value string) xsim.TokenRecord {
	f.t.Helper()
	for _, record := range f.sim.Books().Tokens {
		if record.Hash == xsim.Hash(value) {
			return record
		}
	}
	f.t.Fatalf("the books know no token %s", xsim.Hash(value))
	return xsim.TokenRecord{}
}

// wantError checks an OAuth error answer.
func wantError(t *testing.T, got reply, status int, code, description string) {
	t.Helper()
	body := got.json(t)
	if got.status != status || body["error"] != code || body["error_description"] != description || len(body) != 2 {
		t.Errorf("got HTTP %d %s, want %d %s: %s", got.status, got.body, status, code, description)
	}
}

// wantDead checks the answer to a dead refresh token.
func wantDead(t *testing.T, got reply) {
	t.Helper()
	wantError(t, got, http.StatusBadRequest, "invalid_request", "Value passed for the token was invalid.")
}
