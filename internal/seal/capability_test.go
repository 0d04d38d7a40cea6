// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"math"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/seal"
)

func TestCapability(t *testing.T) {
	c := newClock()
	ring := newRing(t, c, seal.NewKeyData(c.Now()))
	for _, epoch := range []int64{0, 1, 41, math.MaxInt64} {
		link := ring.Capability(uid, epoch).Reveal()
		if len(link) > 36 {
			t.Errorf("epoch %d: %d characters", epoch, len(link))
		}
		if got, ok := ring.CheckCapability(uid, link); !ok || got != epoch {
			t.Errorf("epoch %d: got %d, %t", epoch, got, ok)
		}
	}
}

func TestCapabilitiesThatAreNone(t *testing.T) {
	c := newClock()
	ring := newRing(t, c, seal.NewKeyData(c.Now()))
	link := ring.Capability(uid, 1).Reveal()
	tests := map[string]struct{ uid, link string }{
		"empty":            {uid, ""},
		"another object":   {"another", link},
		"no object":        {"", link},
		"another ring":     {uid, newRing(t, c, seal.NewKeyData(c.Now())).Capability(uid, 1).Reveal()},
		"one bit off":      {uid, flip(link, 3)},
		"another epoch":    {uid, flip(link, 0)},
		"cut":              {uid, link[:len(link)-1]},
		"longer":           {uid, link + "AAAA"},
		"with a line feed": {uid, link[:5] + "\n" + link[5:]},
		"no epoch":         {uid, strings.Repeat("_", 40)},
		"huge":             {uid, strings.Repeat("A", 1<<20)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if epoch, ok := ring.CheckCapability(test.uid, test.link); ok || epoch != 0 {
				t.Errorf("it is taken for one of epoch %d", epoch)
			}
		})
	}
}

// flip changes the character at i to another of the alphabet.
func flip(text string, i int) string {
	other := byte('A')
	if text[i] == other {
		other = 'B'
	}
	return text[:i] + string(other) + text[i+1:]
}
