// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/agentconnect/x-operator/internal/grant"
)

// TestGrantThatIsHeld: a finalizer that somebody put on the grant's Secret holds the
// deletion up, and the error names it. It is no race, to be tried again at once.
func TestGrantThatIsHeld(t *testing.T) {
	r, _ := stuck(t, 1)
	s := r.stored(t, "held", func(g *grant.Grant) { g.Forget() })
	held := &corev1.Secret{}
	if err := r.Get(t.Context(), r.Store.Key(s.conn.UID), held); err != nil {
		t.Fatal(err)
	}
	held.Finalizers = []string{"example.com/backup"}
	if err := r.Update(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	g, err := r.Store.GetLive(t.Context(), s.conn.UID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Store.Delete(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	if err := r.noGrant(t.Context(), s); err == nil || isRace(err) || !strings.Contains(err.Error(), "example.com/backup") {
		t.Errorf("the error is %v", err)
	}
}
