// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xsim"
	"github.com/agentconnect/x-operator/webhook/agent"
)

const (
	uid      = types.UID("0b8b54a8-2d6a-4a5f-9d1c-3d4b7c1f7a10")
	audience = "x.agentconnect.dev"
	// bot has every right but the token's; stranger has none.
	bot       = "system:serviceaccount:customer-a:bot"
	botToken  = "the-token-of-the-bot"
	mcpPath   = "/connections/customer-a/social-manager/mcp"
	tokenPath = "/connections/customer-a/social-manager/token"
)

var errBroken = errors.New("the API server is away: its-address")

// world is all that surrounds the door: a fake API server whose XPosts are published
// as publish says, and the simulator of X.
type world struct {
	t *testing.T
	client.Client
	x *xsim.Server

	mu         sync.Mutex
	now        time.Time
	connection *v1alpha1.XConnection
	// cached and live are the grant as the cache and the API server have it.
	cached, live *grant.Grant
	// tokens are what TokenReview says of tokens; rights are those that RBAC grants.
	tokens map[string]authenticationv1.TokenReviewStatus
	rights map[string]bool
	broken bool
	// publish is what the controllers make of a new XPost; nil for nothing.
	publish func(*v1alpha1.XPost)
	// createFails is why no XPost can be made; nil for nothing.
	createFails error
	// createLost loses the API server's answer to the next one that is made; creates counts
	// them all.
	createLost bool
	creates    int
	// onGrant is called whenever a grant is read; nil for nothing.
	onGrant func()
	// called is what was called, with its result.
	called []string
	// tokenReviews and accessReviews were asked for.
	tokenReviews  []authenticationv1.TokenReviewSpec
	accessReviews []authorizationv1.SubjectAccessReviewSpec
	// shown is every log line and answer but the token's.
	shown strings.Builder

	options agent.Options
	servers []*httptest.Server
}

// newWorld has one connection that is ready, one allowed caller, and two replicas of
// the door.
func newWorld(t *testing.T) *world {
	w := &world{
		t: t, now: time.Unix(rand.Int64N(6e8)+14e8, 0).UTC(),
		tokens: map[string]authenticationv1.TokenReviewStatus{
			botToken: {Authenticated: true, Audiences: []string{audience}, User: authenticationv1.UserInfo{
				Username: bot, UID: "7", Groups: []string{"system:serviceaccounts"},
				Extra: map[string]authenticationv1.ExtraValue{"authentication.kubernetes.io/pod-name": {"bot-1"}},
			}},
			"another-audience":    {Authenticated: true, Audiences: []string{"https://kubernetes.default.svc"}},
			"no-audience":         {Authenticated: true, User: authenticationv1.UserInfo{Username: bot}},
			"the-strangers-token": {Authenticated: true, Audiences: []string{audience}, User: authenticationv1.UserInfo{Username: "stranger"}},
		},
		rights:  map[string]bool{"get skill": true, "create skill": true, "delete skill": true},
		publish: published("1001"),
	}
	w.x = xsim.New(xsim.Config{Now: w.clock, Apps: []xsim.App{{ClientID: "client-1", ClientSecret: "the-client-secret"}}})
	w.connection = &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{Namespace: "customer-a", Name: "social-manager", UID: uid},
		Spec:       v1alpha1.XConnectionSpec{State: v1alpha1.StateConnected},
		Status: v1alpha1.XConnectionStatus{
			Username: "jane_doe", UserID: w.x.RegisterAccount("jane_doe").ID,
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonConnected}},
		},
	}
	w.cached = w.login()
	w.live = w.cached
	w.Client = w.apiServer()
	w.options = agent.Options{
		Cached: w, Live: w, Grants: grants{w}, Pacer: pace.New(w.clock), Audience: audience, Now: w.clock,
		X: xapi.New(xapi.Options{Endpoints: xapi.Endpoints{APIURL: w.serve(w.x)}, Clock: w.clock}),
		Called: func(what, result string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.called = append(w.called, what+" "+result)
		},
		Log: funcr.New(func(_, line string) { w.show(line) }, funcr.Options{Verbosity: 9}),
	}
	for range 2 {
		w.serveDoor()
	}
	t.Cleanup(w.nothingSecretWasShown)
	return w
}

