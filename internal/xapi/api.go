// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/agentconnect/x-operator/internal/secret"
)

var errNoData = errors.New("the answer does not hold what was asked for")

// apiCall describes a call to the API with a bearer token (RFC 6750, section 2.1).
func (c *Client) apiCall(endpoint, method, path string, query url.Values, access secret.Token) call {
	address := c.endpoints.APIURL + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return call{
		endpoint:    endpoint,
		method:      method,
		url:         address,
		contentType: "application/json",
		authorize:   func(request *http.Request) { request.Header.Set("Authorization", "Bearer "+access.Reveal()) },
		secrets:     newSecrets(access),
		timeout:     apiTimeout,
		maxBody:     maxAPIBody,
	}
}

// ask makes a call to the API and decodes its answer. complete tells whether the
// answer holds what was asked for: X may answer a read with 200 and a list of
// errors alone. To a write that would say nothing sure.
func (c *Client) ask(ctx context.Context, out call, into any, complete func() bool) error {
	got, err := c.do(ctx, out)
	if err != nil {
		return err
	}
	said := problemFrom(got)
	if !got.succeeded() {
		failure := c.failure(out, got, apiVerdict(got.status, said), said)
		if failure.Kind == KindInvalid && out.method == http.MethodGet && said.namesAreWrong() {
			failure.Err = errNames
		}
		return failure
	}
	if err := json.Unmarshal(got.body, into); err != nil || got.cut != nil {
		return got.unreadable(errNotJSON)
	}
	if complete() {
		return nil
	}
	if out.method == http.MethodGet && len(said.Errors) > 0 {
		return c.failure(out, got, partialVerdict(said), said)
	}
	return got.unreadable(errNoData)
}

// refused is the error for a request that is not even sent.
func refused(why string) *Error {
	return &Error{Kind: KindInvalid, Description: why}
}
