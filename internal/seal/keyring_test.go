// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/seal"
)

func TestKeysThatCannotBeRead(t *testing.T) {
	good := seal.NewKeyData(newClock().Now())
	many := map[string][]byte{}
	for i := range seal.MaxKeys + 1 {
		many = merge(many, seal.NewKeyData(time.Unix(int64(i), 0)))
	}
	tests := map[string]struct {
		data map[string][]byte
		want string
	}{
		"no key":            {nil, "holds no key"},
		"too many":          {many, "holds 17 keys, at most 16 are allowed"},
		"a name of another": {merge(good, map[string][]byte{"tls.crt": nil}), `"tls.crt" is not the id of a key`},
		"no such day":       {map[string][]byte{"20260231T000000Z-00000000": make([]byte, 32)}, "is not the id of a key"},
		"short":             {map[string][]byte{"20260201T000000Z-00000000": make([]byte, 16)}, "has 16 bytes, it must have 32"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := seal.NewKeyring(newClock().Now, test.data)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestABadReplacementKeepsTheKeys(t *testing.T) {
	c := newClock()
	ring := newRing(t, c, seal.NewKeyData(c.Now()))
	link := ring.Capability(uid, 1).Reveal()
	if err := ring.Replace(map[string][]byte{"oops": nil}); err == nil {
		t.Fatal("a bad replacement was taken")
	}
	if _, ok := ring.CheckCapability(uid, link); !ok {
		t.Error("the earlier keys are gone")
	}
}

func TestRotation(t *testing.T) {
	c := newClock()
	old := seal.NewKeyData(c.Now())
	here, there := newRing(t, c, old), newRing(t, c, old)
	c.advance(24 * time.Hour)
	fresh := seal.NewKeyData(c.Now())

	before := here.Capability(uid, 1)
	replace(t, here, old, fresh)
	if got := here.Capability(uid, 1); !got.Equal(before) {
		t.Error("a fresh key seals though another replica may not know it yet")
	}
	replace(t, there, old, fresh)
	c.advance(seal.SettleTime)
	after := here.Capability(uid, 1)
	if after.Equal(before) {
		t.Error("the fresh key is not used once it has settled")
	}
	if !after.Equal(there.Capability(uid, 1)) {
		t.Error("two replicas with the same keys make different links")
	}
	for _, link := range []string{before.Reveal(), after.Reveal()} {
		if _, ok := there.CheckCapability(uid, link); !ok {
			t.Error("a link is void though its key is in the ring")
		}
	}
	replace(t, there, fresh)
	if _, ok := there.CheckCapability(uid, before.Reveal()); ok {
		t.Error("a link outlives its key")
	}
	if _, ok := there.CheckCapability(uid, after.Reveal()); !ok {
		t.Error("removing the old key voids the new key's links")
	}
}

func TestTheFirstKeyIsUsedAtOnce(t *testing.T) {
	c := newClock()
	ahead := seal.NewKeyData(c.Now().Add(time.Hour))
	here, there := newRing(t, c, ahead), newRing(t, c, ahead)
	if _, ok := there.CheckCapability(uid, here.Capability(uid, 1).Reveal()); !ok {
		t.Error("a single key whose time lies ahead is not used")
	}
}

func TestConcurrentUse(t *testing.T) {
	c := newClock()
	data := seal.NewKeyData(c.Now())
	ring := newRing(t, c, data)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				if err := ring.Replace(data); err != nil {
					t.Error(err)
				}
				if _, ok := ring.CheckCapability(uid, ring.Capability(uid, 7).Reveal()); !ok {
					t.Error("a link is void while keys are replaced")
				}
			}
		})
	}
	group.Wait()
}