func (w *world) serve(handler http.Handler) string {
	server := httptest.NewServer(handler)
	w.t.Cleanup(server.Close)
	w.servers = append(w.servers, server)
	return server.URL
}

// serveDoor starts one more replica.
func (w *world) serveDoor() string { return w.serve(agent.New(w.options)) }

// door is the address of one of the two replicas.
func (w *world) door(replica int) string { return w.servers[1+replica].URL }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(by)
}

// login is a grant with new tokens of X.
func (w *world) login() *grant.Grant {
	w.t.Helper()
	got, err := w.x.LogIn("jane_doe", "client-1", []string{"tweet.read", "tweet.write", "users.read", "offline.access"})
	if err != nil {
		w.t.Fatal(err)
	}
	return &grant.Grant{
		Account: grant.Account{UserID: got.Account.ID, Username: "jane_doe"},
		Tokens: &grant.Tokens{
			App: grant.App{ClientID: "client-1"}, AccessToken: secret.New(got.AccessToken), RefreshToken: secret.New(got.RefreshToken),
			Scope: got.Scope, ExpiresAt: got.ExpiresAt,
		},
	}
}

// apiServer is a fake one.
func (w *world) apiServer() client.Client {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), clientgoscheme.AddToScheme(scheme)); err != nil {
		w.t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(w.connection).
		WithStatusSubresource(&v1alpha1.XPost{}).
		WithInterceptorFuncs(interceptor.Funcs{Create: w.create}).Build()
}

// create answers reviews, and does what the controllers do with a new XPost.
func (w *world) create(ctx context.Context, c client.WithWatch, object client.Object, options ...client.CreateOption) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return errBroken
	}
	switch object := object.(type) {
	case *authenticationv1.TokenReview:
		w.tokenReviews = append(w.tokenReviews, object.Spec)
		object.Status = w.tokens[object.Spec.Token]
	case *authorizationv1.SubjectAccessReview:
		w.accessReviews = append(w.accessReviews, object.Spec)
		asked := object.Spec.ResourceAttributes
		object.Status.Allowed = object.Spec.User == bot && w.rights[asked.Verb+" "+asked.Subresource]
	case *v1alpha1.XPost:
		w.creates++
		if w.createFails != nil {
			return w.createFails
		}
		object.UID = types.UID("uid-of-" + object.Name)
		if err := c.Create(ctx, object, options...); err != nil {
			return err
		}
		if w.publish != nil {
			after := object.DeepCopy()
			w.publish(after)
			if err := c.Status().Update(ctx, after); err != nil {
				return err
			}
		}
		if w.createLost {
			w.createLost = false
			return errBroken
		}
	}
	return nil
}

// published makes XPosts published under an id, and those after it.
func published(id string) func(*v1alpha1.XPost) {
	return func(post *v1alpha1.XPost) {
		for i := range post.Texts() {
			number := id + strings.Repeat("0", i)
			post.Status.Posts = append(post.Status.Posts, v1alpha1.PublishedPost{
				Index: int32(i), ID: number, URL: "https://x.com/jane_doe/status/" + number,
			})
		}
		ready(metav1.ConditionTrue, v1alpha1.ReasonPublished, "All posts are published")(post)
	}
}

// ready sets the condition Ready, and others to True beside it.
func ready(status metav1.ConditionStatus, reason, message string, others ...string) func(*v1alpha1.XPost) {
	return func(post *v1alpha1.XPost) {
		post.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message}}
		for _, other := range others {
			post.Status.Conditions = append(post.Status.Conditions, metav1.Condition{Type: other, Status: metav1.ConditionTrue, Reason: reason})
		}
	}
}

// grants implements agent.Grants.
type grants struct{ *world }

func (g grants) Get(context.Context, types.UID) (*grant.Grant, error)     { return g.grant(g.cached) }
func (g grants) GetLive(context.Context, types.UID) (*grant.Grant, error) { return g.grant(g.live) }

