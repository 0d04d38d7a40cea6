// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seal makes and checks what the consent door hands to browsers: the
// capability in a link, the state that travels through X, the cookie that binds
// a flow to one browser, and the PKCE verifier. Everything is keyed with keys
// that all replicas share, compared in constant time and dependent on a clock
// that is passed in, so that any replica finishes what another began.
package seal

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Keyring holds the keys of all replicas: one for sealing, all for opening. It
// is safe for concurrent use.
//
// A key is rotated in two steps. Add one (NewKeyData) beside the others: every
// replica opens with it as soon as it has seen it, and seals with it from
// SettleTime after its creation, when every other replica has seen it too.
// Remove the old one later: flows under way end StateLifetime after the old key
// was last used for sealing, but links that carry one of its capabilities live
// as long as the key does. Removing it ends exactly those; the controller
// publishes new ones.
type Keyring struct {
	now  func() time.Time
	keys atomic.Pointer[[]*key]
}

// NewKeyring makes a keyring from the data of the Secret that replicas share.
func NewKeyring(now func() time.Time, data map[string][]byte) (*Keyring, error) {
	ring := &Keyring{now: now}
	if err := ring.Replace(data); err != nil {
		return nil, err
	}
	return ring, nil
}

// Replace takes the data of the Secret after it changed. On an error the ring
// keeps the keys that it had: one slip of an editor must not end every flow.
func (r *Keyring) Replace(data map[string][]byte) error {
	keys, err := parseKeys(data)
	if err != nil {
		return fmt.Errorf("reading the sealing keys: %w", err)
	}
	r.keys.Store(&keys)
	return nil
}

// current is the newest key that every replica can know by now. If there is
// none, the oldest is it: it was there first, and a single new key is used at
// once.
func (r *Keyring) current() *key {
	keys := *r.keys.Load()
	settled := r.now().Add(-SettleTime)
	for i := len(keys) - 1; i > 0; i-- {
		if !keys[i].created.After(settled) {
			return keys[i]
		}
	}
	return keys[0]
}

// all are the keys that open, oldest first.
func (r *Keyring) all() []*key { return *r.keys.Load() }

// The failures of Open. Neither tells which part was wrong.
var (
	// ErrForged means that no present key sealed this: it is made up, damaged, or
	// older than the last removal of a key.
	ErrForged = errors.New("this was not sealed with a present key")
	// ErrExpired means that the seal is good but its time is over.
	ErrExpired = errors.New("this was sealed too long ago")
)
