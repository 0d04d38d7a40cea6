// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// received is a request to the token or revocation endpoint, as a server sees it.
type received struct {
	Method, Path, User, Password, ContentType, Accept, UserAgent string
	Length                                                       int64
	Form                                                         url.Values
}

func TestTokenRequests(t *testing.T) {
	var got received
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		got = received{
			r.Method, r.URL.Path, user, password, r.Header.Get("Content-Type"), r.Header.Get("Accept"),
			r.Header.Get("User-Agent"), r.ContentLength - int64(len(body)), form,
		}
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"bearer"}`)
	})
	want := received{
		Method: "POST", User: url.QueryEscape(clientID), Password: url.QueryEscape(clientSecret),
		ContentType: "application/x-www-form-urlencoded", Accept: "application/json", UserAgent: "x-operator",
	}
	for name, test := range map[string]struct {
		call func() error
		path string
		form url.Values
	}{
		"exchange": {
			func() error { _, err := client.Exchange(t.Context(), app, exchange, nil); return err },
			"/2/oauth2/token",
			url.Values{
				"grant_type": {"authorization_code"}, "code": {authCode}, "redirect_uri": {redirectURI},
				"code_verifier": {pkceVerifier}, "client_id": {clientID},
			},
		},
		"refresh": {
			func() error { _, err := refresh(t.Context(), client); return err },
			"/2/oauth2/token",
			url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}, "client_id": {clientID}},
		},
		"revoke": {
			func() error { return revoke(t.Context(), client) },
			"/2/oauth2/revoke",
			url.Values{"token": {refreshToken}, "token_type_hint": {"refresh_token"}, "client_id": {clientID}},
		},
	} {
		if err := test.call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want.Path, want.Form = test.path, test.form
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func refresh(ctx context.Context, client *xapi.Client) (xapi.Tokens, error) {
	return client.Refresh(ctx, app, secret.New(refreshToken), nil)
}

func revoke(ctx context.Context, client *xapi.Client) error {
	return client.Revoke(ctx, app, secret.New(refreshToken), xapi.HintRefreshToken, nil)
}

func TestTokenAnswers(t *testing.T) {
	const whole = `{"token_type":"bearer","expires_in":7200,"access_token":"new-a","scope":"tweet.read users.read","refresh_token":"new-r"}`
	full := xapi.Tokens{
		AccessToken: secret.New("new-a"), RefreshToken: secret.New("new-r"), TokenType: "bearer",
		Scope: "tweet.read users.read", ExpiresIn: 2 * time.Hour,
	}
	bare := xapi.Tokens{AccessToken: secret.New("new-a"), TokenType: "bearer", ExpiresIn: 2 * time.Hour}
	lasting := func(lifetime time.Duration) xapi.Tokens {
		tokens := bare
		tokens.ExpiresIn = lifetime
		return tokens
	}
	cased := bare
	cased.TokenType = "Bearer"
	for name, test := range map[string]struct {
		status int
		body   string
		want   xapi.Tokens
	}{
		"X's":                         {200, whole, full},
		"another success":             {201, whole, full},
		"something behind it":         {200, whole + "\n<!-- cache -->", full},
		"no refresh token":            {200, `{"access_token":"new-a","token_type":"bearer"}`, bare},
		"an empty refresh token":      {200, `{"access_token":"new-a","token_type":"bearer","refresh_token":""}`, bare},
		"a refresh token of null":     {200, `{"access_token":"new-a","token_type":"bearer","refresh_token":null}`, bare},
		"no token type":               {200, `{"access_token":"new-a"}`, bare},
		"a token type in upper case":  {200, `{"access_token":"new-a","token_type":"Bearer"}`, cased},
		"a scope that is no string":   {200, `{"access_token":"new-a","scope":["a"]}`, bare},
		"a lifetime in a string":      {200, `{"access_token":"new-a","expires_in":"60"}`, lasting(time.Minute)},
		"a lifetime with a fraction":  {200, `{"access_token":"new-a","expires_in":1.5}`, lasting(1500 * time.Millisecond)},
		"a lifetime of nothing":       {200, `{"access_token":"new-a","expires_in":0}`, bare},
		"a lifetime below zero":       {200, `{"access_token":"new-a","expires_in":-5}`, bare},
		"a lifetime that is no time":  {200, `{"access_token":"new-a","expires_in":"NaN"}`, bare},
		"a lifetime of another kind":  {200, `{"access_token":"new-a","expires_in":{"s":1}}`, bare},
		"a lifetime of null":          {200, `{"access_token":"new-a","expires_in":null}`, bare},
		"a lifetime that is too long": {200, `{"access_token":"new-a","expires_in":99999999999999999999}`, lasting(720 * time.Hour)},
		"a lifetime beyond numbers":   {200, `{"access_token":"new-a","expires_in":1e999}`, lasting(720 * time.Hour)},
	} {
		got, err := refresh(t.Context(), answer(test.status, test.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !sameTokens(got, test.want) {
			t.Errorf("%s: got %+v, want %+v", name, shown(got), shown(test.want))
		}
	}
}

// shown makes tokens readable in a test's output.
func shown(t xapi.Tokens) []string {
	return []string{t.AccessToken.Reveal(), t.RefreshToken.Reveal(), t.TokenType, t.Scope, t.ExpiresIn.String()}
}

func sameTokens(a, b xapi.Tokens) bool { return reflect.DeepEqual(shown(a), shown(b)) }

func TestUnreadableTokenAnswers(t *testing.T) {
	for name, test := range map[string]struct{ body, why string }{
		"nothing":                     {"", "the answer is not a JSON object"},
		"HTML":                        {"<html>maintenance</html>", "the answer is not a JSON object"},
		"half of it":                  {`{"access_token":"new-a","refre`, "the answer is not a JSON object"},
		"null":                        {"null", "the answer is not a JSON object"},
		"a list":                      {`[{"access_token":"new-a"}]`, "the answer is not a JSON object"},
		"no access token":             {`{"refresh_token":"new-r"}`, "the answer holds no access token"},
		"an empty access token":       {`{"access_token":""}`, "the answer holds no access token"},
		"an access token of numbers":  {`{"access_token":5}`, "the answer holds no access token"},
		"an access token of two rows": {`{"access_token":"a\nb"}`, "the answer holds no access token"},
		"a refresh token of numbers":  {`{"access_token":"new-a","refresh_token":5}`, "the answer's refresh token is not a token"},
		"another token type":          {`{"access_token":"new-a","token_type":"mac"}`, "the answer's token type is not bearer"},
		"a token type of numbers":     {`{"access_token":"new-a","token_type":1}`, "the answer's token type is not bearer"},
		"too much": {
			`{"pad":"` + strings.Repeat("x", 70<<10) + `","access_token":"new-a"}`, "the answer is larger than any of X's",
		},
	} {
		_, err := refresh(t.Context(), answer(200, test.body))
		want := xapi.Error{Kind: xapi.KindUnknown, Status: 200, Sent: true}
		got := failure(t, err)
		if plain(got) != want || got.Err == nil || got.Err.Error() != test.why {
			t.Errorf("%s: got %+v, want %+v because %q", name, got, want, test.why)
		}
	}
}

