// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// moment is when each test begins: anything that asks the real clock is far off.
var moment = time.Date(2030+rand.IntN(50), time.June, 1+rand.IntN(28), rand.IntN(24), rand.IntN(60), 0, 0, time.UTC)

var app = xapi.Credentials{ClientID: "client", ClientSecret: secret.New("client secret")}

// fault is what becomes of one write to the API server; apply makes it.
type fault func(apply func() error) error

var secrets = schema.GroupResource{Resource: "secrets"}

func fine(apply func() error) error { return apply() }

func conflict(func() error) error {
	return apierrors.NewConflict(secrets, "grant", errors.New("changed"))
}

func lost(func() error) error { return apierrors.NewInternalError(errors.New("no leader")) }

func forbidden(func() error) error {
	return apierrors.NewForbidden(secrets, "grant", errors.New("no role"))
}

// writtenBut applies the write and answers like another fault.
func writtenBut(answer fault) fault {
	return func(apply func() error) error { return errors.Join(apply(), answer(nil)) }
}

// world is a Redeemer between a faulty API server and an X that is told what to say.
type world struct {
	*redeem.Redeemer
	t *testing.T
	// api is the API server without its faults; others is how other processes see it.
	api    client.Client
	others *grant.Store

	mu sync.Mutex
	// now is the clock; standing, how the owner stands; dropped counts dropped answers.
	now      time.Time
	standing redeem.Standing
	dropped  int
	// trail lists what happened, in order.
	trail []string
	// writes are the faults of the writes to come, reads those of the reads: after
	// the last all is well.
	writes, reads []fault
	// forbidden is true where grants may not be made, as for the callback.
	forbidden bool
	// refresh, exchange, revoke and me are what X does.
	refresh  func() (xapi.Tokens, error)
	exchange func() (xapi.Tokens, error)
	revoke   func() error
	me       func() (xapi.User, error)
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: moment, standing: redeem.Connectable, api: fake.NewClientBuilder().WithIndex(&corev1.Secret{}, grant.IndexUnderWay, grant.UnderWay).Build()}
	w.others = &grant.Store{Client: w.api, Live: w.api, Namespace: "grants", ClusterID: "cluster"}
	faulty := w.faulty()
	w.refresh = func() (xapi.Tokens, error) { return fresh("access-2", "refresh-2"), nil }
	w.exchange = func() (xapi.Tokens, error) { return fresh("access-c", "refresh-c"), nil }
	w.revoke = func() error { return nil }
	w.me = func() (xapi.User, error) { return xapi.User{ID: "7", Username: "news"}, nil }
	w.Redeemer = redeem.New(redeem.Options{
		Store:       &grant.Store{Client: faulty, Live: faulty, Namespace: "grants", ClusterID: "cluster"},
		X:           fakeX{w},
		Keeper:      redeem.NewKeeper(),
		Gate:        redeem.NewGate(w.clock),
		Self:        grant.Holder{Pod: "pod", Start: "run"},
		Now:         w.clock,
		Standing:    func(context.Context, grant.Owner) (redeem.Standing, error) { return w.standing, nil },
		Jitter:      func() float64 { return 1 },
		ConsentCode: func(error) string { return "token_exchange_failed" },
		Report:      w,
	})
	return w
}

func fresh(access, refresh string) xapi.Tokens {
	return xapi.Tokens{
		AccessToken: secret.New(access), RefreshToken: secret.New(refresh),
		TokenType: "bearer", Scope: "tweet.read", ExpiresIn: 2 * time.Hour,
	}
}

