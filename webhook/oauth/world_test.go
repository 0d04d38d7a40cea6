// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/webhook/oauth"
)

const (
	uid   = types.UID("0b8b54a8-2d6a-4a5f-9d1c-3d4b7c1f7a10")
	epoch = 7
	base  = "https://x.example.com"
	xPage = "https://x.test/i/oauth2/authorize"
	code  = "the-code-that-X-gave"
)

var errBroken = errors.New("the API server is away")

// world is all that surrounds the door. A test sets its parts, then calls door.
type world struct {
	t          *testing.T
	now        time.Time
	base       string
	connection *v1alpha1.XConnection
	grant      *grant.Grant
	// live is what the API server has, where the cache is behind; nil: the same.
	live *grant.Grant
	// namespaces are those that are served; empty: all.
	namespaces []string
	// broken fails every read of that kind.
	brokenCache, brokenLive, brokenGrants bool
	credentials                           func(grant.App) (xapi.Credentials, error)
	consent                               func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error)

	handler http.Handler
	keyring *seal.Keyring
	// consents are the requests that reached the consenter; begun, those that X
	// was asked with; answered, what the observer was told.
	consents []redeem.ConsentRequest
	begun    []xapi.AuthorizeRequest
	answered []string
	// shown is every body and log line; secret must not be in it.
	shown   []string
	secrets []secret.Token
}

// newWorld has one connection that waits for consent, and an X app.
func newWorld(t *testing.T) *world {
	w := &world{
		t:    t,
		now:  time.Unix(rand.Int64N(2e9), 0).UTC(),
		base: base,
		connection: &v1alpha1.XConnection{
			ObjectMeta: metav1.ObjectMeta{Namespace: "customer-a", Name: "social-manager", UID: uid},
			Spec:       v1alpha1.XConnectionSpec{State: v1alpha1.StateConnected},
		},
		grant: &grant.Grant{
			Owner: grant.Owner{Namespace: "customer-a", Name: "social-manager", UID: uid},
			Consent: grant.Consent{
				Epoch:  epoch,
				Wanted: true,
				App:    grant.App{ClientID: "client-1", XApp: "acme"},
				Scopes: []string{"tweet.read", "tweet.write", "users.read", "offline.access"},
			},
		},
		credentials: func(app grant.App) (xapi.Credentials, error) {
			return xapi.Credentials{ClientID: app.ClientID, ClientSecret: secret.New("the-client-secret")}, nil
		},
		consent: func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error) {
			return redeem.ConsentResult{Code: redeem.CodeConnected, Username: "jane_doe"}, nil
		},
		secrets: []secret.Token{secret.New(code), secret.New("the-client-secret")},
	}
	t.Cleanup(w.nothingSecretWasShown)
	return w
}

