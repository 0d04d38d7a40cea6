// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// The servers here speak to the bare connection, to fail where a handler cannot.

// listen serves each connection with a function until the test ends.
func listen(t *testing.T, listener net.Listener, serve func(net.Conn)) {
	t.Helper()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			}()
		}
	}()
}

// listenPlain is listen on a loopback address, which it gives.
func listenPlain(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen(t, listener, serve)
	return "http://" + listener.Addr().String()
}

// takeIn reads one whole request of HTTP/1.
func takeIn(reader *bufio.Reader) error {
	request, err := http.ReadRequest(reader)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, request.Body)
	return err
}

const goodAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + `{"access_token":"a"}`

// TestResetOfAReusedConnection resets a connection that answered before: net/http
// repeats a request there if it thinks that it may.
func TestResetOfAReusedConnection(t *testing.T) {
	var taken atomic.Int32
	address := listenPlain(t, func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		if takeIn(reader) != nil {
			return
		}
		taken.Add(1)
		_, _ = io.WriteString(conn, goodAnswer)
		if takeIn(reader) == nil {
			taken.Add(1)
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
	})
	transport := xapi.DefaultTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := clientOn(address, transport)
	if _, err := refresh(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	_, err := refresh(t.Context(), client)
	want := xapi.Error{Kind: xapi.KindUnknown, Sent: true}
	if got := plain(failure(t, err)); got != want || taken.Load() != 2 {
		t.Errorf("got %+v; %d tokens were taken in by two calls", got, taken.Load())
	}
}

// TestConnectionClosedWhileIdle closes a connection right behind its answer, so
// that the next call meets it at any moment.
func TestConnectionClosedWhileIdle(t *testing.T) {
	var taken atomic.Int32
	address := listenPlain(t, func(conn net.Conn) {
		if takeIn(bufio.NewReader(conn)) == nil {
			taken.Add(1)
			_, _ = io.WriteString(conn, goodAnswer)
		}
	})
	transport := xapi.DefaultTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := clientOn(address, transport)
	for range 50 {
		before := taken.Load()
		_, err := refresh(t.Context(), client)
		arrived := taken.Load() - before
		switch {
		case err == nil && arrived != 1:
			t.Fatalf("one answer, but %d tokens were taken in", arrived)
		case err != nil && arrived != 0:
			t.Fatalf("%d tokens were taken in by a call that failed: %v", arrived, err)
		case err != nil && xapi.KindOf(err) != xapi.KindUnknown:
			t.Fatalf("got %v", err)
		}
	}
}

// TestBrokenAnswers are those that a handler cannot give.
func TestBrokenAnswers(t *testing.T) {
	unknown := xapi.Error{Kind: xapi.KindUnknown, Sent: true}
	cutShort := xapi.Error{Kind: xapi.KindUnknown, Status: 200, Sent: true}
	for name, test := range map[string]struct {
		answer string
		want   xapi.Error
	}{
		"none":                    {"", unknown},
		"no HTTP":                 {"SSH-2.0-OpenSSH\r\n\r\n", unknown},
		"cut in the header":       {"HTTP/1.1 200 OK\r\nContent-", unknown},
		"cut in the body":         {"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n" + `{"access_token":"a","refresh_`, cutShort},
		"cut in a refusal":        {"HTTP/1.1 400 No\r\nContent-Length: 90\r\n\r\n" + `{"error":"invalid_grant"}`, xapi.Error{Kind: xapi.KindNotVerdict, Status: 400, Sent: true}},
		"another protocol":        {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", xapi.Error{Kind: xapi.KindNotVerdict, Status: 101, Sent: true}},
		"a header without end":    {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2<<20), unknown},
		"the token in the header": {"HTTP/1.1 " + refreshToken + " OK\r\n\r\n", unknown},
	} {
		address := listenPlain(t, func(conn net.Conn) {
			if takeIn(bufio.NewReader(conn)) == nil {
				_, _ = io.WriteString(conn, test.answer)
			}
		})
		_, err := refresh(t.Context(), clientOn(address, nil))
		if got := plain(failure(t, err)); got != test.want {
			t.Errorf("%s: got %+v (%v), want %+v", name, got, err, test.want)
		}
		if attempts["refresh"].leaks(err) {
			t.Errorf("%s: the error tells what was sent: %v", name, err)
		}
	}
}

// TestWholeAnswerOnABrokenConnection keeps an answer that is all there, though
// the connection broke behind it.
func TestWholeAnswerOnABrokenConnection(t *testing.T) {
	address := listenPlain(t, func(conn net.Conn) {
		if takeIn(bufio.NewReader(conn)) == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"+`{"access_token":"a"}`)
		}
	})
	tokens, err := refresh(t.Context(), clientOn(address, nil))
	if err != nil || tokens.AccessToken.Reveal() != "a" {
		t.Errorf("got %v", err)
	}
}