// TestTokenVerdicts is the answer table of the token endpoints.
func TestTokenVerdicts(t *testing.T) {
	const (
		deadToken = "Value passed for the token was invalid."
		deadCode  = "Value passed for the authorization code was invalid."
		redirect  = "Value passed for the redirect uri did not match the uri of the authorization code."
	)
	oauth := func(code, description string) string {
		return `{"error":"` + code + `","error_description":"` + description + `"}`
	}
	for name, test := range map[string]struct {
		status            int
		body              string
		exchange, refresh xapi.Kind
		code, description string
	}{
		"X's dead token":      {400, oauth("invalid_request", deadToken), xapi.KindNotVerdict, xapi.KindDeadToken, "invalid_request", deadToken},
		"X's dead code":       {400, oauth("invalid_request", deadCode), xapi.KindDeadToken, xapi.KindNotVerdict, "invalid_request", deadCode},
		"invalid_grant":       {400, oauth("invalid_grant", ""), xapi.KindDeadToken, xapi.KindDeadToken, "invalid_grant", ""},
		"another description": {400, oauth("invalid_request", "Missing required parameter [x]."), xapi.KindNotVerdict, xapi.KindNotVerdict, "invalid_request", "Missing required parameter [x]."},
		"more than that":      {400, oauth("invalid_request", deadToken+" Or not."), xapi.KindNotVerdict, xapi.KindNotVerdict, "invalid_request", deadToken + " Or not."},
		"the redirect URI":    {400, oauth("invalid_request", redirect), xapi.KindRedirectMismatch, xapi.KindNotVerdict, "invalid_request", redirect},
		"with something else": {400, `{"error":"invalid_grant"} trailing`, xapi.KindNotVerdict, xapi.KindNotVerdict, "", ""},
		"not as JSON":         {400, "error=invalid_grant", xapi.KindNotVerdict, xapi.KindNotVerdict, "", ""},
		"a page":              {400, "<html>invalid_grant</html>", xapi.KindNotVerdict, xapi.KindNotVerdict, "", ""},
		"members gone wrong":  {400, `{"error":"invalid_grant","errors":{"x":1},"status":"y","code":[]}`, xapi.KindDeadToken, xapi.KindDeadToken, "invalid_grant", ""},
		"a code gone wrong":   {400, `{"error":["invalid_grant"]}`, xapi.KindNotVerdict, xapi.KindNotVerdict, "", ""},
		"dead, but forbidden": {403, oauth("invalid_grant", ""), xapi.KindNotVerdict, xapi.KindNotVerdict, "invalid_grant", ""},
		"a wrong secret":      {401, oauth("unauthorized_client", "Missing valid authorization header"), xapi.KindCredentials, xapi.KindCredentials, "unauthorized_client", "Missing valid authorization header"},
		"401 and a page":      {401, "<html>", xapi.KindCredentials, xapi.KindCredentials, "", ""},
		"401 invalid_grant":   {401, oauth("invalid_grant", ""), xapi.KindCredentials, xapi.KindCredentials, "invalid_grant", ""},
		"an unknown client":   {400, oauth("invalid_client", ""), xapi.KindCredentials, xapi.KindCredentials, "invalid_client", ""},
		"forbidden client":    {403, oauth("unauthorized_client", ""), xapi.KindCredentials, xapi.KindCredentials, "unauthorized_client", ""},
		"too many":            {429, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`, xapi.KindRateLimited, xapi.KindRateLimited, "88", "Rate limit exceeded"},
		"too many, no words":  {429, "", xapi.KindRateLimited, xapi.KindRateLimited, "", ""},
		"the cap":             {429, `{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped"}`, xapi.KindUsageCap, xapi.KindUsageCap, "usage-capped", "Usage cap exceeded: Monthly product cap"},
		"the cap in a list":   {429, `{"errors":[{"title":"UsageCapExceeded"}]}`, xapi.KindUsageCap, xapi.KindUsageCap, "", "UsageCapExceeded"},
		"no credits":          {402, `{"title":"CreditsDepleted","type":"https://api.x.com/2/problems/credits"}`, xapi.KindUsageCap, xapi.KindUsageCap, "credits", "CreditsDepleted"},
		"no credits, no word": {402, "", xapi.KindUsageCap, xapi.KindUsageCap, "", ""},
		"no credits by 403":   {403, `{"type":"https://elsewhere/problems/credits-depleted/"}`, xapi.KindUsageCap, xapi.KindUsageCap, "credits-depleted", ""},
		"a broken X":          {500, oauth("invalid_grant", ""), xapi.KindUnknown, xapi.KindUnknown, "invalid_grant", ""},
		"an X away":           {503, "<html>", xapi.KindUnknown, xapi.KindUnknown, "", ""},
		"not found":           {404, "", xapi.KindNotVerdict, xapi.KindNotVerdict, "", ""},
		"a redirect":          {302, oauth("invalid_grant", ""), xapi.KindNotVerdict, xapi.KindNotVerdict, "invalid_grant", ""},
		"no success":          {304, "", xapi.KindNotVerdict, xapi.KindNotVerdict, "", ""},
	} {
		want := xapi.Error{Kind: test.refresh, Status: test.status, Code: test.code, Description: test.description, Sent: true}
		_, err := refresh(t.Context(), answer(test.status, test.body))
		if got := failure(t, err); got != want {
			t.Errorf("refresh, %s:\ngot  %+v\nwant %+v", name, got, want)
		}
		want.Kind = test.exchange
		_, err = answer(test.status, test.body).Exchange(t.Context(), app, exchange, nil)
		if got := failure(t, err); got != want {
			t.Errorf("exchange, %s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

func TestRevokeAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		want   xapi.Kind
	}{
		"done":               {200, `{"revoked":true}`, ""},
		"done, with a page":  {200, "<html>", ""},
		"not valid any more": {400, `{"error":"invalid_request","error_description":"Value passed for the token was invalid."}`, ""},
		"not a grant":        {400, `{"error":"invalid_grant"}`, ""},
		"no hint":            {400, `{"error":"invalid_request","error_description":"Missing required parameter [token_type_hint]."}`, xapi.KindNotVerdict},
		"a wrong secret":     {401, "", xapi.KindCredentials},
		"too many":           {429, "", xapi.KindRateLimited},
		"an X away":          {503, "", xapi.KindUnknown},
		"elsewhere":          {307, "", xapi.KindNotVerdict},
	} {
		if got := xapi.KindOf(revoke(t.Context(), answer(test.status, test.body))); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestTokenLimits(t *testing.T) {
	limited := http.Header{
		"X-Rate-Limit-Limit": {"450"}, "X-Rate-Limit-Remaining": {"0"}, "X-Rate-Limit-Reset": {"1930640761"},
	}
	reset := time.Unix(1930640761, 0).UTC()
	for name, test := range map[string]struct {
		status int
		header http.Header
		want   time.Time
	}{
		"429":                    {429, limited, reset},
		"402":                    {402, limited, reset},
		"429 without a word":     {429, nil, time.Time{}},
		"503 and when to retry":  {503, http.Header{"Retry-After": {"30"}}, now.Add(30 * time.Second)},
		"503 and a window":       {503, limited, time.Time{}},
		"a verdict and a window": {400, limited, time.Time{}},
	} {
		_, err := refresh(t.Context(), clientOn("https://x.test", &canned{status: test.status, header: test.header}))
		if got := failure(t, err).ResetAt; !got.Equal(test.want) {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

// seen is what an observer is told.
type seen struct {
	endpoint string
	status   int
	took     time.Duration
	limits   xapi.Limits
}

func TestObserver(t *testing.T) {
	var got []seen
	clock := now
	transport := &canned{status: 429, header: http.Header{"Retry-After": {"7"}}}
	client := xapi.New(xapi.Options{
		Endpoints: xapi.Endpoints{TokenURL: "https://x.test/token", APIURL: "https://x.test/"},
		Clock:     func() time.Time { clock = clock.Add(time.Second); return clock },
		Transport: transport,
		Observer: func(endpoint string, status int, took time.Duration, limits xapi.Limits) {
			got = append(got, seen{endpoint, status, took, limits})
		},
	})
	_, _ = refresh(t.Context(), client)
	transport.status, transport.header = 200, nil
	_, _ = client.Me(t.Context(), secret.New(accessToken))
	_, _ = client.Refresh(t.Context(), app, secret.New(refreshToken), func() error { return errors.New("no") })
	want := []seen{
		{"oauth2/token", 429, time.Second, xapi.Limits{RetryAfter: 7 * time.Second}},
		{"users/me", 200, time.Second, xapi.Limits{}},
		{"oauth2/token", 0, time.Second, xapi.Limits{}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
