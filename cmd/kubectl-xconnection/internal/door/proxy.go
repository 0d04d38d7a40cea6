// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package door

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// Path is where a Proxy has the door's tools.
const Path = "/mcp"

// Proxy serves the tools of one connection to whoever reaches it, as the caller whose
// token it has. complain is told of each request that the door did not get.
//
// A web page that a person of the same machine looks at must not use it: requests of
// other origins are refused, and with loopback those for other hosts, as a rebound
// name makes them.
func (d Door) Proxy(loopback bool, complain func(error)) (http.Handler, error) {
	target, err := url.Parse(d.Endpoint())
	if err != nil {
		return nil, fmt.Errorf("reading the door's address: %w", err)
	}
	transport, err := d.Transport()
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(request *httputil.ProxyRequest) {
			request.Out.URL, request.Out.Host = target, ""
			request.Out.Header.Del("Cookie")
		},
		// Events are passed on as they come.
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			complain(err)
			http.Error(w, "The agents' door can't be reached: see the log of this proxy.", http.StatusBadGateway)
		},
	}
	mux := http.NewServeMux()
	mux.Handle(Path, proxy)
	handler := http.NewCrossOriginProtection().Handler(mux)
	if !loopback {
		return handler, nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "This proxy serves its own machine alone.", http.StatusForbidden)
			return
		}
		handler.ServeHTTP(w, r)
	}), nil
}

// isLoopback tells whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
