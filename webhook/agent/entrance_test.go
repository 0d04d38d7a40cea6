// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// Whoever is not known, or has no right, is told so, and learns nothing else.
func TestEntrance(t *testing.T) {
	const (
		missing   = "/connections/customer-a/no-such/token"
		malformed = "/connections/customer-a/No_Such/token"
	)
	for name, test := range map[string]struct {
		path, token string
		broken      bool
		want        int
		challenge   string
		says        string
	}{
		"no token":                      {tokenPath, "", false, 401, `Bearer realm="x-operator"`, "no bearer token"},
		"no token, for tools":           {mcpPath, "", false, 401, `Bearer realm="x-operator"`, "no bearer token"},
		"an unknown token":              {tokenPath, "unknown", false, 401, `Bearer realm="x-operator", error="invalid_token"`, audience},
		"another audience":              {tokenPath, "another-audience", false, 401, `Bearer realm="x-operator", error="invalid_token"`, audience},
		"no word on audiences":          {tokenPath, "no-audience", false, 401, `Bearer realm="x-operator", error="invalid_token"`, audience},
		"a token far too long":          {tokenPath, strings.Repeat("x", 9000), false, 401, `Bearer realm="x-operator", error="invalid_token"`, ""},
		"no right":                      {mcpPath, "the-strangers-token", false, 403, "", `can't get or create or delete the resource xconnections/skill`},
		"no right to the token":         {tokenPath, botToken, false, 403, "", `can't get the resource xconnections/token in the API group x.agentconnect.dev named "social-manager" in the namespace "customer-a"`},
		"no right to what is not there": {missing, botToken, false, 403, "", `can't get the resource xconnections/token`},
		"no possible name":              {malformed, botToken, false, 404, "", ""},
		"no such path":                  {"/connections/customer-a/social-manager/secrets", botToken, false, 404, "", ""},
		"an API server that is away":    {tokenPath, "any", true, 500, "", "InternalError"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.broken = test.broken
			answer, body := w.asked(http.MethodGet, w.door(0)+test.path, test.token)
			body = strings.ReplaceAll(body, `\"`, `"`)
			if answer.StatusCode != test.want || answer.Header.Get("WWW-Authenticate") != test.challenge || !strings.Contains(body, test.says) {
				t.Errorf("HTTP %d, %q: %s", answer.StatusCode, answer.Header.Get("WWW-Authenticate"), body)
			}
			if strings.Contains(body, "its-address") {
				t.Errorf("the answer tells of the operator's inside: %s", body)
			}
			if answer.Header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be cached")
			}
		})
	}
}

// A refusal is the same whether the XConnection exists or not.
func TestRefusalsTellNothing(t *testing.T) {
	w := newWorld(t)
	_, there := w.asked(http.MethodGet, w.door(0)+tokenPath, "the-strangers-token")
	_, missing := w.asked(http.MethodGet, w.door(0)+strings.Replace(tokenPath, "social-manager", "no-such", 1), "the-strangers-token")
	if got := strings.Replace(missing, "no-such", "social-manager", 1); got != there {
		t.Errorf("of one that exists: %s; of one that does not: %s", there, missing)
	}
}

// The reviews ask all that there is to ask, once in ten seconds.
func TestReviews(t *testing.T) {
	w := newWorld(t)
	w.rights["get token"] = true
	ask := func() int {
		answer, _ := w.asked(http.MethodGet, w.door(0)+tokenPath, botToken)
		return answer.StatusCode
	}
	if got := ask(); got != http.StatusOK {
		t.Fatalf("HTTP %d", got)
	}
	if want := []string{audience}; !reflect.DeepEqual(w.tokenReviews[0].Audiences, want) || w.tokenReviews[0].Token != botToken {
		t.Errorf("the review is of %+v", w.tokenReviews[0])
	}
	want := authorizationv1.SubjectAccessReviewSpec{
		User: bot, UID: "7", Groups: []string{"system:serviceaccounts"},
		Extra: map[string]authorizationv1.ExtraValue{"authentication.kubernetes.io/pod-name": {"bot-1"}},
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: "customer-a", Name: "social-manager", Verb: "get", Group: "x.agentconnect.dev", Version: "v1alpha1",
			Resource: "xconnections", Subresource: "token",
		},
	}
	if len(w.accessReviews) != 1 || !reflect.DeepEqual(w.accessReviews[0], want) {
		t.Errorf("the reviews are %+v, want %+v", w.accessReviews, want)
	}

	w.rights["get token"] = false
	w.advance(9 * time.Second)
	if got := ask(); got != http.StatusOK || len(w.tokenReviews) != 1 || len(w.accessReviews) != 1 {
		t.Errorf("after 9 s: HTTP %d, %d and %d reviews", got, len(w.tokenReviews), len(w.accessReviews))
	}
	w.advance(2 * time.Second)
	if got := ask(); got != http.StatusForbidden || len(w.tokenReviews) != 2 {
		t.Errorf("after 11 s: HTTP %d, %d reviews of tokens", got, len(w.tokenReviews))
	}
}

