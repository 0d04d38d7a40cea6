// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const redirectURL = "https://app.example.com/settings?tab=x"

func TestTheWholeFlow(t *testing.T) {
	w := newWorld(t)
	w.connection.Spec.Username = "jane_doe"
	b := w.door().browser()
	shows(t, b.back(approved(b.leave())), http.StatusOK, map[string]string{
		"label":      "Connected",
		"title":      "@jane_doe is connected",
		"connection": "social-manager",
		"namespace":  "customer-a",
		"restart":    "",
	})
	state, err := w.keyring.Open(w.begun[0].State.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	want := []redeem.ConsentRequest{{
		Owner:       uid,
		Nonce:       state.NonceHash(),
		Epoch:       epoch,
		Code:        secret.New(code),
		Verifier:    w.begun[0].Verifier,
		RedirectURI: base + "/oauth2/callback",
		Credentials: xapi.Credentials{ClientID: "client-1", ClientSecret: secret.New("the-client-secret")},
		Pin:         "jane_doe",
	}}
	if !reflect.DeepEqual(w.consents, want) {
		t.Errorf("the consenter got %+v, want %+v", w.consents, want)
	}
	if want := []string{"start asked", "begin sent", "callback connected"}; !slices.Equal(w.answered, want) {
		t.Errorf("counted %q, want %q", w.answered, want)
	}
}

func TestTwoTabsOfOneBrowser(t *testing.T) {
	b := newWorld(t).door().browser()
	first, second := b.leave(), b.leave()
	for i, state := range []string{second, first} {
		shows(t, b.back(approved(state)), http.StatusOK, map[string]string{"title": "@jane_doe is connected"})
		if !b.consents[i].Verifier.Equal(b.begun[1-i].Verifier) {
			t.Error("a tab came back with the verifier of another")
		}
	}
}

func TestADenialNeedsNoCredentials(t *testing.T) {
	w := newWorld(t).door()
	w.consent = ending("authorization_denied", "X says: access_denied.")
	b := w.browser()
	state := b.leave()
	w.credentials = func(grant.App) (xapi.Credentials, error) { return xapi.Credentials{}, errBroken }
	answer := b.back(url.Values{"state": {state}, "error": {"access_denied"}, "code": {code}})
	shows(t, answer, http.StatusForbidden, map[string]string{
		"code":    "authorization_denied",
		"detail":  "X says: access_denied.",
		"restart": "Open the start page",
	})
	if got := w.consents[0]; got.Denied != "access_denied" || !got.Code.IsZero() {
		t.Errorf("the consenter got %+v", got)
	}
	if !strings.Contains(answer.Body.String(), `href="`+base+w.link(epoch)+`"`) {
		t.Error("the page does not lead back to the start page")
	}
}

// ending is a consenter that always comes to the same end.
func ending(code, message string) func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error) {
	return func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error) {
		return redeem.ConsentResult{Code: code, Message: message}, nil
	}
}

func TestAnswersThatAreNotVerified(t *testing.T) {
	tests := map[string]struct {
		come   func(*world, *browser, string) *browser
		params func(state string) url.Values
		detail string
	}{
		"a made-up state": {params: func(string) url.Values { return approved("made-up") }, detail: "It was not begun here"},
		"a damaged state": {params: func(state string) url.Values { return approved("A" + state) }, detail: "It was not begun here"},
		"another ring":    {come: func(w *world, b *browser, _ string) *browser { w.door(); return b }, detail: "It was not begun here"},
		"a late one, of another browser": {come: func(w *world, _ *browser, _ string) *browser {
			w.now = w.now.Add(seal.StateLifetime)
			return w.browser()
		}, detail: "More than 15 minutes"},
		"another browser":  {come: func(w *world, _ *browser, _ string) *browser { return w.browser() }, detail: "not begun in this browser"},
		"a foreign cookie": {come: func(w *world, _ *browser, _ string) *browser { other := w.browser(); other.open(); return other }, detail: "not begun in this browser"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.connection.Spec.RedirectURL = redirectURL
			b := w.door().browser()
			state := b.leave()
			if test.come != nil {
				b = test.come(w, b, state)
			}
			params := approved(state)
			if test.params != nil {
				params = test.params(state)
			}
			w.brokenLive, w.brokenGrants = true, true // nothing may be read
			answer := b.back(params)
			shows(t, answer, http.StatusGone, map[string]string{"code": "session_expired", "connection": ""})
			if !strings.Contains(parts(answer)["detail"], test.detail) || len(w.consents) != 0 {
				t.Errorf("the page says %q; %d consents", parts(answer)["detail"], len(w.consents))
			}
		})
	}
}

