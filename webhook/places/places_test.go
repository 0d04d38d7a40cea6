// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package places_test

import (
	"testing"

	"github.com/agentconnect/x-operator/webhook/places"
)

func TestPlaces(t *testing.T) {
	p := places.New[string](2)
	for _, step := range []struct {
		key  string
		want bool
	}{{"a", true}, {"a", true}, {"a", false}, {"b", true}} {
		if got := p.Enter(step.key); got != step.want {
			t.Errorf("%s enters: %t, want %t", step.key, got, step.want)
		}
	}
	p.Leave("a")
	if !p.Enter("a") {
		t.Error("a place that was left is not free")
	}
	for _, key := range []string{"a", "a", "b"} {
		p.Leave(key)
	}
	if p.Keys() != 0 {
		t.Errorf("%d keys are kept that have no place", p.Keys())
	}
}
