// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/seal"
)

func TestAnotherReplicaFinishesTheFlow(t *testing.T) {
	c := newClock()
	data := seal.NewKeyData(c.Now())
	here, there := newRing(t, c, data), newRing(t, c, data)
	cookie := seal.NewCookie()
	begun := here.Begin(uid, 7, "client", cookie)

	c.advance(seal.StateLifetime - time.Second)
	opened, err := there.Open(begun.Sealed().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if opened.UID != uid || opened.Epoch != 7 || !opened.Expiry.Equal(begun.Expiry) || opened.NonceHash() != begun.NonceHash() {
		t.Errorf("got %+v, want %+v", opened, begun)
	}
	if !opened.BoundTo(cookie) || opened.BoundTo(seal.NewCookie()) {
		t.Error("the state is not bound to its cookie")
	}
	if !opened.ForClient("client") || opened.ForClient("clients") {
		t.Error("the state is not bound to its app")
	}
	if !opened.Verifier(cookie).Equal(begun.Verifier(cookie)) {
		t.Error("the verifier can't be derived again")
	}
}

func TestRotationBreaksNoFlow(t *testing.T) {
	c := newClock()
	old, fresh := seal.NewKeyData(c.Now()), seal.NewKeyData(c.Now().Add(time.Second))
	ring := newRing(t, c, old)
	cookie := seal.NewCookie()
	begun := ring.Begin(uid, 1, "client", cookie)

	replace(t, ring, old, fresh)
	c.advance(seal.SettleTime + time.Second)
	opened, err := ring.Open(begun.Sealed().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if !opened.BoundTo(cookie) || !opened.Verifier(cookie).Equal(begun.Verifier(cookie)) {
		t.Error("a flow does not survive a rotation")
	}
	if ring.Begin(uid, 1, "client", cookie).Verifier(cookie).Equal(begun.Verifier(cookie)) {
		t.Error("two flows share a verifier")
	}
}

func TestShapes(t *testing.T) {
	c := newClock()
	ring := newRing(t, c, seal.NewKeyData(c.Now()))
	cookie := seal.NewCookie()
	state := ring.Begin(uid, 3, "client", cookie)
	shapes := []struct{ name, value, want string }{
		{"the state", state.Sealed().Reveal(), `^[A-Za-z0-9_-]{100,130}$`},
		{"the verifier (RFC 7636)", state.Verifier(cookie).Reveal(), `^[A-Za-z0-9._~-]{43,128}$`},
		{"the cookie", cookie.Reveal(), `^[A-Za-z0-9_-]{43}$`},
		{"the cookie's name", seal.CookieName(uid), `^x-consent-[0-9a-f]{16}$`},
		{"the nonce's hash", state.NonceHash(), `^[0-9a-f]{32}$`},
	}
	for _, shape := range shapes {
		if !regexp.MustCompile(shape.want).MatchString(shape.value) {
			t.Errorf("%s: %q does not match %s", shape.name, shape.value, shape.want)
		}
	}
	printed := fmt.Sprintf("%v %+v %#v", state, state, state)
	for _, hidden := range []string{state.Sealed().Reveal(), cookie.Reveal()} {
		if strings.Contains(printed, hidden) {
			t.Errorf("a state prints %q", hidden)
		}
	}
}

func TestTheVerifierNeedsEachPart(t *testing.T) {
	c := newClock()
	ring, other := newRing(t, c, seal.NewKeyData(c.Now())), newRing(t, c, seal.NewKeyData(c.Now()))
	one, two := seal.NewCookie(), seal.NewCookie()
	state := ring.Begin(uid, 1, "client", one)
	seen := map[string]string{}
	for name, verifier := range map[string]string{
		"one":           state.Verifier(one).Reveal(),
		"other cookie":  state.Verifier(two).Reveal(),
		"another nonce": ring.Begin(uid, 1, "client", one).Verifier(one).Reveal(),
		"another ring":  other.Begin(uid, 1, "client", one).Verifier(one).Reveal(),
	} {
		if twin, taken := seen[verifier]; taken {
			t.Errorf("%s and %s give the same verifier", name, twin)
		}
		seen[verifier] = name
	}
}

func TestStatesThatDoNotOpen(t *testing.T) {
	c := newClock()
	data := seal.NewKeyData(c.Now())
	ring := newRing(t, c, data)
	sealed := ring.Begin(uid, 1, "client", seal.NewCookie()).Sealed().Reveal()
	tests := map[string]struct {
		state string
		after time.Duration
		want  error
	}{
		"empty":            {"", 0, seal.ErrForged},
		"expired":          {sealed, seal.StateLifetime, seal.ErrExpired},
		"damaged":          {flip(sealed, 1), 0, seal.ErrForged},
		"damaged and late": {flip(sealed, 1), time.Hour, seal.ErrForged},
		"another uid":      {flip(sealed, 70), 0, seal.ErrForged},
		"cut":              {sealed[:len(sealed)-4], 0, seal.ErrForged},
		"with a line feed": {sealed[:9] + "\n" + sealed[9:], 0, seal.ErrForged},
		"hostile":          {"\x00\xff%<script>", 0, seal.ErrForged},
		"huge":             {strings.Repeat("A", 1<<20), 0, seal.ErrForged},
		"a capability":     {ring.Capability(uid, 1).Reveal(), 0, seal.ErrForged},
		"another ring":     {newRing(t, c, seal.NewKeyData(c.Now())).Begin(uid, 1, "client", seal.NewCookie()).Sealed().Reveal(), 0, seal.ErrForged},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			later := newRing(t, &clock{now: c.now.Add(test.after)}, data)
			state, err := later.Open(test.state)
			told := errors.Is(test.want, seal.ErrExpired)
			if !errors.Is(err, test.want) || (state.UID != "") != told {
				t.Errorf("got %+v, %v, want %v", state, err, test.want)
			}
		})
	}
}

func TestParseCookie(t *testing.T) {
	cookie := seal.NewCookie()
	if got, ok := seal.ParseCookie(cookie.Reveal()); !ok || !got.Equal(cookie) {
		t.Error("a cookie of ours is refused")
	}
	for _, text := range []string{"", "short", cookie.Reveal() + "A", cookie.Reveal()[:42] + "!", strings.Repeat("A", 1<<16)} {
		if got, ok := seal.ParseCookie(text); ok || !got.IsZero() {
			t.Errorf("%q passes for a cookie", text)
		}
	}
	if seal.CookieName("a") == seal.CookieName("b") {
		t.Error("two objects share a cookie")
	}
}

// FuzzOpen holds opening to two things: no input harms it, and what it opens has
// one spelling alone, the one that was sealed.
func FuzzOpen(f *testing.F) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	ring, err := seal.NewKeyring(c.Now, map[string][]byte{"20260101T000000Z-00000000": make([]byte, 32)})
	if err != nil {
		f.Fatal(err)
	}
	sealed := ring.Begin(uid, 1, "client", seal.NewCookie()).Sealed().Reveal()
	for _, seed := range []string{"", sealed, sealed + "=", sealed[1:], "AAAA", ring.Capability(uid, 1).Reveal()} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if state, err := ring.Open(text); err == nil && state.Sealed().Reveal() != text {
			t.Errorf("%q opens, but it was sealed as another text", text)
		}
		if epoch, ok := ring.CheckCapability(uid, text); ok && ring.Capability(uid, epoch).Reveal() != text {
			t.Errorf("%q is a capability, but it was made as another text", text)
		}
	})
}