// TestComingBackLate: the app behind the redirect URL, and whoever looks at the object, are
// told. No code is exchanged any more.
func TestComingBackLate(t *testing.T) {
	w := newWorld(t)
	w.consent = ending("session_expired", "Too late.")
	b := w.door().browser()
	state := b.leave()
	w.now = w.now.Add(seal.StateLifetime)
	w.credentials = func(grant.App) (xapi.Credentials, error) { return xapi.Credentials{}, errBroken }
	shows(t, b.back(approved(state)), http.StatusGone, map[string]string{
		"code": "session_expired", "detail": "Too late.", "connection": "social-manager", "restart": "Open the start page",
	})
	if len(w.consents) != 1 || !w.consents[0].Late {
		t.Errorf("the consenter got %+v", w.consents)
	}
	w.connection.Spec.RedirectURL = redirectURL
	if got, want := b.back(approved(state)).Header().Get("Location"), redirectURL+"&x_error=session_expired"; got != want {
		t.Errorf("redirected to %q, want %q", got, want)
	}
}

func TestWhatChangedWhileThePersonWasAtX(t *testing.T) {
	tests := map[string]struct {
		change func(*world)
		code   string
		detail string
	}{
		"deleted": {func(w *world) {
			w.connection.Finalizers = []string{v1alpha1.FinalizerRevoke}
			w.connection.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
		}, "useragent_not_found", "The connection is being deleted."},
		"replaced":     {func(w *world) { w.grant.Consent.Epoch++ }, "session_expired", "A newer link was made while you were at X."},
		"connected":    {func(w *world) { w.grant.Consent.Wanted, w.grant.Tokens = false, &grant.Tokens{} }, "session_expired", "The connection was finished another way while you were at X."},
		"disconnected": {func(w *world) { w.connection.Spec.State = v1alpha1.StateDisconnected }, "session_expired", "The connection was switched off while you were at X."},
		"suspended":    {func(w *world) { w.connection.Spec.Suspend = true }, "session_expired", "The connection was paused while you were at X."},
		"not wanted":   {func(w *world) { w.grant.Consent.Wanted = false }, "session_expired", "The connection is no longer waiting for anybody."},
		"another app":  {func(w *world) { w.grant.Consent.App.ClientID = "client-2" }, "session_expired", "The connection now uses another X app."},
		"no Secret": {func(w *world) {
			w.credentials = func(grant.App) (xapi.Credentials, error) {
				return xapi.Credentials{}, fmt.Errorf("%w: no key", grant.ErrNoCredentials)
			}
		}, "invalid_config", ""},
		"a Secret with another client id": {func(w *world) {
			w.credentials = func(grant.App) (xapi.Credentials, error) { return xapi.Credentials{ClientID: "client-2"}, nil }
		}, "session_expired", "The settings of the X app have just been changed."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).door()
			b := w.browser()
			state := b.leave()
			test.change(w)
			answer := b.back(approved(state))
			if got := parts(answer); got["code"] != test.code || got["detail"] != test.detail || got["connection"] != "social-manager" {
				t.Errorf("got %q", got)
			}
			w.connection.Spec.RedirectURL = redirectURL
			if got, want := b.back(approved(state)).Header().Get("Location"), redirectURL+"&x_error="+test.code; got != want {
				t.Errorf("redirected to %q, want %q", got, want)
			}
			if len(w.consents) != 0 {
				t.Error("the consenter was asked")
			}
		})
	}
}

func TestAnObjectThatIsGone(t *testing.T) {
	tests := map[string]func(*world){
		"no object":  func(w *world) { w.connection = nil },
		"a namesake": func(w *world) { w.connection.UID, w.connection.Spec.RedirectURL = "another", redirectURL },
		"no grant":   func(w *world) { w.grant = nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).door()
			b := w.browser()
			state := b.leave()
			change(w)
			shows(t, b.back(approved(state)), http.StatusNotFound, map[string]string{"code": "useragent_not_found", "connection": ""})
			if len(w.consents) != 0 {
				t.Error("the consenter was asked")
			}
		})
	}
}

func TestFailuresOfOurs(t *testing.T) {
	tests := map[string]struct {
		change  func(*world)
		restart string
	}{
		"the API server": {func(w *world) { w.brokenLive = true }, ""},
		"the grants":     {func(w *world) { w.brokenGrants = true }, ""},
		"the credentials": {func(w *world) {
			w.credentials = func(grant.App) (xapi.Credentials, error) { return xapi.Credentials{}, errBroken }
		}, "Open the start page"},
		"the store of grants": {func(w *world) {
			w.consent = func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error) {
				return redeem.ConsentResult{}, redeem.ErrUnavailable
			}
		}, "Open the start page"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.connection.Spec.RedirectURL = redirectURL
			b := w.door().browser()
			state := b.leave()
			test.change(w)
			answer := b.back(approved(state))
			shows(t, answer, http.StatusServiceUnavailable, map[string]string{"code": "internal_error", "restart": test.restart})
			if !strings.Contains(strings.Join(w.shown, "\n"), "A consent could not go on") {
				t.Error("the log does not say why")
			}
		})
	}
}

