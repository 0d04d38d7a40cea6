// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/seal"
)

const uid = "0b8b54a8-2d6a-4a5f-9d1c-3d4b7c1f7a10"

// clock is set by tests; it starts at no particular time, so that a stray
// time.Now would be found out.
type clock struct{ now time.Time }

func newClock() *clock {
	return &clock{now: time.Unix(rand.Int64N(2e9), 0).UTC()}
}

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newRing(t *testing.T, c *clock, data ...map[string][]byte) *seal.Keyring {
	t.Helper()
	ring, err := seal.NewKeyring(c.Now, merge(data...))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func replace(t *testing.T, ring *seal.Keyring, data ...map[string][]byte) {
	t.Helper()
	if err := ring.Replace(merge(data...)); err != nil {
		t.Fatal(err)
	}
}

func merge(data ...map[string][]byte) map[string][]byte {
	all := map[string][]byte{}
	for _, one := range data {
		maps.Copy(all, one)
	}
	return all
}
