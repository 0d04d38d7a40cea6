// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

func TestTheStartPageSaysWhoAsksForWhat(t *testing.T) {
	w := newWorld(t)
	w.connection.Spec.Username = "jane_doe"
	w.connection.Spec.RedirectURL = "https://app.example.com/settings"
	w.connection.Spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "poster"}
	w.grant.Consent.Scopes = append(w.grant.Consent.Scopes, "future.scope")
	answer := w.door().browser().open()
	shows(t, answer, http.StatusOK, map[string]string{
		"title":      "Connect an account on X?",
		"connection": "social-manager",
		"namespace":  "customer-a",
		"agent":      "Deployment poster",
		"app":        "the shared app “acme”",
		"account":    "<strong>@jane_doe",
		"continue":   "Continue to x.test",
		"host":       "x.example.com",
	})
	scopes := []string{
		"<li><code>future.scope</code></li>",
		"<li>write posts, replies and reposts for you <code>tweet.write</code></li>",
		"<li>see every post that you can see, those of protected accounts too <code>tweet.read</code></li>",
		"<li>see your profile, and every profile that you can see <code>users.read</code></li>",
		"<li>keep this access while you are away, until you take it back <code>offline.access</code></li>",
	}
	if !strings.Contains(answer.Body.String(), strings.Join(scopes, "\n")) {
		t.Errorf("the scopes are not in words or not in order:\n%s", answer.Body)
	}
	if got := answer.Header().Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https://x.test https://app.example.com;") {
		t.Errorf("the form can't lead where it has to: %s", got)
	}
	if got := answer.Header().Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("the form's Origin would be null under %q", got)
	}
	if !slices.Equal(w.answered, []string{"start asked"}) {
		t.Errorf("counted %q", w.answered)
	}
}

func TestTheExpectedAccount(t *testing.T) {
	tests := map[string]struct {
		pin    string
		before grant.Account
		want   string
	}{
		"nobody":    {want: "the one that you choose at X"},
		"pinned":    {pin: "jane_doe", before: grant.Account{UserID: "1", Username: "janes_old_name"}, want: "<strong>@jane_doe"},
		"connected": {before: grant.Account{UserID: "1", Username: "jane_doe"}, want: "<strong>@jane_doe"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.connection.Spec.Username, w.grant.Account = test.pin, test.before
			w.grant.Consent.App = grant.App{ClientID: "client-1"}
			shows(t, w.door().browser().open(), http.StatusOK, map[string]string{
				"account": test.want,
				"app":     "customer-a’s own app",
			})
		})
	}
}

func TestTheCookie(t *testing.T) {
	w := newWorld(t).door()
	first, second := w.browser(), w.browser()
	cookie := first.open().Result().Cookies()[0]
	if !strings.HasPrefix(cookie.Name, "__Host-x-consent-") || cookie.Path != "/" || cookie.Domain != "" ||
		!cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 3600 {
		t.Errorf("the cookie is %v", cookie)
	}
	if again := first.open().Result().Cookies()[0]; again.Value != cookie.Value {
		t.Error("a second tab undoes the first")
	}
	if other := second.open().Result().Cookies()[0]; other.Value == cookie.Value {
		t.Error("two browsers share a cookie")
	}
	second.cookies[cookie.Name] = "planted"
	if got := second.open().Result().Cookies()[0]; got.Value == "planted" {
		t.Error("a cookie that is none of ours is kept")
	}
}

func TestTheCookieOnALoopbackHost(t *testing.T) {
	w := newWorld(t)
	w.base = "http://127.0.0.1:8082"
	b := w.door().browser()
	cookie := b.open().Result().Cookies()[0]
	if !strings.HasPrefix(cookie.Name, "x-consent-") || cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", cookie)
	}
}