func TestResultsWithARedirectURL(t *testing.T) {
	tests := map[string]struct{ code, want string }{
		"connected": {redeem.CodeConnected, redirectURL + "&x_connected=true&x_username=jane_doe"},
		"denied":    {"authorization_denied", redirectURL + "&x_error=authorization_denied"},
		"mismatch":  {"account_mismatch", redirectURL + "&x_error=account_mismatch"},
		"exchange":  {"token_exchange_failed", redirectURL + "&x_error=token_exchange_failed"},
		"internal":  {"internal_error", redirectURL + "&x_error=internal_error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.connection.Spec.RedirectURL = redirectURL
			w.consent = func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error) {
				return redeem.ConsentResult{Code: test.code, Username: "jane_doe"}, nil
			}
			b := w.door().browser()
			answer := b.back(approved(b.leave()))
			if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != test.want || answer.Body.Len() != 0 {
				t.Errorf("got %d, %q, want %q", answer.Code, answer.Header().Get("Location"), test.want)
			}
			if answer.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Error("the app is told the callback's address, with the code in it")
			}
		})
	}
}

func TestTheSameAnswerTwice(t *testing.T) {
	w := newWorld(t).door()
	w.consent = func(context.Context, redeem.ConsentRequest) (redeem.ConsentResult, error) {
		return redeem.ConsentResult{Replayed: true}, nil
	}
	b := w.browser()
	state := b.leave()
	shows(t, b.back(approved(state)), http.StatusAccepted, map[string]string{"title": "Still finishing", "restart": "Open the start page"})

	// It ended well: the epoch moved on, and no consent is wanted any more.
	w.grant.Consent.Claims = []grant.Claim{{Nonce: "another", Code: "account_mismatch"}, {Nonce: w.consents[0].Nonce, Code: redeem.CodeConnected}}
	w.grant.Consent.Epoch, w.grant.Consent.Wanted = epoch+1, false
	w.grant.Account.Username = "jane_doe"
	shows(t, b.back(approved(state)), http.StatusOK, map[string]string{"title": "@jane_doe is connected"})
	if len(w.consents) != 1 {
		t.Error("the code was handed on twice")
	}
}

func TestABrowserThatGoesAwayCostsNothing(t *testing.T) {
	w := newWorld(t).door()
	var alive error
	w.consent = func(ctx context.Context, _ redeem.ConsentRequest) (redeem.ConsentResult, error) {
		alive = ctx.Err()
		return redeem.ConsentResult{Code: redeem.CodeConnected}, nil
	}
	b := w.browser()
	request := b.request(http.MethodGet, "/oauth2/callback?"+approved(b.leave()).Encode())
	gone, cancel := context.WithCancel(request.Context())
	cancel()
	shows(t, b.send(request.WithContext(gone)), http.StatusOK, map[string]string{"title": "The account is connected"})
	if len(w.consents) != 1 || alive != nil {
		t.Errorf("%d consents, the last one's context: %v", len(w.consents), alive)
	}
}

func TestIncompleteAnswers(t *testing.T) {
	w := newWorld(t)
	w.connection.Spec.RedirectURL = redirectURL
	b := w.door().browser()
	state := b.leave()
	w.brokenLive, w.brokenGrants = true, true // nothing may be read
	for name, params := range map[string]url.Values{
		"nothing":        {},
		"no state":       {"code": {code}},
		"no code":        {"state": {state}},
		"two codes":      {"state": {state}, "code": {code, "another"}},
		"hostile bytes":  {"state": {state}, "code": {"\x00\xff"}},
		"an alien error": {"state": {state}, "error": {"<script>"}},
	} {
		t.Run(name, func(t *testing.T) {
			shows(t, b.back(params), http.StatusBadRequest, map[string]string{"code": "missing_params", "connection": ""})
			if len(w.consents) != 0 {
				t.Error("the consenter was asked")
			}
		})
	}
}

// TestEveryErrorHasItsPage holds pages against the API's catalogue.
func TestEveryErrorHasItsPage(t *testing.T) {
	ends := map[v1alpha1.ErrorCode]int{
		v1alpha1.ErrorMissingParams:       http.StatusBadRequest,
		v1alpha1.ErrorAuthorizationDenied: http.StatusForbidden,
		v1alpha1.ErrorSessionExpired:      http.StatusGone,
		v1alpha1.ErrorTokenExchangeFailed: http.StatusBadGateway,
		v1alpha1.ErrorAgentNotFound:       http.StatusNotFound,
		v1alpha1.ErrorInvalidConfig:       http.StatusConflict,
		v1alpha1.ErrorAccountMismatch:     http.StatusForbidden,
		v1alpha1.ErrorInternalError:       http.StatusServiceUnavailable,
		"a_code_of_a_later_version":       http.StatusServiceUnavailable,
	}
	for ended, status := range ends {
		t.Run(string(ended), func(t *testing.T) {
			w := newWorld(t)
			w.consent = ending(string(ended), "What X said.")
			b := w.door().browser()
			answer := b.back(approved(b.leave()))
			got := parts(answer)
			if ended == "a_code_of_a_later_version" {
				ended = v1alpha1.ErrorInternalError
			}
			if answer.Code != status || got["code"] != string(ended) || got["detail"] != "What X said." {
				t.Errorf("got %d, %q", answer.Code, got)
			}
			for _, id := range []string{"title", "what", "next", "who"} {
				if got[id] == "" {
					t.Errorf("the page has no #%s", id)
				}
			}
		})
	}
}
