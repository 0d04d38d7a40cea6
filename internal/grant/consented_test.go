// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/agentconnect/x-operator/internal/secret"
)

func TestConsented(t *testing.T) {
	fresh := Tokens{AccessToken: secret.New("new"), RefreshToken: secret.New("new")}
	for name, test := range map[string]struct {
		change func(*Grant)
		want   bool
	}{
		"nothing":       {func(*Grant) {}, false},
		"an invitation": {func(g *Grant) { g.Invite(true, App{ClientID: "other"}, nil, "") }, false},
		"an intent":     {func(g *Grant) { g.Begin(Attempt{ID: "1"}) }, false},
		"a refresh":     {func(g *Grant) { g.Rotate(Attempt{}, fresh) }, false},
		"a claim":       {func(g *Grant) { g.Claim("nonce", "1", time.Unix(1, 0)) }, false},
		"a candidate":   {func(g *Grant) { g.Candidate = &Candidate{Tokens: fresh} }, false},
		"forgotten":     {func(g *Grant) { g.Forget() }, false},
		"a consent":     {func(g *Grant) { g.Candidate = &Candidate{Tokens: fresh}; g.Promote() }, true},
	} {
		g := &Grant{Tokens: &Tokens{AccessToken: secret.New("old"), RefreshToken: secret.New("old")}}
		before := encoded(t, g)
		test.change(g)
		if got := Consented(before, encoded(t, g)); got != test.want {
			t.Errorf("%s counts as a consent: %v", name, got)
		}
	}
}

func encoded(t *testing.T, g *Grant) *corev1.Secret {
	t.Helper()
	data, err := encode(g)
	if err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{Data: data}
}