// TestAnswerBeforeTheToken refuses on the header alone, as a proxy may, while the
// guard is being asked.
func TestAnswerBeforeTheToken(t *testing.T) {
	answered := make(chan struct{})
	address := listenPlain(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n")
			close(answered)
			_, _ = io.Copy(io.Discard, conn)
		}
	})
	guard := func() error { <-answered; return nil }
	_, err := clientOn(address, nil).Refresh(t.Context(), app, secret.New(refreshToken), guard)
	got := failure(t, err)
	// Whether the answer or the guard is seen first is net/http's choice.
	if want := (xapi.Error{Kind: xapi.KindRateLimited, Status: 429, Sent: got.Sent}); got != want {
		t.Errorf("got %+v", got)
	}
}

// TestHTTP2ServerThatGivesUp sends what makes net/http repeat a request if it can.
func TestHTTP2ServerThatGivesUp(t *testing.T) {
	for name, giveUp := range map[string]func(*http2.Framer, uint32) error{
		"refused stream": func(f *http2.Framer, id uint32) error {
			return f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		},
		"protocol error": func(f *http2.Framer, id uint32) error {
			return f.WriteRSTStream(id, http2.ErrCodeProtocol)
		},
		"go away":       func(f *http2.Framer, _ uint32) error { return f.WriteGoAway(0, http2.ErrCodeNo, nil) },
		"closed at all": func(*http2.Framer, uint32) error { return io.EOF },
		"the token in a debug message": func(f *http2.Framer, _ uint32) error {
			return f.WriteGoAway(0, http2.ErrCodeInternal, []byte(refreshToken))
		},
	} {
		for _, atHeader := range []bool{false, true} {
			var taken atomic.Int32
			client := serveHTTP2(t, func(framer *http2.Framer, frame http2.Frame) error {
				_, isData := frame.(*http2.DataFrame)
				_, isHeader := frame.(*http2.HeadersFrame)
				if isData {
					taken.Add(1)
				}
				if isData != atHeader && isData || isHeader && atHeader {
					return giveUp(framer, frame.Header().StreamID)
				}
				return nil
			})
			_, err := refresh(t.Context(), client)
			got := failure(t, err)
			if plain(got) != (xapi.Error{Kind: xapi.KindUnknown, Sent: got.Sent}) || attempts["refresh"].leaks(err) {
				t.Errorf("%s: got %+v", name, got)
			}
			if taken.Load() > 1 || taken.Load() == 1 && !got.Sent || !atHeader && taken.Load() != 1 {
				t.Errorf("%s: %d tokens were taken in, sent: %v", name, taken.Load(), got.Sent)
			}
		}
	}
}

// serveHTTP2 starts a server that shows each frame of a request to a function and
// answers nothing by itself.
func serveHTTP2(t *testing.T, on func(*http2.Framer, http2.Frame) error) *xapi.Client {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	t.Cleanup(certified.Close)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	listen(t, listener, func(conn net.Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		err := framer.WriteSettings()
		for err == nil {
			var frame http2.Frame
			if frame, err = framer.ReadFrame(); err == nil {
				err = on(framer, frame)
			}
		}
	})
	return clientOn("https://"+listener.Addr().String(), trusting(t, certified))
}
