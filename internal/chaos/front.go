// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// front is what stands between browsers and the replicas, as a Service does: each
// request goes to the next replica that takes connections.
type front struct {
	url    string
	server *http.Server
	ports  atomic.Pointer[[]string]
	turn   atomic.Uint32
}

func newFront(ctx context.Context) (*front, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{url: "http://" + listener.Addr().String()}
	target, err := url.Parse(f.url)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DialContext: f.dial, DisableKeepAlives: true, ResponseHeaderTimeout: 20 * time.Second},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	f.server = &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *front) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	ports := *f.ports.Load()
	first := int(f.turn.Add(1))
	err := errors.New("there are no replicas")
	for i := range ports {
		var conn net.Conn
		conn, err = (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+ports[(first+i)%len(ports)])
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (f *front) close() { _ = f.server.Close() }
