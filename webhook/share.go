// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"net"
	"net/netip"
	"sync"

	"github.com/agentconnect/x-operator/webhook/places"
)

// shareListener has at most so many connections of one address open, and closes any
// more at once: whoever they belong to, nobody else's place is taken. A loopback
// address is not counted, since a sidecar's is that of all callers behind it.
type shareListener struct {
	net.Listener
	open *places.Places[netip.Addr]
}

func newShareListener(listener net.Listener, most int) *shareListener {
	return &shareListener{listener, places.New[netip.Addr](most)}
}

// Accept implements net.Listener.
func (l *shareListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := addressOf(connection)
		if address.IsLoopback() {
			return connection, nil
		}
		if l.open.Enter(address) {
			return &shareConn{Conn: connection, leave: sync.OnceFunc(func() { l.open.Leave(address) })}, nil
		}
		_ = connection.Close()
	}
}

// shareConn gives its place back when it is closed.
type shareConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *shareConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// addressOf is where a connection comes from. Those that have no IP address share
// the zero address.
func addressOf(connection net.Conn) netip.Addr {
	from, _ := netip.ParseAddrPort(connection.RemoteAddr().String())
	return from.Addr()
}
