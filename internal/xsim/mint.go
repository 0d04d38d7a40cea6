// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// mint makes the values of tokens, codes and ids. Each is derived from what it
// stands for and not drawn in turn, so that with a seed an account gets the same
// tokens however its calls interleave with those of others.
type mint struct{ key []byte }

func newMint(seed uint64) *mint {
	key := make([]byte, sha512.Size)
	if seed == 0 {
		_, _ = rand.Read(key) // never fails, by its documentation
	}
	binary.BigEndian.PutUint64(key, seed^binary.BigEndian.Uint64(key))
	return &mint{key: key}
}

func (m *mint) sum(kind, owner string, number int) []byte {
	mac := hmac.New(sha512.New, m.key)
	_, _ = fmt.Fprintf(mac, "%s\n%s\n%d", kind, owner, number)
	return mac.Sum(nil)
}

// value is a bearer value of 86 characters, about as long as X's.
func (m *mint) value(kind, owner string, number int) string {
	return base64.RawURLEncoding.EncodeToString(m.sum(kind, owner, number))
}

// id is a decimal id of at most 18 digits, in X's form.
func (m *mint) id(kind, owner string) string {
	const digits = 1_000_000_000_000_000_000
	return fmt.Sprint(1 + binary.BigEndian.Uint64(m.sum(kind, owner, 0))%(digits-1))
}

// Hash names a token without giving it away: the first 16 bytes of its SHA-256
// in hex, as the operator's own journal does; empty for no token.
func Hash(value string) string {
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:16])
}
