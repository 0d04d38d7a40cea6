// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// A token must leave at most once, whatever the connection and the server do.

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var calls atomic.Int32
		client := serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			http.Redirect(w, r, "/elsewhere", status)
		})
		_, err := refresh(t.Context(), client)
		want := xapi.Error{Kind: xapi.KindNotVerdict, Status: status, Sent: true}
		if got := failure(t, err); got != want || calls.Load() != 1 {
			t.Errorf("%d: got %+v after %d calls", status, got, calls.Load())
		}
	}
}

func TestGuardIsAskedOnceAndLast(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		asked, proto := 0, ""
		client := serveTLS(t, protocol, func(w http.ResponseWriter, r *http.Request) {
			proto = r.Proto
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, `{"access_token":"a"}`)
		})
		_, err := client.Refresh(t.Context(), app, secret.New(refreshToken), func() error { asked++; return nil })
		if err != nil || asked != 1 || proto != protocol {
			t.Errorf("%s: %v, asked %d times over %s", protocol, err, asked, proto)
		}
	}
}

func TestGuardStopsTheTokenAtTheLastMoment(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		arrived := make(chan string, 1)
		client := serveTLS(t, protocol, func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			arrived <- string(body)
		})
		forbidden := errors.New("the process was paused")
		_, err := client.Refresh(t.Context(), app, secret.New(refreshToken), func() error { return forbidden })
		got := failure(t, err)
		if plain(got) != (xapi.Error{Kind: xapi.KindAborted}) || !errors.Is(err, forbidden) {
			t.Errorf("%s: got %+v", protocol, got)
		}
		// The header has left, since the guard is asked behind it; the body has not.
		if body := <-arrived; body != "" {
			t.Errorf("%s: %d bytes of the body arrived", protocol, len(body))
		}
	}
}

func TestGuardIsNotAskedWithoutAConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	_ = listener.Close()
	_, err = clientOn(address, nil).Refresh(t.Context(), app, secret.New(refreshToken), func() error {
		t.Error("the guard was asked")
		return nil
	})
	if got := plain(failure(t, err)); got != (xapi.Error{Kind: xapi.KindUnknown}) {
		t.Errorf("got %+v", got)
	}
}

func TestCancelledBeforeTheCall(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the server was called") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := refresh(ctx, client)
	if got := plain(failure(t, err)); got != (xapi.Error{Kind: xapi.KindUnknown}) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCancelledBehindTheToken(t *testing.T) {
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		ctx, cancel := context.WithCancel(t.Context())
		client := serveTLS(t, protocol, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel()
			<-r.Context().Done()
		})
		_, err := refresh(ctx, client)
		want := xapi.Error{Kind: xapi.KindUnknown, Sent: true}
		if got := plain(failure(t, err)); got != want || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %+v, %v", protocol, got, err)
		}
	}
}

// lingering is a transport that gives up at once and goes on reading the body, as
// net/http may do in the background.
type lingering struct{ body io.Reader }

func (l *lingering) RoundTrip(request *http.Request) (*http.Response, error) {
	l.body = request.Body
	return nil, context.DeadlineExceeded
}

func TestNothingLeavesBehindTheCall(t *testing.T) {
	transport := &lingering{}
	_, err := refresh(t.Context(), clientOn("https://x.test", transport))
	if got := plain(failure(t, err)); got != (xapi.Error{Kind: xapi.KindUnknown}) {
		t.Errorf("got %+v", got)
	}
	if late, err := io.ReadAll(transport.body); err == nil || len(late) > 0 {
		t.Errorf("%d bytes were given out behind the call, %v", len(late), err)
	}
}

// silent is a transport that X never answers.
type silent struct{}

func (silent) RoundTrip(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, context.Cause(request.Context())
}

func TestCallsAreBounded(t *testing.T) {
	for name, attempt := range attempts {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := attempt.call(t.Context(), clientOn("https://x.test", silent{}))
			took := time.Since(start)
			if xapi.KindOf(err) != xapi.KindUnknown || !errors.Is(err, context.DeadlineExceeded) || took < 20*time.Second || took > 30*time.Second {
				t.Errorf("%s: got %v after %s", name, err, took)
			}
		})
	}
}

// serveTLS starts a server that speaks one protocol and a client of it on the
// default transport.
func serveTLS(t *testing.T, protocol string, handler http.HandlerFunc) *xapi.Client {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = strings.HasPrefix(protocol, "HTTP/2")
	server.StartTLS()
	t.Cleanup(server.Close)
	return clientOn(server.URL, trusting(t, server))
}

// trusting is the default transport, trusting a server's certificate.
func trusting(t *testing.T, server *httptest.Server) *http.Transport {
	t.Helper()
	trusted, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the server's client has a %T", server.Client().Transport)
	}
	transport := xapi.DefaultTransport()
	transport.TLSClientConfig = trusted.TLSClientConfig.Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func TestGuardStopsAPost(t *testing.T) {
	arrived := make(chan string, 1)
	client := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- string(body)
	})
	forbidden := errors.New("the process was paused")
	_, err := client.CreatePost(t.Context(), secret.New(accessToken), xapi.PostRequest{
		Text: "Hello", Guard: func() error { return forbidden },
	})
	got := failure(t, err)
	if want := (xapi.Error{Kind: xapi.KindAborted, Err: forbidden}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	select {
	case body := <-arrived:
		if body != "" {
			t.Errorf("%q was sent", body)
		}
	default:
	}
}
