// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/webhook"
	"github.com/agentconnect/x-operator/webhook/agent"
)

var _ webhook.Unproxied = (*agent.Door)(nil)

const strangersToken = "the-strangers-token"

// ask sends a request for a token from an address.
func ask(door http.Handler, address, path, bearer string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.RemoteAddr = address + ":1234"
	// Anybody can claim to be somebody else.
	request.Header.Set("X-Forwarded-For", bearer)
	request.Header.Set("Authorization", "Bearer "+bearer)
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, request)
	return answer
}

// wantBusy wants an answer that tells to come again.
func wantBusy(t *testing.T, answer *httptest.ResponseRecorder) {
	t.Helper()
	var status metav1.Status
	if err := json.Unmarshal(answer.Body.Bytes(), &status); err != nil {
		t.Fatal(err)
	}
	if answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") != "1" || status.Reason != "Busy" {
		t.Errorf("HTTP %d, Retry-After %q, %+v", answer.Code, answer.Header().Get("Retry-After"), status)
	}
}

// flood is what a pod without any right sends: made-up tokens, or names made up for a
// token that is valid.
type flood struct{ address, path, bearer string }

func madeUpToken(i int) flood {
	return flood{"10.0.0.7", tokenPath, fmt.Sprintf("made-up-%d", i)}
}

func madeUpName(i int) flood {
	return flood{fmt.Sprintf("10.0.1.%d", i), fmt.Sprintf("/connections/customer-a/made-up-%d/token", i), strangersToken}
}

// slowAPI takes its time with the first reviews that a flood has it make: as many as
// there are places.
type slowAPI struct {
	client.Client
	places, entered, release chan struct{}
}

func (s *slowAPI) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	wait := false
	switch object := object.(type) {
	case *authenticationv1.TokenReview:
		wait = strings.HasPrefix(object.Spec.Token, "made-up")
	case *authorizationv1.SubjectAccessReview:
		wait = object.Spec.User == "stranger"
	}
	if wait {
		s.wait()
	}
	return s.Client.Create(ctx, object, options...)
}

func (s *slowAPI) wait() {
	select {
	case s.places <- struct{}{}:
		s.entered <- struct{}{}
		<-s.release
	default:
	}
}

// However slow the API server is, a flood takes no more than its share of the door.
func TestReviewsUnderWay(t *testing.T) {
	for name, next := range map[string]func(int) flood{"tokens of an address": madeUpToken, "rights of a user": madeUpName} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.rights["get token"] = true
			slow := &slowAPI{w.options.Live, make(chan struct{}, 32), make(chan struct{}), make(chan struct{})}
			w.options.Live = slow
			door := agent.New(w.options)
			send := func(i int) *httptest.ResponseRecorder {
				one := next(i)
				return ask(door, one.address, one.path, one.bearer)
			}
			var calls sync.WaitGroup
			for i := range 32 {
				calls.Go(func() { send(i) })
				<-slow.entered
			}
			wantBusy(t, send(33))
			if got := ask(door, "10.0.0.8", tokenPath, botToken); got.Code != http.StatusOK {
				t.Errorf("the bot meanwhile: HTTP %d: %s", got.Code, got.Body)
			}
			close(slow.release)
			calls.Wait()
			if got := send(34); got.Code != http.StatusUnauthorized && got.Code != http.StatusForbidden {
				t.Errorf("afterwards: HTTP %d: %s", got.Code, got.Body)
			}
		})
	}
}

// An address has fifty tokens reviewed at once and then fifty a second, and a sidecar's,
// which is everybody's, as many as there are.
func TestTokensOfAnAddress(t *testing.T) {
	w := newWorld(t)
	door := agent.New(w.options)
	for i := range 60 {
		if got := ask(door, "127.0.0.6", tokenPath, fmt.Sprintf("made-up-behind-a-sidecar-%d", i)); got.Code != http.StatusUnauthorized {
			t.Fatalf("behind a sidecar: HTTP %d", got.Code)
		}
	}
	for round := range 2 {
		w.tokenReviews = nil
		for i := range 100 {
			if got := ask(door, "10.0.0.7", tokenPath, fmt.Sprintf("made-up-%d-%d", round, i)); i >= 50 {
				wantBusy(t, got)
			}
		}
		if len(w.tokenReviews) != 50 {
			t.Errorf("%d tokens were reviewed", len(w.tokenReviews))
		}
		w.advance(time.Second)
	}
}

