// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package door_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/door"
)

// operator plays the door: it takes one token, and has a tool that greets.
type operator struct {
	*httptest.Server
	mu    sync.Mutex
	token string
	seen  []string
}

type greeting struct {
	Name string `json:"name"`
}

func newOperator(t *testing.T, start func(http.Handler) *httptest.Server) *operator {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "door"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "greet"}, func(_ context.Context, _ *mcp.CallToolRequest, in greeting) (*mcp.CallToolResult, any, error) {
		if in.Name == "" {
			return &mcp.CallToolResult{
				IsError: true, Meta: mcp.Meta{"x.agentconnect.dev/reason": "NotConnected"},
				Content: []mcp.Content{&mcp.TextContent{Text: "NotConnected: nobody is there."}},
			}, nil, nil
		}
		return nil, greeting{"Hello " + in.Name}, nil
	})
	tools := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true, DisableLocalhostProtection: true})
	o := &operator{token: "first"}
	o.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.seen = append(o.seen, r.URL.Path+" "+r.Header.Get("Cookie"))
		known := r.Header.Get("Authorization") == "Bearer "+o.token
		o.mu.Unlock()
		if !known {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"the token is not for this door","code":401}`)
			return
		}
		tools.ServeHTTP(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

// turns is what the kubelet does with a token, and the door with the old one.
func (o *operator) turns(t *testing.T, file, token string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.token = token
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (o *operator) door(t *testing.T) door.Door {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	o.turns(t, file, "first")
	return door.Door{Base: o.URL + "/", Namespace: "customer-a", Name: "agent", TokenFile: file}
}

// TestCall reads the token anew for each call, and gives the tool's and the door's
// own words.
func TestCall(t *testing.T) {
	o := newOperator(t, httptest.NewServer)
	d := o.door(t)
	for _, token := range []string{"first", "second"} {
		o.turns(t, d.TokenFile, token)
		var got greeting
		if err := d.Call(t.Context(), "greet", greeting{"Jane"}, &got); err != nil || got.Name != "Hello Jane" {
			t.Errorf("with the %s token the tool gives %+v (%v)", token, got, err)
		}
	}
	var failure *door.Failure
	err := d.Call(t.Context(), "greet", greeting{}, nil)
	if !errors.As(err, &failure) || *failure != (door.Failure{Reason: "NotConnected", Message: "NotConnected: nobody is there."}) {
		t.Errorf("the tool fails with %v", err)
	}
	if slices.ContainsFunc(o.seen, func(seen string) bool { return seen != "/connections/customer-a/agent/mcp " }) {
		t.Errorf("the door was asked for %q", o.seen)
	}
	if err := os.WriteFile(d.TokenFile, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	var status apierrors.APIStatus
	if err := d.Call(t.Context(), "greet", greeting{"Jane"}, nil); !errors.As(err, &status) || status.Status().Message != "the token is not for this door" {
		t.Errorf("with an old token: %v", err)
	}
	if err := os.Remove(d.TokenFile); err != nil {
		t.Fatal(err)
	}
	if err := d.Call(t.Context(), "greet", greeting{"Jane"}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a token: %v", err)
	}
}

// TestCertificates trusts the door's own, and no others.
func TestCertificates(t *testing.T) {
	o := newOperator(t, httptest.NewTLSServer)
	d := o.door(t)
	if err := d.Call(t.Context(), "greet", greeting{"Jane"}, &greeting{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without its certificate: %v", err)
	}
	d.CAFile = filepath.Join(t.TempDir(), "ca.crt")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: o.Certificate().Raw})
	if err := os.WriteFile(d.CAFile, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Call(t.Context(), "greet", greeting{"Jane"}, &greeting{}); err != nil {
		t.Errorf("with its certificate: %v", err)
	}
}

// TestCheck refuses addresses that can't be a door's.
func TestCheck(t *testing.T) {
	for address, good := range map[string]bool{
		"http://x-operator-agent.x-operator-system.svc": true,
		"https://door.example.com/":                     true,
		"door.example.com":                              false,
		"ftp://door.example.com":                        false,
		"https://me:pass@door.example.com":              false,
		"https://door.example.com?x=1":                  false,
		"":                                              false,
	} {
		if err := (door.Door{Base: address}).Check(); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestProxy lends the token to a client that has none, and lets no web page use it.
func TestProxy(t *testing.T) {
	o := newOperator(t, httptest.NewServer)
	d := o.door(t)
	var complaints []error
	handler, err := d.Proxy(true, func(err error) { complaints = append(complaints, err) })
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(handler)
	defer proxy.Close()
	for _, token := range []string{"first", "second"} {
		o.turns(t, d.TokenFile, token)
		if got := greets(t, proxy.URL+door.Path); got != "Hello Jane" {
			t.Errorf("with the %s token a client gets %q", token, got)
		}
	}
	tests := map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"another page's":  {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example.com") }, http.StatusForbidden},
		"a rebound name":  {func(r *http.Request) { r.Host = "evil.example.com" }, http.StatusForbidden},
		"another path":    {func(r *http.Request) { r.URL.Path = "/connections/customer-b/agent/mcp" }, http.StatusNotFound},
		"a client's own":  {func(r *http.Request) { r.Header.Set("Authorization", "Bearer mine"); r.Header.Set("Cookie", "a=b") }, http.StatusOK},
		"no token at all": {func(*http.Request) { _ = os.Remove(d.TokenFile) }, http.StatusBadGateway},
	}
	for _, name := range []string{"another page's", "a rebound name", "another path", "a client's own", "no token at all"} {
		if got := posts(t, proxy.URL+door.Path, tests[name].change); got != tests[name].want {
			t.Errorf("%s: %d, want %d", name, got, tests[name].want)
		}
	}
	if len(complaints) != 1 || !errors.Is(complaints[0], os.ErrNotExist) {
		t.Errorf("the proxy complains of %v", complaints)
	}
	if slices.ContainsFunc(o.seen, func(seen string) bool { return seen != "/connections/customer-a/agent/mcp " }) {
		t.Errorf("the door was asked for %q", o.seen)
	}
}

// greets is an MCP client that knows no token.
func greets(t *testing.T, endpoint string) string {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "client"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: endpoint}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	answer, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "greet", Arguments: greeting{"Jane"}})
	if err != nil {
		t.Fatal(err)
	}
	content, _ := answer.StructuredContent.(map[string]any)
	name, _ := content["name"].(string)
	return name
}

func posts(t *testing.T, address string, change func(*http.Request)) int {
	t.Helper()
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	change(request)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}