// faulty is the API server as the Redeemer sees it.
func (w *world) faulty() client.Client {
	return interceptor.NewClient(w.api.(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
			return w.next(&w.reads)(func() error { return c.Get(ctx, key, into, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			w.step("patch")
			return w.next(&w.writes)(func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			w.step("create")
			if w.forbidden {
				return forbidden(nil)
			}
			return w.next(&w.writes)(func() error { return c.Create(ctx, o, opts...) })
		},
	})
}

func (w *world) next(faults *[]fault) fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*faults) == 0 {
		return fine
	}
	first := (*faults)[0]
	*faults = (*faults)[1:]
	return first
}

func (w *world) step(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trail = append(w.trail, what)
}

// calls counts the steps of a kind.
func (w *world) calls(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for _, step := range w.trail {
		if step == what {
			count++
		}
	}
	return count
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// call is one call to X. What holds a one-time token asks the guard at the last
// moment, as the real client does.
func (w *world) call(what string, guard xapi.Guard) error {
	if guard != nil {
		if err := guard(); err != nil {
			return &xapi.Error{Kind: xapi.KindAborted, Err: err}
		}
	}
	w.step(what)
	return nil
}

// fakeX is the world as X.
type fakeX struct{ *world }

func (x fakeX) Refresh(_ context.Context, _ xapi.Credentials, token secret.Token, guard xapi.Guard) (xapi.Tokens, error) {
	if err := x.call("refresh "+token.Reveal(), guard); err != nil {
		return xapi.Tokens{}, err
	}
	return x.refresh()
}

func (x fakeX) Exchange(_ context.Context, _ xapi.Credentials, request xapi.ExchangeRequest, guard xapi.Guard) (xapi.Tokens, error) {
	if err := x.call("exchange "+request.Code.Reveal(), guard); err != nil {
		return xapi.Tokens{}, err
	}
	return x.exchange()
}

func (x fakeX) Revoke(_ context.Context, _ xapi.Credentials, token secret.Token, _ xapi.TokenHint, guard xapi.Guard) error {
	if err := x.call("revoke "+token.Reveal(), guard); err != nil {
		return err
	}
	return x.revoke()
}

func (x fakeX) Me(context.Context, secret.Token) (xapi.User, error) {
	x.step("me")
	return x.me()
}

// Held is not asked for here.
func (w *world) Held(grant.Owner, error) {}

// Dropped counts.
func (w *world) Dropped(grant.Owner) { w.dropped++ }

// Ended takes note of an answer that was given up.
func (w *world) Ended(_ grant.Owner, err error) {
	if err != nil {
		w.step("ended alive")
		return
	}
	w.step("ended")
}

// Called is not asked for here.
func (w *world) Called(string, error) {}

// AppChanged is not asked for here.
func (w *world) AppChanged() {}

// connected stores a grant that works and is invited to consent anew at epoch 3.
func (w *world) connected() *grant.Grant {
	w.t.Helper()
	received := moment.Add(-90 * time.Minute)
	created, err := w.others.Create(w.t.Context(), &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "news", UID: "uid"}, ClusterID: "cluster",
		Tokens: &grant.Tokens{
			App:         grant.App{ClientID: "client", ClientSecret: secret.New("client secret")},
			AccessToken: secret.New("access-1"), RefreshToken: secret.New("refresh-1"), Scope: "tweet.read",
			ReceivedAt: received, ConsentedAt: received, ExpiresAt: received.Add(2 * time.Hour),
		},
		Account: grant.Account{UserID: "7", Username: "news"},
		Consent: grant.Consent{Epoch: 3, Wanted: true, App: grant.App{ClientID: "client"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return created
}

// stored is the grant in the store; nil if there is none.
func (w *world) stored() *grant.Grant {
	w.t.Helper()
	g, err := w.others.GetLive(w.t.Context(), "uid")
	if errors.Is(err, grant.ErrNotFound) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// alter is a write by another process.
func (w *world) alter(change func(*grant.Grant)) {
	w.t.Helper()
	if _, err := w.others.Update(w.t.Context(), w.stored(), change); err != nil {
		w.t.Fatal(err)
	}
}

// remove is somebody's delete.
func (w *world) remove() {
	w.t.Helper()
	gone := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "grants", Name: grant.SecretName("uid")}}
	if err := w.api.Delete(w.t.Context(), gone); err != nil {
		w.t.Fatal(err)
	}
}

// accesses gives the access tokens in the store.
func (w *world) accesses() (working, candidate string, retired []string) {
	w.t.Helper()
	g := w.stored()
	if g == nil {
		return "", "", nil
	}
	if g.Tokens != nil {
		working = g.Tokens.AccessToken.Reveal()
	}
	if g.Candidate != nil {
		candidate = g.Candidate.AccessToken.Reveal()
	}
	for _, set := range g.Retired {
		retired = append(retired, set.AccessToken.Reveal())
	}
	return working, candidate, retired
}