func TestALinkThatLeadsNowhereTellsNothing(t *testing.T) {
	w := newWorld(t).door()
	good := w.keyring.Capability(string(uid), epoch).Reveal()
	other := w.keyring.Capability("another", epoch).Reveal()
	nobody := w.keyring.Capability("", epoch).Reveal()
	targets := []string{
		"/connect/customer-a/social-manager",
		"/connect/customer-a/social-manager?c=",
		"/connect/customer-a/social-manager?c=" + other,
		"/connect/customer-a/social-manager?c=" + good[1:],
		"/connect/customer-a/social-manager?c=" + good + "&c=" + good,
		"/connect/customer-a/another?c=" + good,
		"/connect/customer-b/social-manager?c=" + good,
		"/connect/%2e%2e/%00?c=" + nobody[1:],
	}
	var first string
	for _, target := range targets {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			answer := w.browser().ask(method, target, "Origin", base)
			shows(t, answer, http.StatusNotFound, map[string]string{"code": "useragent_not_found", "connection": ""})
			if first == "" {
				first = answer.Body.String()
			}
			if answer.Body.String() != first || len(answer.Result().Cookies()) != 0 {
				t.Errorf("%s %s is answered otherwise", method, target)
			}
		}
	}
}

// closedLinks are links that lead to no question, each with the page it shows.
var closedLinks = map[string]struct {
	change func(*world)
	status int
	title  string
	result string
}{
	"connected": {
		change: func(w *world) {
			w.grant.Consent.Epoch, w.grant.Consent.Wanted, w.grant.Tokens = epoch+1, false, &grant.Tokens{}
		},
		status: http.StatusOK, title: "This is already connected", result: "already_connected",
	},
	"replaced": {
		change: func(w *world) { w.grant.Consent.Epoch = epoch + 1 },
		status: http.StatusGone, title: "This attempt is no longer valid", result: "session_expired",
	},
	"disconnected": {
		change: func(w *world) { w.connection.Spec.State = v1alpha1.StateDisconnected },
		status: http.StatusConflict, title: "This connection is switched off", result: "disconnected",
	},
	"suspended": {
		change: func(w *world) { w.connection.Spec.Suspend = true },
		status: http.StatusConflict, title: "This connection is paused", result: "suspended",
	},
	"not wanted": {
		change: func(w *world) { w.grant.Consent.Wanted = false },
		status: http.StatusConflict, title: "Nothing is asked of you now", result: "not_wanted",
	},
	"not set up": {
		change: func(w *world) {
			w.grant.Consent.Wanted = false
			w.connection.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "False", Reason: "InvalidConfig"}}
		},
		status: http.StatusConflict, title: "The X app is not set up", result: "invalid_config",
	},
	"being deleted": {
		change: func(w *world) {
			w.connection.Finalizers = []string{v1alpha1.FinalizerRevoke}
			w.connection.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		},
		status: http.StatusNotFound, title: "There is nothing behind this link", result: "useragent_not_found",
	},
	"without a grant": {
		change: func(w *world) { w.grant = nil },
		status: http.StatusNotFound, title: "There is nothing behind this link", result: "useragent_not_found",
	},
	"of a namespace that is not served": {
		// Its cache gives an error for it.
		change: func(w *world) { w.namespaces, w.brokenCache = []string{"another"}, true },
		status: http.StatusNotFound, title: "There is nothing behind this link", result: "useragent_not_found",
	},
	"a cache that fails": {
		change: func(w *world) { w.brokenCache = true },
		status: http.StatusServiceUnavailable, title: "Something failed on our side", result: "internal_error",
	},
	"grants that can't be read": {
		change: func(w *world) { w.brokenGrants = true },
		status: http.StatusServiceUnavailable, title: "Something failed on our side", result: "internal_error",
	},
}

func TestLinksThatAreClosed(t *testing.T) {
	for name, test := range closedLinks {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.change(w)
			b := w.door().browser()
			for _, ask := range []func() *httptest.ResponseRecorder{b.open, b.submit} {
				answer := ask()
				shows(t, answer, test.status, map[string]string{"title": test.title})
				if strings.Contains(answer.Body.String(), "<form") {
					t.Error("a closed link shows a form")
				}
			}
			if want := []string{"start " + test.result, "begin " + test.result}; !slices.Equal(w.answered, want) {
				t.Errorf("counted %q, want %q", w.answered, want)
			}
			if len(b.cookies) != 0 || len(w.begun) != 0 {
				t.Error("a closed link begins something")
			}
		})
	}
}

func TestACacheThatIsBehindTheLink(t *testing.T) {
	tests := map[string]func(*world){
		"has an older epoch": func(w *world) { older := *w.grant; older.Consent.Epoch--; w.live, w.grant = w.grant, &older },
		"has no grant yet":   func(w *world) { w.live, w.grant = w.grant, nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			change(w)
			shows(t, w.door().browser().open(), http.StatusOK, map[string]string{"title": "Connect an account on X?"})
		})
	}
}
