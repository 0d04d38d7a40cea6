// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options are what a Client is made of.
type Options struct {
	// Endpoints are where X is; see Endpoints.Validate.
	Endpoints Endpoints
	// Clock tells the time. It is required.
	Clock func() time.Time
	// Transport carries the calls; nil for one that keeps connections and has
	// bounds. It must not follow redirects nor repeat a request by itself.
	Transport http.RoundTripper
	// UserAgent is sent with each call; empty for "x-operator".
	UserAgent string
	// Observer is told of each call; nil for none.
	Observer Observer
}

// Observer is told of each call once it is over: the endpoint's name (one of the
// Endpoint constants, so that it may label a metric), the HTTP status (0 without
// an answer), how long the call took and what X said of its limits. It must be
// quick and safe for concurrent use.
type Observer func(endpoint string, status int, took time.Duration, limits Limits)

// The names of the endpoints, as Observer is told them.
const (
	EndpointToken        = "oauth2/token"
	EndpointRevoke       = "oauth2/revoke"
	EndpointMe           = "users/me"
	EndpointCreatePost   = "tweets/create"
	EndpointDeletePost   = "tweets/delete"
	EndpointPosts        = "tweets"
	EndpointMentions     = "users/mentions"
	EndpointUserPosts    = "users/tweets"
	EndpointHomeTimeline = "users/timelines/reverse_chronological"
)

// Client calls X. It is safe for concurrent use, keeps no state but connections and
// the names that X knows posts by, never repeats a call that spends or publishes
// something, and returns errors of type *Error only.
type Client struct {
	endpoints Endpoints
	clock     func() time.Time
	transport http.RoundTripper
	userAgent string
	observe   Observer
	// names is the place in allNames of those that X took last.
	names *atomic.Int32
}

// New makes a client. Validate the endpoints first: New does not.
func New(options Options) *Client {
	client := &Client{
		endpoints: options.Endpoints,
		clock:     options.Clock,
		transport: options.Transport,
		userAgent: options.UserAgent,
		observe:   options.Observer,
		names:     new(atomic.Int32),
	}
	client.endpoints.APIURL = strings.TrimRight(client.endpoints.APIURL, "/")
	if client.transport == nil {
		client.transport = defaultTransport()
	}
	if client.userAgent == "" {
		client.userAgent = "x-operator"
	}
	if client.observe == nil {
		client.observe = func(string, int, time.Duration, Limits) {}
	}
	return client
}

// Telling gives a client on the same connections that tells a further observer of
// its calls, so that a caller learns what X said of the limits with one answer.
func (c *Client) Telling(observer Observer) *Client {
	other := *c
	other.observe = func(endpoint string, status int, took time.Duration, limits Limits) {
		c.observe(endpoint, status, took, limits)
		observer(endpoint, status, took, limits)
	}
	return &other
}
