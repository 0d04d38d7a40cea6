// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// countingReader counts reads of what is not there.
type countingReader struct {
	client.Reader
	reads int
}

func (r *countingReader) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	r.reads++
	return r.Reader.Get(ctx, key, object, options...)
}

// TestShardsDoNotReadEachOthersOwners: a shard's cache lacks the connections of all
// others; their grants cost no read of the API server when it starts, and orphans are
// still found.
func TestShardsDoNotReadEachOthersOwners(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	empty := fake.NewClientBuilder().WithScheme(scheme).Build()
	live := &countingReader{Reader: empty}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	sweep := &SweepReconciler{Client: empty, Live: live, Shard: true, Now: func() time.Time { return now }}
	orphan := &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}}

	wait, err := sweep.look(t.Context(), orphan)
	if err != nil || live.reads != 0 || wait < orphanPatience/2 || wait >= orphanPatience {
		t.Errorf("at first: wait %s, %d reads, %v", wait, live.reads, err)
	}
	now = now.Add(wait)
	left, err := sweep.look(t.Context(), orphan)
	if err != nil || live.reads != 1 || left != orphanPatience-wait {
		t.Errorf("then: wait %s, %d reads, %v; want the rest of the patience, %s", left, live.reads, err, orphanPatience-wait)
	}
}

// TestTombstoneWaits: a grant that a consent under way will be stored in is neither
// deleted nor revoked meanwhile, and neither is one that another process is revoking.
func TestTombstoneWaits(t *testing.T) {
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ago := start.Add(-5 * time.Second)
	for name, test := range map[string]struct {
		change func(*grant.Grant)
		wait   time.Duration
	}{
		"for a consent":    {func(g *grant.Grant) { g.Consent.Claims = []grant.Claim{{Nonce: "n", At: ago}} }, 40 * time.Second},
		"for a revocation": {func(g *grant.Grant) { g.BeginRevocation("another's", grant.Grantee{}, ago) }, 85 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			now := start
			api := fake.NewClientBuilder().Build()
			store := &grant.Store{Client: api, Live: api, Namespace: "home"}
			sweep := &SweepReconciler{Client: api, Live: api, Store: store, Now: func() time.Time { return now }}
			buried := &grant.Grant{
				Owner:     grant.Owner{Namespace: "team", Name: "agent", UID: "1"},
				Tombstone: &grant.Tombstone{Since: now, NextAt: now},
			}
			test.change(buried)
			buried, err := store.Create(t.Context(), buried)
			if err != nil {
				t.Fatal(err)
			}
			for _, pass := range []struct {
				after, wait time.Duration
				err         error
			}{{0, test.wait, nil}, {test.wait, 0, grant.ErrNotFound}} {
				now = now.Add(pass.after)
				if wait, err := sweep.tend(t.Context(), buried); err != nil || wait != pass.wait {
					t.Errorf("wait %s, %v; want %s", wait, err, pass.wait)
				}
				if _, err := store.GetLive(t.Context(), "1"); !errors.Is(err, pass.err) {
					t.Errorf("reading the tombstone gives %v, want %v", err, pass.err)
				}
			}
		})
	}
}

// retiredOf is a set of tokens of an account.
func retiredOf(account grant.Account) grant.Retired {
	return grant.Retired{Account: account, Tokens: grant.Tokens{
		App:         grant.App{ClientID: "client"},
		AccessToken: secret.New("hidden-access"), RefreshToken: secret.New("hidden-refresh"),
	}}
}

// TestGivingUpNamesWhose: the grant is gone then, so the event and the log must say
// whose tokens may still work, and nothing of the tokens.
func TestGivingUpNamesWhose(t *testing.T) {
	for want, account := range map[string]grant.Account{
		"@jane_doe":                      {UserID: "17", Username: "jane_doe"},
		"user id 18":                     {UserID: "18"},
		"an account that X did not name": {},
	} {
		recorder, counted, logged := events.NewFakeRecorder(2), 0, ""
		sweep := &SweepReconciler{Store: &grant.Store{Namespace: "home"}, Recorder: recorder, NotRevoked: func() { counted++ }}
		ctx := ctrl.LoggerInto(t.Context(), funcr.New(func(_, line string) { logged += line }, funcr.Options{}))
		buried := &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, Tombstone: &grant.Tombstone{Attempts: 30}}
		sweep.giveUp(ctx, buried, retiredOf(account))
		event := "Warning NotRevoked X did not revoke the tokens of the deleted XConnection team/agent (" + want + ") " +
			"within 24 hours: revoke the app's access in the account's settings at X"
		if got := <-recorder.Events; got != event || counted != 1 {
			t.Errorf("%d counted, and the event is\n%s, want\n%s", counted, got, event)
		}
		line := `"msg"="X did not revoke the tokens of a deleted XConnection: revoke the app's access in the account's settings at X" ` +
			`"error"=null "connection"="team/agent" "account"="` + want + `" "attempts"=30`
		if logged != line {
			t.Errorf("the log has\n%s, want\n%s", logged, line)
		}
	}
}