// A right is asked for each tool: to read is not to publish.
func TestRightsOfTools(t *testing.T) {
	w := newWorld(t)
	w.rights = map[string]bool{"get skill": true}
	w.succeeds("whoami", nil)
	w.fails("publish_post", map[string]any{"text": "hello", "requestID": "r-1"}, "Forbidden", "can't create", "xconnections/skill", "x-operator-agent-poster")
	w.fails("delete_post", map[string]any{"id": "1"}, "Forbidden", "can't delete")
	w.advance(time.Minute)
	w.rights = map[string]bool{"create skill": true}
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
	for _, tool := range []string{"whoami", "read_mentions", "read_timeline"} {
		w.fails(tool, nil, "Forbidden", "can't get", "x-operator-agent-reader")
	}
	w.fails("read_posts", map[string]any{"ids": []string{"1"}}, "Forbidden")
	if _, err := w.connect(0, "the-strangers-token"); err == nil {
		t.Error("a stranger could open a session")
	}
}

// Every call is told once, with its result.
func TestCallsAreTold(t *testing.T) {
	w := newWorld(t)
	w.asked(http.MethodGet, w.door(0)+tokenPath, "")
	w.asked(http.MethodGet, w.door(0)+tokenPath, botToken)
	w.asked(http.MethodGet, w.door(0)+mcpPath, "the-strangers-token")
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
	w.fails("read_posts", map[string]any{"ids": []string{"1"}}, "NotFound")
	w.rights["get token"] = true
	w.advance(time.Minute)
	w.asked(http.MethodGet, w.door(0)+tokenPath, botToken)
	want := []string{"token Unauthorized", "token Forbidden", "mcp Forbidden", "publish_post ok", "read_posts NotFound", "token ok"}
	if !reflect.DeepEqual(w.called, want) {
		t.Errorf("told was %q, want %q", w.called, want)
	}
}

// A page in a browser has no business here, even with a token.
func TestOtherOrigins(t *testing.T) {
	w := newWorld(t)
	for _, header := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		if answer, body := w.asked(http.MethodPost, w.door(0)+mcpPath, botToken, header...); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%v: HTTP %d: %s", header, answer.StatusCode, body)
		}
	}
}

// A batch would be many calls that count as one.
func TestBatches(t *testing.T) {
	w := newWorld(t)
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami"}}`
	for body, want := range map[string]int{call: http.StatusOK, "[" + call + "]": http.StatusBadRequest, " \n[]": http.StatusBadRequest} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.door(0)+mcpPath, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "application/json, text/event-stream")
		answer, err := (&http.Client{Transport: bearer(botToken)}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
			t.Errorf("%s: HTTP %d, want %d (%v)", body, answer.StatusCode, want, err)
		}
	}
}

// One namespace can't take all of the door's places: its thirty-third call is told
// to come again.
func TestBusyNamespace(t *testing.T) {
	w := newWorld(t)
	entered, release := make(chan struct{}, 40), make(chan struct{})
	w.onGrant = func() { entered <- struct{}{}; <-release }
	w.rights["get token"] = true
	var calls sync.WaitGroup
	for range 32 {
		calls.Go(func() { w.asked(http.MethodGet, w.door(0)+tokenPath, botToken) })
	}
	for range 32 {
		<-entered
	}
	answer, body := w.asked(http.MethodGet, w.door(0)+tokenPath, botToken)
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "1" {
		t.Errorf("HTTP %d: %s", answer.StatusCode, body)
	}
	close(release)
	calls.Wait()
	if answer, _ := w.asked(http.MethodGet, w.door(0)+tokenPath, botToken); answer.StatusCode != http.StatusOK {
		t.Errorf("afterwards: HTTP %d", answer.StatusCode)
	}
}

