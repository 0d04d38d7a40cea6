// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

const (
	// SettleTime is how long after its creation a further key is used for sealing.
	// By then a watch has long brought it to every replica, and a mounted Secret
	// too; it also covers clocks that differ by a few minutes.
	SettleTime = 10 * time.Minute
	// MaxKeys bounds the work of opening something that no key sealed.
	MaxKeys = 16

	keyBytes = 32
	// idTime starts an id, so that ids sort by creation and a person can read
	// when a key was made.
	idTime = "20060102T150405Z"
)

var idPattern = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$`)

// NewKeyData makes one entry for the shared Secret: the key's id, which tells
// when it was created, and 32 random bytes. Create the Secret with it, or merge
// it into the Secret's data to rotate.
func NewKeyData(now time.Time) map[string][]byte {
	id := now.UTC().Format(idTime) + "-" + hex.EncodeToString(random(4))
	return map[string][]byte{id: random(keyBytes)}
}

// key is one key of the ring, as its subkeys: one a purpose (RFC 5869), so that
// no output for one purpose is ever good for another.
type key struct {
	created    time.Time
	capability []byte
	state      []byte
	cookie     []byte
	verifier   []byte
}

// parseKeys reads all entries, oldest first. One that can't be read fails all:
// skipping it might seal with a key that nobody else uses.
func parseKeys(data map[string][]byte) ([]*key, error) {
	switch {
	case len(data) == 0:
		return nil, errors.New("the Secret holds no key")
	case len(data) > MaxKeys:
		return nil, fmt.Errorf("the Secret holds %d keys, at most %d are allowed: remove the oldest", len(data), MaxKeys)
	}
	keys := make([]*key, 0, len(data))
	for _, id := range slices.Sorted(maps.Keys(data)) {
		parsed, err := parseKey(id, data[id])
		if err != nil {
			return nil, err
		}
		keys = append(keys, parsed)
	}
	return keys, nil
}

func parseKey(id string, value []byte) (*key, error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("%q is not the id of a key, which looks like 20260102T150405Z-0a1b2c3d", id)
	}
	created, err := time.Parse(idTime, id[:len(idTime)])
	if err != nil {
		return nil, fmt.Errorf("%q is not the id of a key: %w", id, err)
	}
	if len(value) != keyBytes {
		return nil, fmt.Errorf("the key %q has %d bytes, it must have %d", id, len(value), keyBytes)
	}
	return deriveKey(created, value)
}

func deriveKey(created time.Time, value []byte) (*key, error) {
	derived := &key{created: created}
	purposes := []struct {
		label string
		into  *[]byte
	}{
		{"capability", &derived.capability},
		{"state", &derived.state},
		{"cookie", &derived.cookie},
		{"verifier", &derived.verifier},
	}
	for _, purpose := range purposes {
		subkey, err := hkdf.Key(sha256.New, value, nil, "x.agentconnect.dev/v1/"+purpose.label, keyBytes)
		if err != nil {
			return nil, fmt.Errorf("deriving the %s key: %w", purpose.label, err)
		}
		*purpose.into = subkey
	}
	return derived, nil
}

// mac authenticates parts with HMAC-SHA-256. Each part goes in with its length,
// so that no two lists of parts give the same input.
func mac(subkey []byte, parts ...[]byte) []byte {
	hash := hmac.New(sha256.New, subkey)
	for _, part := range parts {
		hash.Write(binary.AppendUvarint(nil, uint64(len(part))))
		hash.Write(part)
	}
	return hash.Sum(nil)
}

// random gives n random bytes. crypto/rand never fails: it ends the program
// rather than return what can be guessed.
func random(n int) []byte {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes)
	return bytes
}
