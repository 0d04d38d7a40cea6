// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"go.uber.org/goleak"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

var (
	_ manager.Runnable               = &Server{}
	_ manager.LeaderElectionRunnable = &Server{}
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a server on a free port of the loopback until stop is called, which
// gives what Start returned.
func start(t *testing.T, handler http.Handler) (address string, stop func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	server := &Server{Name: "test", Handler: handler, Log: logr.Discard(), Listener: listener}
	go func() { ended <- server.Start(ctx) }()
	return listener.Addr().String(), func() error { cancel(); return <-ended }
}

// get asks over a connection of its own, so that none is left open.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(read)
}

func TestServesUntilTheContextEnds(t *testing.T) {
	address, stop := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "handled")
	}))
	for path, want := range map[string]string{PathHealth: "ok\n", "/any": "handled"} {
		if status, body := get(t, "http://"+address+path); status != http.StatusOK || body != want {
			t.Errorf("%s: got %d, %q, want %q", path, status, body, want)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("a wanted stop is an error: %v", err)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("it still listens")
	}
}

func TestAStopWaitsForRequests(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	address, stop := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		if r.Context().Err() == nil {
			_, _ = io.WriteString(w, "finished")
		}
	}))
	answered := make(chan string)
	go func() {
		_, body := get(t, "http://"+address+"/slow")
		answered <- body
	}()
	<-entered
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	for refused := false; !refused; {
		connection, err := net.Dial("tcp", address)
		refused = err != nil
		if err == nil {
			_ = connection.Close()
		}
	}
	close(release)
	if got := <-answered; got != "finished" {
		t.Errorf("a request under way got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestItSaysThatItCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	server := &Server{Name: "callback", BindAddress: taken.Addr().String(), Log: logr.Discard()}
	err = server.Start(context.Background())
	if err == nil || !strings.Contains(err.Error(), "the callback server can't listen on") {
		t.Errorf("got %v", err)
	}
}

func TestItSaysThatServingEnded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	server := &Server{Name: "callback", Log: logr.Discard(), Listener: listener}
	if err := server.Start(context.Background()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want one that wraps %v", err, net.ErrClosed)
	}
}

func TestMoreRequestsThanAllowedAreTurnedAway(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	handler := limited(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	}), 1)
	ended := make(chan int)
	ask := func() {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		ended <- answer.Code
	}
	go ask()
	<-entered
	go ask()
	if got := <-ended; got != http.StatusServiceUnavailable {
		t.Errorf("the second got %d", got)
	}
	close(release)
	if got := <-ended; got != http.StatusOK {
		t.Errorf("the first got %d", got)
	}
	go ask()
	<-entered
	if got := <-ended; got != http.StatusOK {
		t.Errorf("one after the first ended got %d", got)
	}
}

func TestBodiesAndHeadersAreBounded(t *testing.T) {
	address, stop := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}))
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	requests := map[string]struct {
		request string
		want    int
	}{
		"a body":   {"POST / HTTP/1.0\r\nContent-Length: 1048577\r\n\r\n" + strings.Repeat("a", maxBodyBytes+1), http.StatusRequestEntityTooLarge},
		"a header": {"GET / HTTP/1.0\r\nCookie: " + strings.Repeat("a", 2*maxHeaderBytes) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
	}
	for name, test := range requests {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close() }()
			_, _ = io.WriteString(connection, test.request)
			answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil || answer.StatusCode != test.want {
				t.Errorf("got %v, %v, want %d", answer, err, test.want)
			}
		})
	}
}

func TestItsOwnLinesGoToTheLog(t *testing.T) {
	var lines []string
	sink := funcSink(func(message string) { lines = append(lines, message) })
	_, err := lineLogger{logr.New(sink)}.Write([]byte("http: panic serving\n"))
	if err != nil || len(lines) != 1 || lines[0] != "The HTTP server reports detail http: panic serving" {
		t.Errorf("got %q, %v", lines, err)
	}
}

// funcSink hands each line to a function.
type funcSink func(string)

func (funcSink) Init(logr.RuntimeInfo)                     {}
func (funcSink) Enabled(int) bool                          { return true }
func (s funcSink) WithValues(...any) logr.LogSink          { return s }
func (s funcSink) WithName(string) logr.LogSink            { return s }
func (s funcSink) Error(_ error, message string, _ ...any) { s(message) }
func (s funcSink) Info(_ int, message string, pairs ...any) {
	s(message + " " + pairs[0].(string) + " " + pairs[1].(string))
}
