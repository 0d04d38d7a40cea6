// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/latecache"
	"github.com/agentconnect/x-operator/internal/secret"
)

// lagging is a store whose cache shows what was there when show was last called.
func lagging(t *testing.T) (store *grant.Store, show func()) {
	t.Helper()
	late, show := latecache.New(t, func() *fake.ClientBuilder {
		return fake.NewClientBuilder().WithIndex(&corev1.Secret{}, grant.IndexUnderWay, grant.UnderWay)
	})
	return &grant.Store{Client: late, Namespace: "grants", ClusterID: "cluster"}, show
}

// grantOf stores a grant of an owner.
func grantOf(t *testing.T, store *grant.Store, name string, change func(*grant.Grant)) *grant.Grant {
	t.Helper()
	g := &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: name, UID: types.UID(name)}, ClusterID: "cluster"}
	change(g)
	made, err := store.Create(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, show := lagging(t)
		g := grantOf(t, store, "a", func(*grant.Grant) {})
		show()
		g, err := store.Update(t.Context(), g, func(g *grant.Grant) { g.Rotation = 2 })
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- store.CaughtUp(t.Context(), g) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatal("it does not wait:", err)
		default:
		}
		show()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := store.Update(t.Context(), g, func(g *grant.Grant) { g.Rotation = 3 }); err != nil {
			t.Fatal(err)
		}
		show()
		if err := store.CaughtUp(t.Context(), g); err != nil {
			t.Error("a later version:", err)
		}
	})
}

func TestCaughtUpGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, _ := lagging(t)
		g := grantOf(t, store, "a", func(*grant.Grant) {})
		if err := store.CaughtUp(t.Context(), g); err == nil {
			t.Error("a cache that shows nothing is waited for for ever")
		}
		if _, err := store.Revocations(t.Context(), g, moment); err == nil {
			t.Error("revocations are told from a cache that lags")
		}
		if _, err := store.Undecided(t.Context(), g, "client", moment); err == nil {
			t.Error("consents are told from a cache that lags")
		}
	})
}

func TestWhatOthersHaveUnderWay(t *testing.T) {
	store, show := lagging(t)
	of := grant.Grantee{ClientID: "client", UserID: "7"}
	own := grantOf(t, store, "own", func(g *grant.Grant) {
		g.BeginRevocation("1", grant.Grantee{ClientID: "own"}, moment)
		g.Candidate = &grant.Candidate{Tokens: grant.Tokens{App: grant.App{ClientID: "own"}, AccessToken: secret.New("a"), ReceivedAt: moment}}
	})
	grantOf(t, store, "revoking", func(g *grant.Grant) { g.BeginRevocation("2", of, moment) })
	grantOf(t, store, "crashed", func(g *grant.Grant) { g.BeginRevocation("3", grant.Grantee{ClientID: "old"}, moment.Add(-time.Hour)) })
	grantOf(t, store, "consented", func(g *grant.Grant) {
		g.Candidate = &grant.Candidate{Tokens: grant.Tokens{App: grant.App{ClientID: "client"}, AccessToken: secret.New("a"), ReceivedAt: moment}}
	})
	grantOf(t, store, "idle", func(*grant.Grant) {})
	show()
	if got, err := store.Revocations(t.Context(), own, moment); err != nil || !slices.Equal(got, []grant.Grantee{of}) {
		t.Errorf("revocations of others: %v (%v), want %v", got, err, of)
	}
	for clientID, want := range map[string]bool{"client": true, "own": false, "other": false} {
		if got, err := store.Undecided(t.Context(), own, clientID, moment); err != nil || got != want {
			t.Errorf("%s: undecided is %t (%v)", clientID, got, err)
		}
	}
	if got, err := store.Undecided(t.Context(), own, "client", moment.Add(5*time.Minute)); err != nil || got {
		t.Errorf("after five minutes undecided is %t (%v)", got, err)
	}
}

func TestMeets(t *testing.T) {
	known := grant.Grantee{ClientID: "a", UserID: "1"}
	for other, want := range map[grant.Grantee]bool{
		known: true, {ClientID: "a"}: true, {ClientID: "a", UserID: "2"}: false, {ClientID: "b", UserID: "1"}: false, {ClientID: "b"}: false,
	} {
		if known.Meets(other) != want || other.Meets(known) != want {
			t.Errorf("%v and %v: want %t", known, other, want)
		}
	}
}

func TestLivesOn(t *testing.T) {
	of := func(client, user string) grant.Grantee { return grant.Grantee{ClientID: client, UserID: user} }
	candidate := &grant.Candidate{Tokens: answer("2", "2")}
	for name, test := range map[string]struct {
		change func(*grant.Grant)
		of     grant.Grantee
		want   bool
	}{
		"its account":                       {func(*grant.Grant) {}, of("client", "7"), true},
		"another account":                   {func(*grant.Grant) {}, of("client", "8"), false},
		"nobody knows which":                {func(*grant.Grant) {}, of("client", ""), true},
		"of another app":                    {func(*grant.Grant) {}, of("other", ""), false},
		"its own account is not known":      {func(g *grant.Grant) { g.Account = grant.Account{} }, of("client", ""), true},
		"X declared it dead":                {func(g *grant.Grant) { g.Journal.Verdict = &grant.Verdict{} }, of("client", ""), false},
		"a consent, and nobody knows whose": {func(g *grant.Grant) { g.Tokens, g.Candidate = nil, candidate }, of("client", ""), true},
		"nothing":                           {func(g *grant.Grant) { g.Tokens = nil }, of("client", ""), false},
	} {
		g := working()
		test.change(g)
		if got := g.LivesOn(test.of); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

// A grant's own tokens may be of any account that is not known.
func TestMayLiveOn(t *testing.T) {
	seven := grant.Grantee{ClientID: "client", UserID: "7"}
	for name, test := range map[string]struct {
		change func(*grant.Grant)
		want   bool
	}{
		"its account":                    {func(*grant.Grant) {}, true},
		"another account":                {func(g *grant.Grant) { g.Account.UserID = "8" }, false},
		"another app":                    {func(g *grant.Grant) { g.Tokens.App.ClientID = "other" }, false},
		"its account is not known":       {func(g *grant.Grant) { g.Account = grant.Account{} }, true},
		"X declared it dead":             {func(g *grant.Grant) { g.Journal.Verdict = &grant.Verdict{} }, false},
		"a consent of nobody knows whom": {func(g *grant.Grant) { g.Tokens, g.Candidate = nil, &grant.Candidate{Tokens: answer("2", "2")} }, true},
		"nothing":                        {func(g *grant.Grant) { g.Tokens = nil }, false},
	} {
		g := working()
		test.change(g)
		if got := g.MayLiveOn(seven); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