// revokingX is an X that fails the first calls to revoke, and keeps what it revoked.
type revokingX struct {
	redeem.X
	fails   int
	revoked []string
	// unreached is true if the calls that fail do not come to it.
	unreached bool
}

func (x *revokingX) Revoke(_ context.Context, _ xapi.Credentials, token secret.Token, _ xapi.TokenHint, guard xapi.Guard) error {
	if err := guard(); err != nil {
		return err
	}
	if x.fails > 0 {
		x.fails--
		if x.unreached {
			return &xapi.Error{Kind: xapi.KindUnknown}
		}
		return &xapi.Error{Kind: xapi.KindUnknown, Status: 503, Sent: true}
	}
	x.revoked = append(x.revoked, token.Reveal())
	return nil
}

// sweeping is a sweep that has X revoke, and its clock, which stands.
func sweeping(t *testing.T, x *revokingX) (sweep *SweepReconciler, now *time.Time) {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	api := fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&corev1.Secret{}, indexGrantee, granteeHashesOf).
		WithIndex(&corev1.Secret{}, grant.IndexUnderWay, grant.UnderWay).Build()
	at := someTime
	clock := func() time.Time { return at }
	store := &grant.Store{Client: api, Live: api, Namespace: "home", ClusterID: "cluster"}
	return &SweepReconciler{
		Client: api, Live: api, Store: store, Now: clock,
		Redeemer: redeem.New(redeem.Options{
			Store: store, X: x, Keeper: redeem.NewKeeper(), Gate: redeem.NewGate(clock), Now: clock,
			Standing:    func(context.Context, grant.Owner) (redeem.Standing, error) { return redeem.Gone, nil },
			ConsentCode: func(error) string { return "" },
		}),
	}, &at
}

// stored is the grant as it is in the store; nil if it is gone.
func (r *SweepReconciler) stored(t *testing.T) *grant.Grant {
	t.Helper()
	g, err := r.Store.GetLive(t.Context(), "1")
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		t.Fatal(err)
	}
	return g
}

// TestTombstoneIsRevoked: what is owed is revoked once, and the tombstone goes; while X
// is away it is asked again, at a pace that a tombstone keeps.
func TestTombstoneIsRevoked(t *testing.T) {
	x := &revokingX{fails: 1}
	sweep, now := sweeping(t, x)
	_, err := sweep.Store.Create(t.Context(), &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, ClusterID: "cluster",
		Tombstone: &grant.Tombstone{Since: *now, NextAt: *now},
		Retired:   []grant.Retired{retiredOf(grant.Account{UserID: "17", Username: "jane_doe"})},
	})
	if err != nil {
		t.Fatal(err)
	}
	const both = "hidden-refresh hidden-access"
	for _, pass := range []struct {
		name        string
		after, wait time.Duration
		revoked     string
		// retired and attempts are what the tombstone tells then; gone that there is none.
		retired, attempts int
		gone              bool
	}{
		{name: "X is away", wait: tombstoneFirst, retired: 1, attempts: 1},
		{name: "too early", after: time.Second, wait: tombstoneFirst - time.Second, retired: 1, attempts: 1},
		{name: "X is back", after: tombstoneFirst - time.Second, wait: minDelay, revoked: both, attempts: 1},
		{name: "nothing is owed", after: minDelay, revoked: both, gone: true},
	} {
		*now = now.Add(pass.after)
		wait, err := sweep.tend(t.Context(), sweep.stored(t))
		if revoked := strings.Join(x.revoked, " "); err != nil || wait != pass.wait || revoked != pass.revoked {
			t.Errorf("%s: wait %s, %v, revoked are %q; want %s and %q", pass.name, wait, err, revoked, pass.wait, pass.revoked)
		}
		g := sweep.stored(t)
		if (g == nil) != pass.gone {
			t.Fatalf("%s: the tombstone is there: %t", pass.name, g != nil)
		}
		if g != nil && (len(g.Retired) != pass.retired || g.Tombstone.Attempts != pass.attempts) {
			t.Errorf("%s: %d sets are owed after %d attempts, want %d and %d", pass.name, len(g.Retired), g.Tombstone.Attempts, pass.retired, pass.attempts)
		}
	}
}

