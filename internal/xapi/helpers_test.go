// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// What tests send. Each secret needs encoding in a form.
const (
	clientID     = "client id+1"
	clientSecret = "client%secret/value+0123456789"
	refreshToken = "refresh:token/value+0123456789"
	accessToken  = "access-token-value_0123456789"
	authCode     = "auth:code/value+0123456789"
	pkceVerifier = "verifier~value-0123456789"
	redirectURI  = "https://x.example.com/oauth2/callback"
)

// now is what the tests' clock says.
var now = time.Date(2031, 3, 7, 9, 5, 1, 0, time.UTC)

var app = xapi.Credentials{ClientID: clientID, ClientSecret: secret.New(clientSecret)}

var exchange = xapi.ExchangeRequest{
	Code: secret.New(authCode), Verifier: secret.New(pkceVerifier), RedirectURI: redirectURI,
}

// clientOn makes a client of a server at an address, over a transport.
func clientOn(base string, transport http.RoundTripper) *xapi.Client {
	return xapi.New(xapi.Options{
		Endpoints: xapi.Endpoints{
			AuthorizeURL: base + "/i/oauth2/authorize",
			TokenURL:     base + "/2/oauth2/token",
			RevokeURL:    base + "/2/oauth2/revoke",
			APIURL:       base,
		},
		Clock:     func() time.Time { return now },
		Transport: transport,
	})
}

// serve starts a server and a client of it on the default transport.
func serve(t *testing.T, handler http.HandlerFunc) *xapi.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := xapi.DefaultTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return clientOn(server.URL, transport)
}

// canned is a transport that takes a request in and gives one answer.
type canned struct {
	status int
	header http.Header
	body   string
	// request and sent are the last request and its body.
	request *http.Request
	sent    string
}

func (c *canned) RoundTrip(request *http.Request) (*http.Response, error) {
	c.request = request
	if request.Body != nil {
		sent, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		c.sent = string(sent)
	}
	header := c.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: c.status, Header: header, Request: request, Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

// answer makes a client that gets one answer to everything.
func answer(status int, body string) *xapi.Client {
	return clientOn("https://x.test", &canned{status: status, body: body})
}

// failure takes an error apart; it must be one of ours.
func failure(t *testing.T, err error) xapi.Error {
	t.Helper()
	var failed *xapi.Error
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want an *xapi.Error", err)
	}
	return *failed
}

// plain is an error without the cause, to be compared.
func plain(failed xapi.Error) xapi.Error {
	failed.Err = nil
	return failed
}
