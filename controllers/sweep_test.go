// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
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
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	api := fake.NewClientBuilder().Build()
	store := &grant.Store{Client: api, Live: api, Namespace: "home"}
	recorder, counted, logged := events.NewFakeRecorder(2), 0, ""
	sweep := &SweepReconciler{
		Client: api, Live: api, Store: store, Recorder: recorder,
		Now: func() time.Time { return now }, NotRevoked: func() { counted++ },
	}
	buried, err := store.Create(t.Context(), &grant.Grant{
		Owner:     grant.Owner{Namespace: "team", Name: "agent", UID: "1"},
		Tombstone: &grant.Tombstone{Since: now.Add(-tombstonePatience - time.Second), Attempts: 30},
		Retired: []grant.Retired{
			retiredOf(grant.Account{UserID: "17", Username: "jane_doe"}), retiredOf(grant.Account{UserID: "17", Username: "jane_doe"}),
			retiredOf(grant.Account{UserID: "18"}), retiredOf(grant.Account{}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := ctrl.LoggerInto(t.Context(), funcr.New(func(_, line string) { logged += line }, funcr.Options{}))
	if wait, err := sweep.tend(ctx, buried); err != nil || wait != 0 || counted != 4 {
		t.Errorf("wait %s, %v, %d sets counted", wait, err, counted)
	}
	if _, err := store.GetLive(t.Context(), "1"); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("reading the tombstone gives %v", err)
	}
	want := "Warning NotRevoked X did not revoke the tokens of the deleted XConnection team/agent (@jane_doe, user id 18, an account that X did not name) " +
		"within 24 hours: revoke the app's access in the account's settings at X"
	if got := <-recorder.Events; got != want {
		t.Errorf("the event is\n%s, want\n%s", got, want)
	}
	want = `"msg"="X did not revoke the tokens of a deleted XConnection: revoke the app's access in the account's settings at X" ` +
		`"error"=null "connection"="team/agent" "accounts"=["@jane_doe" "user id 18" "an account that X did not name"] "attempts"=30`
	if logged != want {
		t.Errorf("the log has\n%s, want\n%s", logged, want)
	}
}

// TestGivingUpFitsAnEvent: the API server takes no note of more than 1,024 bytes.
func TestGivingUpFitsAnEvent(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	sweep := &SweepReconciler{Store: &grant.Store{Namespace: "home"}, Recorder: recorder, NotRevoked: func() {}}
	longest := strings.Repeat("a", 63)
	g := &grant.Grant{Owner: grant.Owner{Namespace: longest, Name: longest, UID: "1"}, Tombstone: &grant.Tombstone{}}
	for i := range 100 {
		g.Retired = append(g.Retired, retiredOf(grant.Account{UserID: fmt.Sprintf("%019d", i)}))
	}
	sweep.giveUp(t.Context(), g)
	got := <-recorder.Events
	if len(got) > 1024 || !strings.Contains(got, "user id 0000000000000000009, and others)") {
		t.Errorf("the event has %d bytes: %s", len(got), got)
	}
}