func (w *world) grant(g *grant.Grant) (*grant.Grant, error) {
	if w.onGrant != nil {
		w.onGrant()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if g == nil {
		return nil, grant.ErrNotFound
	}
	found := *g
	return &found, nil
}

// asked sends a request with a bearer token, unless that is empty.
func (w *world) asked(method, url, token string, header ...string) (*http.Response, string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer, string(body)
}

// bearer adds a token to each request.
type bearer string

func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(request)
}

// turns sends the bot's requests to one replica after the other.
type turns struct {
	hosts []string
	calls int
}

func (b *turns) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Host = b.hosts[b.calls%len(b.hosts)]
	b.calls++
	return bearer(botToken).RoundTrip(request)
}

// connect is an MCP client at one of the replicas.
func (w *world) connect(replica int, token string) (*mcp.ClientSession, error) {
	return w.connectBy(replica, bearer(token))
}

func (w *world) connectBy(replica int, transport http.RoundTripper) (*mcp.ClientSession, error) {
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(w.t.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.door(replica) + mcpPath, HTTPClient: &http.Client{Transport: transport}, MaxRetries: -1, DisableStandaloneSSE: true,
	}, nil)
	if err == nil {
		w.t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// session is the bot's at a replica.
func (w *world) session(replica int) *mcp.ClientSession {
	w.t.Helper()
	session, err := w.connect(replica, botToken)
	if err != nil {
		w.t.Fatal(err)
	}
	return session
}

// call calls a tool as the bot at the first replica.
func (w *world) call(tool string, arguments map[string]any) *mcp.CallToolResult {
	w.t.Helper()
	return w.callAt(w.session(0), tool, arguments)
}

func (w *world) callAt(session *mcp.ClientSession, tool string, arguments map[string]any) *mcp.CallToolResult {
	w.t.Helper()
	result, err := session.CallTool(w.t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		w.t.Fatalf("%s: %v", tool, err)
	}
	w.show(textOf(result))
	return result
}

// succeeds gives the structured result of a call.
func (w *world) succeeds(tool string, arguments map[string]any) map[string]any {
	w.t.Helper()
	return w.structured(tool, w.call(tool, arguments))
}

func (w *world) structured(tool string, result *mcp.CallToolResult) map[string]any {
	w.t.Helper()
	if result.IsError {
		w.t.Fatalf("%s: %s", tool, textOf(result))
	}
	encoded, err := json.Marshal(result.StructuredContent)
	if err != nil {
		w.t.Fatal(err)
	}
	into := map[string]any{}
	if err := json.Unmarshal(encoded, &into); err != nil {
		w.t.Fatal(err)
	}
	return into
}

// fails wants a call to fail with a reason and with texts in its message.
func (w *world) fails(tool string, arguments map[string]any, reason string, texts ...string) *mcp.CallToolResult {
	w.t.Helper()
	result := w.call(tool, arguments)
	text := textOf(result)
	if !result.IsError || !strings.HasPrefix(text, reason+": ") {
		w.t.Errorf("%s: error %t: %q, want %s", tool, result.IsError, text, reason)
	}
	if result.Meta["x.agentconnect.dev/reason"] != reason {
		w.t.Errorf("%s: _meta is %v", tool, result.Meta)
	}
	for _, want := range texts {
		if !strings.Contains(text, want) {
			w.t.Errorf("%s: %q lacks %q", tool, text, want)
		}
	}
	return result
}

func textOf(result *mcp.CallToolResult) string {
	var text string
	for _, content := range result.Content {
		text += content.(*mcp.TextContent).Text
	}
	return text
}

func (w *world) show(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown.WriteString(text + "\n")
}

// nothingSecretWasShown runs at the end of each test.
func (w *world) nothingSecretWasShown() {
	var values []string
	for _, issued := range w.x.Secrets() {
		values = append(values, issued.Value)
	}
	values = append(values, slices.Collect(maps.Keys(w.tokens))...)
	for _, value := range values {
		if strings.Contains(w.shown.String(), value) {
			w.t.Errorf("something secret was shown: %s", w.shown.String())
		}
	}
}

// posts are the XPosts that there are.
func (w *world) posts() []v1alpha1.XPost {
	w.t.Helper()
	var list v1alpha1.XPostList
	if err := w.List(w.t.Context(), &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}