// A user has fifty rights reviewed at once, whatever it asks for and from wherever,
// and nobody else is asked about again for it.
func TestRightsOfAUser(t *testing.T) {
	w := newWorld(t)
	w.rights["get token"] = true
	door := agent.New(w.options)
	ask(door, "10.0.0.8", tokenPath, botToken)
	w.accessReviews = nil
	for i := range 100 {
		one := madeUpName(i)
		if got := ask(door, one.address, one.path, one.bearer); i >= 50 {
			wantBusy(t, got)
		}
	}
	if len(w.accessReviews) != 50 {
		t.Errorf("%d rights were reviewed", len(w.accessReviews))
	}
	if got := ask(door, "10.0.0.8", tokenPath, botToken); got.Code != http.StatusOK || len(w.accessReviews) != 50 {
		t.Errorf("the bot: HTTP %d, after %d reviews", got.Code, len(w.accessReviews))
	}
}

// A namespace may have service accounts by the hundred: they have fifty rights reviewed
// at once among them.
func TestRightsOfANamespace(t *testing.T) {
	w := newWorld(t)
	w.rights["get token"] = true
	door := agent.New(w.options)
	for i := range 100 {
		one := madeUpName(i)
		one.bearer = fmt.Sprintf("the-token-of-account-%d", i)
		w.tokens[one.bearer] = authenticationv1.TokenReviewStatus{
			Authenticated: true, Audiences: []string{audience},
			User: authenticationv1.UserInfo{Username: fmt.Sprintf("system:serviceaccount:stranger:account-%d", i)},
		}
		if got := ask(door, one.address, one.path, one.bearer); i >= 50 {
			wantBusy(t, got)
		}
	}
	if len(w.accessReviews) != 50 {
		t.Errorf("%d rights were reviewed", len(w.accessReviews))
	}
	if got := ask(door, "10.0.0.8", tokenPath, botToken); got.Code != http.StatusOK {
		t.Errorf("the bot: HTTP %d: %s", got.Code, got.Body)
	}
}

// A token that was refused is reviewed once in ten seconds.
func TestARefusedToken(t *testing.T) {
	w := newWorld(t)
	door := agent.New(w.options)
	for _, want := range []int{1, 1, 2} {
		got := ask(door, "10.0.0.7", tokenPath, "made-up")
		if got.Code != http.StatusUnauthorized || len(w.tokenReviews) != want {
			t.Errorf("HTTP %d after %d reviews, want %d", got.Code, len(w.tokenReviews), want)
		}
		w.advance(6 * time.Second)
	}
}

// An answer that can't be had is not kept: the token may be a good one.
func TestATokenThatCouldNotBeReviewed(t *testing.T) {
	w := newWorld(t)
	w.rights["get token"] = true
	w.broken = true
	door := agent.New(w.options)
	ask(door, "10.0.0.8", tokenPath, botToken)
	w.broken = false
	if got := ask(door, "10.0.0.8", tokenPath, botToken); got.Code != http.StatusOK {
		t.Errorf("HTTP %d: %s", got.Code, got.Body)
	}
}

// However many tokens are refused, those that are known stay known.
func TestRefusalsPushNobodyOut(t *testing.T) {
	w := newWorld(t)
	door := agent.New(w.options)
	ask(door, "10.0.0.8", tokenPath, botToken)
	for i := range 8300 {
		ask(door, fmt.Sprintf("10.1.%d.1", i/50), tokenPath, fmt.Sprintf("made-up-%d", i))
	}
	w.tokenReviews = nil
	if ask(door, "10.0.0.8", tokenPath, botToken); len(w.tokenReviews) > 0 {
		t.Error("the bot's token was reviewed again")
	}
}