// Why a connection can't be used is said, and nothing is done with it.
func TestUnusableConnections(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		says   string
		// mends is true if it makes sense to come again.
		mends bool
	}{
		"disconnected": {func(w *world) { w.connection.Spec.State = v1alpha1.StateDisconnected }, "it is disconnected", false},
		"suspended":    {func(w *world) { w.connection.Spec.Suspend = true }, "it is suspended", false},
		"new":          {func(w *world) { w.connection.Status.Conditions = nil }, "it is not ready yet", true},
		"not ready": {func(w *world) {
			w.connection.Status.Conditions[0] = metav1.Condition{Type: "Ready", Status: "False", Reason: "ConsentRequired", Message: "A person must consent"}
		}, "it is not ready (ConsentRequired): A person must consent", false},
		"being mended": {func(w *world) {
			w.connection.Status.Conditions = []metav1.Condition{
				{Type: "Ready", Status: "False", Reason: "RefreshFailed", Message: "X fails"}, {Type: "Reconciling", Status: "True"},
			}
		}, "it is not ready (RefreshFailed): X fails", true},
		"no grant":     {func(w *world) { w.cached = nil }, "it has no valid token yet", true},
		"no token":     {func(w *world) { w.cached.Tokens = nil }, "it has no valid token yet", true},
		"an old token": {func(w *world) { w.cached.Tokens.ExpiresAt = w.now }, "it has no valid token yet", true},
		"an old token that nothing refreshes": {func(w *world) {
			w.cached.Tokens.ExpiresAt, w.cached.Tokens.RefreshToken = w.now, secret.Token{}
		}, "it has no valid token yet", false},
		"a dead token": {func(w *world) { w.cached.Journal.Verdict = &grant.Verdict{} }, "it has no valid token yet", false},
		"a refused token": {func(w *world) { w.cached.RefuseAccess(w.cached.Tokens.AccessToken, "no", w.now) },
			"it has a token that X refuses: the operator refreshes it. Try again after 20", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.change(w)
			if err := w.Update(t.Context(), w.connection); err != nil {
				t.Fatal(err)
			}
			result := w.fails("publish_post", map[string]any{"text": "hello", "requestID": "r-1"}, "NotConnected", test.says)
			if at, told := result.Meta["x.agentconnect.dev/retryAt"]; told != test.mends || told && at != w.now.Add(90*time.Second).Format(time.RFC3339) {
				t.Errorf("it is to be tried again at %v", at)
			}
			w.fails("read_mentions", nil, "NotConnected", test.says)
			w.fails("delete_post", map[string]any{"id": "1"}, "NotConnected", test.says)
			who := w.succeeds("whoami", nil)
			if problem, _ := who["problem"].(string); who["usable"] != false || !strings.Contains(problem, test.says) {
				t.Errorf("whoami says %v", who)
			}
			w.rights["get token"] = true
			if answer, body := w.asked(http.MethodGet, w.door(0)+tokenPath, botToken); answer.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("the token: HTTP %d: %s", answer.StatusCode, body)
			}
			if posts := w.posts(); len(posts) > 0 {
				t.Errorf("there is an XPost: %+v", posts)
			}
		})
	}
}

// An XConnection that is not there, or not this operator's, is so to those alone who
// have the right.
func TestMissingConnection(t *testing.T) {
	w := newWorld(t)
	w.rights["get token"] = true
	answer, body := w.asked(http.MethodGet, w.door(0)+"/connections/customer-a/no-such/token", botToken)
	if answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "There is no XConnection") {
		t.Errorf("HTTP %d: %s", answer.StatusCode, body)
	}
	w.options.Namespaces = []string{"customer-b"}
	answer, body = w.asked(http.MethodGet, w.serveDoor()+tokenPath, botToken)
	if answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "that this operator serves") {
		t.Errorf("of a namespace that is not served: HTTP %d: %s", answer.StatusCode, body)
	}
}
