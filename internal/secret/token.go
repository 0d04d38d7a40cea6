// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package secret holds the one type that carries a token, a client secret, a
// code or a verifier through the program without ever printing it.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Token is a value that must not be shown: every way of printing it, through
// fmt, JSON, text encodings or slog, gives "[redacted]". The zero Token is an
// absent value. Only Reveal gives the value out, and lint allows Reveal in named
// rooms only. Compare tokens with Equal, never with ==.
type Token struct {
	// A pointer, since fmt prints the unexported fields of a struct without
	// asking their methods: of a pointer it prints the address alone.
	value *string
}

// New wraps a value; an empty one gives the zero Token.
func New(value string) Token {
	if value == "" {
		return Token{}
	}
	return Token{value: &value}
}

// Reveal returns the value itself, to be sent to X or stored in a Secret.
func (t Token) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero tells whether there is no value.
func (t Token) IsZero() bool { return t.value == nil }

// Equal compares two values in constant time.
func (t Token) Equal(other Token) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// Hash identifies the value without giving it away: the first 16 bytes of its
// SHA-256, in hex; empty for an absent value. X's tokens have far more entropy
// than could be guessed from it.
func (t Token) Hash() string {
	if t.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(t.Reveal()))
	return hex.EncodeToString(sum[:16])
}

// String implements fmt.Stringer.
func (t Token) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (t Token) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb, %x included, prints the value.
func (t Token) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalJSON implements json.Marshaler.
func (t Token) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer.
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }
