// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook holds everything that listens. Its server carries any handler
// on every replica, within bounds; its subpackages are the handlers.
package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/net/netutil"
)

// The bounds of a server that faces the internet. They are constants, since a
// bound that can be lifted by a flag is lifted when it hurts most.
//
// There is no limit per address of the caller where a proxy stands before a handler:
// every caller has the proxy's address then, and headers that name another are
// anybody's claim. What bounds a flood there is that nothing costs more than a hash
// before a key of ours has been verified. Where none stands, see Unproxied.
const (
	// readHeaderTimeout is for the request line and all headers: a caller that
	// drips them one by one is cut off.
	readHeaderTimeout = 5 * time.Second
	// readTimeout is for the whole request, body included.
	readTimeout = 15 * time.Second
	// writeTimeout runs from the end of the headers to the end of the answer. A
	// callback asks X twice and the API server several times within it; work on a
	// code goes on if it is over, only the browser no longer sees the end.
	writeTimeout = 75 * time.Second
	// idleTimeout is for a connection kept alive between two requests.
	idleTimeout = 60 * time.Second
	// shutdownTimeout is how long requests under way may take to end after the
	// process was asked to stop. It stays below the manager's 30 s.
	shutdownTimeout = 25 * time.Second

	// maxHeaderBytes holds a callback's address and the cookies of some 180 flows
	// in one browser, as many as browsers keep for a host.
	maxHeaderBytes = 32 << 10
	// maxBodyBytes is far above any body that a handler here wants.
	maxBodyBytes = 1 << 20
	// maxConnections are open at once; more wait in the kernel's queue.
	maxConnections = 1024
	// maxPerAddress of them are of one address, for a handler that is Unproxied.
	maxPerAddress = maxConnections / 16
	// maxConcurrent requests are worked on at once; more are told to come again.
	maxConcurrent = 256
)

// PathHealth answers "ok" while the server serves.
const PathHealth = "/healthz"

// Unproxied is a handler that callers reach with no proxy between, so that their
// addresses tell them apart: its server bounds the connections of each address.
type Unproxied interface {
	http.Handler
	// Unproxied does nothing; to have it says it all.
	Unproxied()
}

// Server serves one handler: over plain HTTP where TLS ends before it, at an Ingress
// or Gateway, or over TLS. It is a controller-runtime Runnable of its own kind, since
// the manager would run a plain one on the leader only, and any replica must finish
// what another began.
type Server struct {
	// Name says in logs which server this is.
	Name string
	// BindAddress is host and port to listen on; port 0 takes a free one.
	BindAddress string
	// Handler answers everything but PathHealth. It may be Unproxied.
	Handler http.Handler
	// Log takes what the server itself has to say; it never sees a request's
	// address or headers.
	Log logr.Logger
	// Listener is used in place of BindAddress if it is set; the server closes it.
	Listener net.Listener
	// Certificate gives the certificate to serve TLS with, at each handshake; nil for
	// plain HTTP.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (s *Server) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable: it serves until the context ends, then lets
// requests under way end. It fails if it can't listen.
func (s *Server) Start(ctx context.Context) error {
	listener, err := s.listen(ctx)
	if err != nil {
		return fmt.Errorf("the %s server can't listen on %q: %w", s.Name, s.BindAddress, err)
	}
	server := s.server()
	failed := make(chan error, 1)
	carrier := s.secured(s.shared(listener))
	go func() { failed <- server.Serve(carrier) }()
	s.Log.Info("Serving", "server", s.Name, "address", listener.Addr().String())
	select {
	case err := <-failed:
		return fmt.Errorf("the %s server ended: %w", s.Name, err)
	case <-ctx.Done():
		return s.stop(server)
	}
}

func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	if s.Listener != nil {
		return s.Listener, nil
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", s.BindAddress)
}

// shared bounds the connections that are open at once. Those of an address that has
// its share are closed before they take the place of another's.
func (s *Server) shared(listener net.Listener) net.Listener {
	if _, ok := s.Handler.(Unproxied); ok {
		listener = newShareListener(listener, maxPerAddress)
	}
	return netutil.LimitListener(listener, maxConnections)
}

// secured puts TLS on a listener if there is a certificate. HTTP/1.1 alone is spoken
// over it: a connection is then one request at a time, which the bounds count.
func (s *Server) secured(listener net.Listener) net.Listener {
	if s.Certificate == nil {
		return listener
	}
	return tls.NewListener(listener, &tls.Config{
		GetCertificate: s.Certificate,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
	})
}

func (s *Server) server() *http.Server {
	return &http.Server{
		Handler:           bounded(s.Handler),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(lineLogger{s.Log.WithValues("server", s.Name)}, "", 0),
	}
}

// stop takes no more requests and waits for those under way; what is still open
// at the deadline is cut.
func (s *Server) stop(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.Log.Info("Cutting requests that did not end in time", "server", s.Name, "after", shutdownTimeout.String())
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stopping the %s server: %w", s.Name, err)
	}
	return nil
}

// bounded puts the health check before, and the bounds around, a handler. Health
// is not counted: a busy server is a healthy one.
func bounded(handler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(PathHealth, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.Handle("/", http.MaxBytesHandler(limited(handler, maxConcurrent), maxBodyBytes))
	return mux
}

// limited works on so many requests at once, and turns the others away at once: a
// queue would only make everybody late.
func limited(handler http.Handler, limit int) http.Handler {
	slots := make(chan struct{}, limit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
			handler.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "The server is busy. Please try again in a moment.", http.StatusServiceUnavailable)
		}
	})
}

// lineLogger takes net/http's own log lines: a handler's panic, a failing accept.
type lineLogger struct{ log logr.Logger }

// Write implements io.Writer.
func (l lineLogger) Write(line []byte) (int, error) {
	l.log.Info("The HTTP server reports", "detail", strings.TrimSpace(string(line)))
	return len(line), nil
}
