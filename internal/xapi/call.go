// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

var (
	errCutShort = errors.New("the answer was cut short")
	errTooLarge = errors.New("the answer is larger than any of X's")
)

// call is one request to X.
type call struct {
	endpoint    string
	method      string
	url         string
	contentType string
	// body is nil for a request without one.
	body []byte
	// guard may stop the call before its body is written.
	guard Guard
	// authorize adds the credentials.
	authorize func(*http.Request)
	// secrets must not come back in any message.
	secrets secrets
	timeout time.Duration
	maxBody int64
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	// cut is why body is not all of it; nil if it is.
	cut error
	// sent is Error's Sent.
	sent bool
}

// succeeded tells whether X did what it was asked.
func (a answer) succeeded() bool { return a.status >= 200 && a.status < 300 }

// do makes one call, once. It fails only without an answer.
func (c *Client) do(ctx context.Context, out call) (answer, error) {
	ctx, cancel := withTimeout(ctx, c.clock, out.timeout)
	defer cancel()
	startedAt := c.clock()
	got, err := c.roundTrip(ctx, out)
	c.observe(out.endpoint, got.status, c.clock().Sub(startedAt), LimitsFrom(got.header))
	return got, err
}

// roundTrip asks the transport itself, not an http.Client: that one would follow
// redirects, and a 307 or 308 sends a body, and so a token, a second time.
func (c *Client) roundTrip(ctx context.Context, out call) (answer, error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, out.method, out.url, nil)
	if err != nil {
		return answer{}, &Error{Kind: KindUnknown, Err: out.secrets.safely(err)}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	out.authorize(request)
	body := out.attachBody(request)
	response, err := c.transport.RoundTrip(request)
	got := answer{}
	if err == nil {
		got = read(response, out.maxBody)
	}
	sent, refusal := body.seal()
	got.sent = sent || out.body == nil && (connected.Load() || err == nil)
	switch {
	case refusal != nil:
		return got, &Error{Kind: KindAborted, Err: refusal}
	case err != nil:
		return got, &Error{Kind: KindUnknown, Sent: got.sent, Err: out.secrets.safely(err)}
	}
	return got, nil
}

// attachBody gives the request its body, if it has one, and no way to send it
// again: GetBody stays nil. The length is set, so that net/http does not read
// ahead to learn it.
func (out call) attachBody(request *http.Request) *onceBody {
	body := &onceBody{guard: out.guard, rest: out.body}
	if out.body != nil {
		request.Body = body
		request.ContentLength = int64(len(out.body))
		request.Header.Set("Content-Type", out.contentType)
	}
	return body
}

// read takes an answer in, up to a limit. The body of a 1xx is no body but the
// connection, which might never end.
func read(response *http.Response, limit int64) answer {
	defer func() { _ = response.Body.Close() }()
	got := answer{status: response.StatusCode, header: response.Header}
	if got.status < 200 {
		return got
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		got.cut = errCutShort
	case int64(len(body)) > limit:
		body, got.cut = body[:limit], errTooLarge
	}
	got.body = body
	return got
}

// failure is the error for an answer that was read.
func (c *Client) failure(out call, got answer, kind Kind, said problem) *Error {
	err := &Error{
		Kind:        kind,
		Status:      got.status,
		Code:        out.secrets.code(said.code()),
		Description: out.secrets.description(said.description()),
		Sent:        got.sent,
	}
	switch limits := LimitsFrom(got.header); {
	case kind == KindRateLimited, kind == KindUsageCap:
		err.ResetAt = limits.resetAt(c.clock())
	case kind == KindUnknown && limits.RetryAfter > 0:
		err.ResetAt = c.clock().Add(limits.RetryAfter)
	}
	return err
}

// unreadable is the error for a success that can't be read: X has done what it
// was asked, and what came of it is not known.
func (a answer) unreadable(why error) *Error {
	if a.cut != nil {
		why = a.cut
	}
	return &Error{Kind: KindUnknown, Status: a.status, Sent: a.sent, Err: why}
}
