// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"net"
	"net/http"
	"time"
)

// Every bound of the calls to X. A token call is given plenty of time, since an
// answer that is not waited for is an account that may be lost; its body is held
// small, since X's is under 1 KiB.
const (
	// tokenTimeout bounds a whole call to the token or revocation endpoint, from
	// looking up the host to the last byte of the answer.
	tokenTimeout = 30 * time.Second
	// apiTimeout bounds a whole call to the API.
	apiTimeout = 20 * time.Second
	// dialTimeout bounds looking up the host and connecting.
	dialTimeout = 10 * time.Second
	// tlsTimeout bounds the TLS handshake.
	tlsTimeout = 10 * time.Second
	// idleTimeout closes an idle connection before X is likely to: a request that
	// meets a connection being closed leaves a token call unknown.
	idleTimeout = 60 * time.Second
	// pingAfter and pingTimeout find an HTTP/2 connection that is dead without a
	// word, which every call of a replica would otherwise share.
	pingAfter   = 15 * time.Second
	pingTimeout = 10 * time.Second
	// idleConnections are kept per host. HTTP/2 needs one.
	idleConnections = 64
	// maxTokenBody and maxAPIBody bound what is read of an answer, decompressed.
	maxTokenBody = 64 << 10
	maxAPIBody   = 1 << 20
	// maxHeader bounds the header of an answer.
	maxHeader = 64 << 10
)

// defaultTransport keeps connections and reuses them, over HTTP/2 where X offers
// it, and goes through the proxy that the environment names.
func defaultTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:    tlsTimeout,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           idleConnections,
		MaxIdleConnsPerHost:    idleConnections,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
}
