// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds what a caller may send; the largest honest body is a post.
const maxBody = 64 << 10

// Call is one request as faults and hooks see it.
type Call struct {
	Endpoint Endpoint
	// ClientID is the app's, if the call or its token says so.
	ClientID string
	// Username is the account of the token, if there is one.
	Username string
	// Token is what the call presents: a refresh token, a code, an access token.
	Token string
}

// call is one request, read whole.
type call struct {
	Call
	request *http.Request
	body    []byte
	form    url.Values
	// secret is the client secret of the Authorization header, if basic.
	basic  bool
	secret string

	// The rest is known once X has seen the call: when, its entry in the books (nil
	// for a call that is only counted), and whose it is, if a bearer token says so.
	now   time.Time
	event *event
	who   caller
}

// readCall reads a request and bounds it.
func readCall(endpoint Endpoint, w http.ResponseWriter, r *http.Request) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	c := &call{Call: Call{Endpoint: endpoint}, request: r, body: body, form: r.URL.Query()}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if c.form, err = url.ParseQuery(string(body)); err != nil {
			return nil, fmt.Errorf("reading the form: %w", err)
		}
	}
	c.identify()
	return c, nil
}

// identify finds who calls and with which token.
func (c *call) identify() {
	c.ClientID = c.form.Get("client_id")
	if id, secret, ok := c.request.BasicAuth(); ok {
		c.basic, c.ClientID, c.secret = true, unescape(id), unescape(secret)
	}
	bearer, _ := strings.CutPrefix(c.request.Header.Get("Authorization"), "Bearer ")
	switch c.Endpoint {
	case EndpointAuthorize:
	case EndpointRefresh:
		c.Token = c.form.Get("refresh_token")
		if c.form.Get("grant_type") == "authorization_code" {
			c.Endpoint, c.Token = EndpointExchange, c.form.Get("code")
		}
	case EndpointRevoke:
		c.Token = c.form.Get("token")
	default:
		c.Token = bearer
	}
}

// unescape undoes the form encoding of Basic credentials (RFC 6749, section
// 2.3.1); what was sent without it stays as it is.
func unescape(value string) string {
	if plain, err := url.QueryUnescape(value); err == nil {
		return plain
	}
	return value
}
