// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"net"
	"net/netip"
	"sync"
)

// shareListener has at most so many connections of one address open, and closes any
// more at once: whoever they belong to, nobody else's place is taken. A loopback
// address is not counted, since a sidecar's is that of all callers behind it.
type shareListener struct {
	net.Listener
	most int

	mu   sync.Mutex
	open map[netip.Addr]int
}

func newShareListener(listener net.Listener, most int) *shareListener {
	return &shareListener{Listener: listener, most: most, open: map[netip.Addr]int{}}
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
		if l.enter(address) {
			return &shareConn{Conn: connection, leave: sync.OnceFunc(func() { l.leave(address) })}, nil
		}
		_ = connection.Close()
	}
}

func (l *shareListener) enter(address netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[address] >= l.most {
		return false
	}
	l.open[address]++
	return true
}

func (l *shareListener) leave(address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[address]--; l.open[address] == 0 {
		delete(l.open, address)
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