// TestTombstoneOfWrongClock: a time for the next try that no pause is as long as is not waited
// for.
func TestTombstoneOfWrongClock(t *testing.T) {
	x := &revokingX{}
	sweep, now := sweeping(t, x)
	_, err := sweep.Store.Create(t.Context(), &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, ClusterID: "cluster",
		Tombstone: &grant.Tombstone{Since: *now, NextAt: now.Add(tombstoneMax + time.Second)},
		Retired:   []grant.Retired{retiredOf(grant.Account{UserID: "17", Username: "jane_doe"})},
	})
	if err != nil {
		t.Fatal(err)
	}
	if wait, err := sweep.tend(t.Context(), sweep.stored(t)); err != nil || wait != minDelay || len(x.revoked) == 0 {
		t.Errorf("wait %s, %v, revoked are %q", wait, err, x.revoked)
	}
}

// TestOrphanIsBuried: a grant whose owner does not exist is left alone for an hour. Then
// its tokens are given up, to be revoked.
func TestOrphanIsBuried(t *testing.T) {
	sweep, now := sweeping(t, &revokingX{})
	working := retiredOf(grant.Account{})
	_, err := sweep.Store.Create(t.Context(), &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, ClusterID: "cluster",
		Tokens: &working.Tokens, Account: grant.Account{UserID: "17"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pass := range []struct {
		after, wait time.Duration
		buried      bool
	}{
		{wait: orphanPatience},
		{after: orphanPatience - time.Second, wait: time.Second},
		{after: time.Second, wait: minDelay, buried: true},
	} {
		*now = now.Add(pass.after)
		wait, err := sweep.look(t.Context(), sweep.stored(t))
		g := sweep.stored(t)
		if err != nil || wait != pass.wait || (g.Tombstone != nil) != pass.buried {
			t.Errorf("after %s: wait %s, %v, buried: %t; want %s, %t", pass.after, wait, err, g.Tombstone != nil, pass.wait, pass.buried)
		}
	}
	if g := sweep.stored(t); g.Tokens != nil || len(g.Retired) != 1 || !g.Tombstone.Since.Equal(*now) {
		t.Errorf("%d sets are owed since %s, and there are tokens: %t", len(g.Retired), g.Tombstone.Since, g.Tokens != nil)
	}
}

// TestLateTombstone: an operator that was away for longer than a tombstone's patience
// asks X once for each set before it gives up: a call that did not come to X is none.
func TestLateTombstone(t *testing.T) {
	for name, test := range map[string]struct {
		fails, told int
		unreached   bool
	}{
		"X revokes":                        {0, 0, false},
		"X fails for the first":            {1, 1, false},
		"X can't be reached for the first": {1, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			x, told := &revokingX{fails: test.fails, unreached: test.unreached}, 0
			sweep, now := sweeping(t, x)
			sweep.Recorder, sweep.NotRevoked = events.NewFakeRecorder(9), func() { told++ }
			first, second := retiredOf(grant.Account{UserID: "17"}), retiredOf(grant.Account{UserID: "18"})
			second.RefreshToken, second.AccessToken = secret.New("another-refresh"), secret.New("another-access")
			_, err := sweep.Store.Create(t.Context(), &grant.Grant{
				Owner: grant.Owner{Namespace: "team", Name: "agent", UID: "1"}, ClusterID: "cluster",
				Tombstone: &grant.Tombstone{Since: now.Add(-tombstonePatience - time.Hour)},
				Retired:   []grant.Retired{first, second},
			})
			if err != nil {
				t.Fatal(err)
			}
			for sweep.stored(t) != nil {
				wait, err := sweep.tend(t.Context(), sweep.stored(t))
				if err != nil {
					t.Fatal(err)
				}
				*now = now.Add(wait)
			}
			if g := sweep.stored(t); g != nil || told != test.told || len(x.revoked) != 2*(2-test.told) {
				t.Errorf("the tombstone is %v, %q are revoked, and %d sets were told of, want %d", g, x.revoked, told, test.told)
			}
		})
	}
}

// TestEditedAnnotations: a grant whose annotations were edited by hand is no orphan while
// an XConnection of its uid exists.
func TestEditedAnnotations(t *testing.T) {
	for _, shard := range []bool{false, true} {
		editedAnnotations(t, shard)
	}
}

func editedAnnotations(t *testing.T, shard bool) {
	t.Helper()
	sweep, now := sweeping(t, &revokingX{})
	sweep.Shard = shard
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "agent", UID: "1"}}
	if err := sweep.Create(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	edited := &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: "edited", UID: "1"}, ClusterID: "cluster"}
	if _, err := sweep.Store.Create(t.Context(), edited); err != nil {
		t.Fatal(err)
	}
	look := func() {
		t.Helper()
		if _, err := sweep.look(t.Context(), sweep.stored(t)); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(orphanPatience)
	}
	look()
	look()
	if sweep.stored(t).Tombstone != nil {
		t.Errorf("it was buried (shard: %t)", shard)
	}
	if err := sweep.Delete(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	look()
	look()
	if sweep.stored(t).Tombstone == nil {
		t.Errorf("it was not buried once its XConnection was gone (shard: %t)", shard)
	}
}