// door makes the handler; replicas of it share the keys.
func (w *world) door() *world {
	w.t.Helper()
	address, err := seal.ParseAddress(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	w.keyring, err = seal.NewKeyring(func() time.Time { return w.now }, seal.NewKeyData(w.now))
	if err != nil {
		w.t.Fatal(err)
	}
	w.handler, err = oauth.New(oauth.Options{
		Address:           address,
		AuthorizeEndpoint: xPage,
		AuthorizeURL:      w.authorizeURL,
		Namespaces:        w.namespaces,
		Cached:            w.reader(&w.brokenCache),
		Live:              w.reader(&w.brokenLive),
		Grants:            w,
		Consenter:         w,
		CredentialsFor:    w.credentialsFor,
		Keyring:           w.keyring,
		Observer:          w,
		Log:               funcr.New(func(_, line string) { w.shown = append(w.shown, line) }, funcr.Options{Verbosity: 9}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w
}

// reader reads the world's connection as it is when it is asked.
func (w *world) reader(broken *bool) client.Reader {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		w.t.Fatal(err)
	}
	return readerFunc(func(ctx context.Context, key client.ObjectKey, into client.Object) error {
		if *broken {
			return errBroken
		}
		builder := fake.NewClientBuilder().WithScheme(scheme)
		if w.connection != nil {
			builder = builder.WithObjects(w.connection.DeepCopy())
		}
		return builder.Build().Get(ctx, key, into)
	})
}

type readerFunc func(context.Context, client.ObjectKey, client.Object) error

func (f readerFunc) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	return f(ctx, key, into)
}

func (f readerFunc) List(context.Context, client.ObjectList, ...client.ListOption) error {
	panic("the door lists nothing")
}

// Get and GetLive implement oauth.Grants.
func (w *world) Get(_ context.Context, owner types.UID) (*grant.Grant, error) {
	return w.read(owner, w.grant)
}

func (w *world) GetLive(_ context.Context, owner types.UID) (*grant.Grant, error) {
	if w.live != nil {
		return w.read(owner, w.live)
	}
	return w.read(owner, w.grant)
}

func (w *world) read(owner types.UID, from *grant.Grant) (*grant.Grant, error) {
	switch {
	case w.brokenGrants:
		return nil, errBroken
	case from == nil || from.Owner.UID != owner:
		return nil, grant.ErrNotFound
	}
	found := *from
	return &found, nil
}

// Consent implements redeem.Consenter.
func (w *world) Consent(ctx context.Context, request redeem.ConsentRequest) (redeem.ConsentResult, error) {
	w.consents = append(w.consents, request)
	w.secrets = append(w.secrets, request.Verifier)
	return w.consent(ctx, request)
}

func (w *world) credentialsFor(_ context.Context, app grant.App) (xapi.Credentials, error) {
	return w.credentials(app)
}

// Answered implements oauth.Observer.
func (w *world) Answered(step oauth.Step, result string) {
	w.answered = append(w.answered, string(step)+" "+result)
}

func (w *world) authorizeURL(request xapi.AuthorizeRequest) string {
	w.begun = append(w.begun, request)
	w.secrets = append(w.secrets, request.State, request.Verifier)
	return xPage + "?state=" + url.QueryEscape(request.State.Reveal())
}

// link is the path and query of the link for an epoch.
func (w *world) link(epoch int64) string {
	return "/connect/customer-a/social-manager?c=" + w.keyring.Capability(string(uid), epoch).Reveal()
}

func (w *world) nothingSecretWasShown() {
	all := strings.Join(w.shown, "\n")
	for _, hidden := range w.secrets {
		if strings.Contains(all, hidden.Reveal()) {
			w.t.Errorf("a page or the log shows %q:\n%s", hidden.Reveal(), all)
		}
	}
}

// browser keeps cookies and sends what browsers send.
type browser struct {
	*world
	cookies map[string]string
}

func (w *world) browser() *browser { return &browser{world: w, cookies: map[string]string{}} }

// ask sends a request and checks what every answer must have. Headers are pairs
// of a name and a value.
func (b *browser) ask(method, target string, headers ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	request := b.request(method, target)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	return b.send(request)
}

func (b *browser) request(method, target string) *http.Request {
	request := httptest.NewRequest(method, b.base+target, nil)
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return request
}

func (b *browser) send(request *http.Request) *httptest.ResponseRecorder {
	b.t.Helper()
	before := len(b.answered)
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, request)
	b.shown = append(b.shown, answer.Body.String())
	for _, cookie := range answer.Result().Cookies() {
		b.cookies[cookie.Name] = cookie.Value
		b.secrets = append(b.secrets, secret.New(cookie.Value))
	}
	if len(b.answered) != before+1 {
		b.t.Errorf("%s was counted %d times", request.URL.Path, len(b.answered)-before)
	}
	b.checkHeaders(answer)
	return answer
}

func (b *browser) open() *httptest.ResponseRecorder {
	return b.ask(http.MethodGet, b.link(epoch))
}

func (b *browser) submit() *httptest.ResponseRecorder {
	return b.ask(http.MethodPost, b.link(epoch), "Origin", b.base, "Sec-Fetch-Site", "same-origin")
}

// leave opens the link and goes to X; it gives the state that X was sent.
func (b *browser) leave() (state string) {
	b.t.Helper()
	b.open()
	answer := b.submit()
	if answer.Code != http.StatusSeeOther {
		b.t.Fatalf("not sent to X but %d:\n%s", answer.Code, answer.Body)
	}
	return b.begun[len(b.begun)-1].State.Reveal()
}

// back comes back from X with these parameters.
func (b *browser) back(params url.Values) *httptest.ResponseRecorder {
	return b.ask(http.MethodGet, "/oauth2/callback?"+params.Encode(), "Sec-Fetch-Site", "cross-site")
}

func approved(state string) url.Values { return url.Values{"state": {state}, "code": {code}} }

func (b *browser) checkHeaders(answer *httptest.ResponseRecorder) {
	b.t.Helper()
	transport := "^max-age=31536000$"
	if strings.HasPrefix(b.base, "http:") {
		transport = "^$"
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options":    "^nosniff$",
		"X-Frame-Options":           "^DENY$",
		"Cache-Control":             "^no-store$",
		"Referrer-Policy":           "^(no-referrer|same-origin)$",
		"Permissions-Policy":        "camera=\\(\\)",
		"Strict-Transport-Security": transport,
		"Content-Security-Policy":   "^default-src 'none'; style-src 'sha256-[^']+'; form-action [^;]+; frame-ancestors 'none'; base-uri 'none'$",
	} {
		if got := answer.Header().Get(name); !regexp.MustCompile(want).MatchString(got) {
			b.t.Errorf("%s is %q, want %s", name, got, want)
		}
	}
}

// parts gives what follows each element that has an id, up to the next closing
// tag.
func parts(answer *httptest.ResponseRecorder) map[string]string {
	found := map[string]string{}
	body := answer.Body.String()
	opening := regexp.MustCompile(` id="([a-z]+)"[^>]*>`)
	for _, at := range opening.FindAllStringSubmatchIndex(body, -1) {
		text, _, _ := strings.Cut(body[at[1]:], "</")
		found[body[at[2]:at[3]]] = strings.TrimSpace(text)
	}
	return found
}

// shows checks the status, the title and further parts of a page.
func shows(t *testing.T, answer *httptest.ResponseRecorder, status int, want map[string]string) {
	t.Helper()
	got := parts(answer)
	if answer.Code != status {
		t.Errorf("the status is %d, want %d", answer.Code, status)
	}
	for id := range want {
		if got[id] != want[id] {
			t.Errorf("#%s is %q, want %q", id, got[id], want[id])
		}
	}
}
