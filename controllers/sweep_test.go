// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
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

// TestTombstoneWaitsForConsent: a grant that a consent under way will be stored in is
// neither deleted nor revoked meanwhile.
func TestTombstoneWaitsForConsent(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	api := fake.NewClientBuilder().Build()
	store := &grant.Store{Client: api, Live: api, Namespace: "home"}
	sweep := &SweepReconciler{Client: api, Live: api, Store: store, Now: func() time.Time { return now }}
	buried, err := store.Create(t.Context(), &grant.Grant{
		Owner:     grant.Owner{Namespace: "team", Name: "agent", UID: "1"},
		Tombstone: &grant.Tombstone{Since: now, NextAt: now},
		Consent:   grant.Consent{Claims: []grant.Claim{{Nonce: "n", At: now.Add(-5 * time.Second)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pass := range []struct {
		after, wait time.Duration
		err         error
	}{{0, 40 * time.Second, nil}, {40 * time.Second, 0, grant.ErrNotFound}} {
		now = now.Add(pass.after)
		if wait, err := sweep.tend(t.Context(), buried); err != nil || wait != pass.wait {
			t.Errorf("wait %s, %v; want %s", wait, err, pass.wait)
		}
		if _, err := store.GetLive(t.Context(), "1"); !errors.Is(err, pass.err) {
			t.Errorf("reading the tombstone gives %v, want %v", err, pass.err)
		}
	}
}
