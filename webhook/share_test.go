// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/go-logr/logr"
)

// arrivals is a listener at which connections arrive from any address.
type arrivals struct {
	net.Listener
	connections chan net.Conn
	closed      chan struct{}
}

func newArrivals() *arrivals {
	return &arrivals{connections: make(chan net.Conn), closed: make(chan struct{})}
}

func (a *arrivals) Accept() (net.Conn, error) {
	select {
	case connection := <-a.connections:
		return connection, nil
	case <-a.closed:
		return nil, net.ErrClosed
	}
}

func (a *arrivals) Close() error   { close(a.closed); return nil }
func (a *arrivals) Addr() net.Addr { return &net.TCPAddr{} }

// from is a connection from an address.
type from struct {
	net.Conn
	address string
}

func (f from) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.address))
}

// arrive makes a connection arrive, and gives the caller's end.
func (a *arrivals) arrive(t *testing.T, address string) net.Conn {
	t.Helper()
	caller, served := net.Pipe()
	t.Cleanup(func() { _ = caller.Close() })
	a.connections <- from{served, address}
	return caller
}

// A connection beyond an address's share is closed, and no other address waits for it.
func TestAnAddressHasItsShareOfConnections(t *testing.T) {
	listener := newArrivals()
	shared := newShareListener(listener, 2)
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for connection, err := shared.Accept(); err == nil; connection, err = shared.Accept() {
			accepted <- connection
		}
	}()
	accept := func(address string) net.Conn {
		t.Helper()
		listener.arrive(t, address)
		connection := <-accepted
		if got := connection.RemoteAddr().String(); got != address {
			t.Fatalf("a connection from %s was taken, want %s", got, address)
		}
		return connection
	}
	refuse := func(address string) {
		t.Helper()
		if _, err := listener.arrive(t, address).Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Fatalf("a connection from %s gave %v, want that it is closed", address, err)
		}
	}
	open := []net.Conn{accept("10.0.0.1:1"), accept("10.0.0.1:2"), accept("10.0.0.2:1"), accept("[fd00::1]:1")}
	refuse("10.0.0.1:3")
	// A sidecar's address is everybody's.
	for port := range 3 {
		open = append(open, accept(fmt.Sprintf("127.0.0.6:%d", port+1)))
	}
	// One place is free again, however often a connection is closed.
	_, _ = open[0].Close(), open[0].Close()
	open = append(open, accept("10.0.0.1:4"))
	refuse("10.0.0.1:5")
	for _, connection := range open {
		_ = connection.Close()
	}
	if open := shared.open.Keys(); open > 0 {
		t.Errorf("counted as open although all are closed: those of %d addresses", open)
	}
	_ = listener.Close()
	<-accepted
}

// unproxied is a handler that is Unproxied.
type unproxied struct{ http.Handler }

func (unproxied) Unproxied() {}

// One caller can keep its connections open for ever with a request now and then. Where
// callers have addresses of their own, the others don't notice.
func TestIdleConnectionsOfOneAddress(t *testing.T) {
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, test := range map[string]struct {
		handler http.Handler
		// address is from where one more comes, and served whether it is.
		address string
		served  bool
	}{
		"one more of the same":            {unproxied{handler}, "10.0.0.1:9", false},
		"another":                         {unproxied{handler}, "10.0.0.2:9", true},
		"one more of the same, a proxy's": {handler, "10.0.0.1:9", true},
	} {
		t.Run(name, func(t *testing.T) {
			listener := newArrivals()
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			server := &Server{Name: "test", Handler: test.handler, Log: logr.Discard(), Listener: listener}
			go func() { ended <- server.Start(ctx) }()
			for range 64 {
				if !answers(listener.arrive(t, "10.0.0.1:1")) {
					t.Fatal("the share is too small")
				}
			}
			if got := answers(listener.arrive(t, test.address)); got != test.served {
				t.Errorf("served: %t", got)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// answers tells whether a request over a connection, which stays open, is answered.
func answers(connection net.Conn) bool {
	_, _ = io.WriteString(connection, "GET "+PathHealth+" HTTP/1.1\r\nHost: door\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return false
	}
	body, err := io.ReadAll(answer.Body)
	return err == nil && string(body) == "ok\n"
}
