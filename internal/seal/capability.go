// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hmac"
	"encoding/binary"

	"github.com/agentconnect/x-operator/internal/secret"
)

const (
	// macBytes is the length of a MAC in a capability or a state: 128 bits.
	macBytes = 16
	// maxCapability bounds what is decoded: the MAC and a varint, in base64.
	maxCapability = 64
)

// Capability is the part of a link that lets its bearer begin a consent for the
// XConnection of that uid, while its epoch is the present one. It is the same
// for the same arguments until another key becomes current, and it does not
// expire: it is good for as long as its key is in the ring and the epoch holds.
// It is 23 to 35 characters that need no escaping in an address.
func (r *Keyring) Capability(uid string, epoch int64) secret.Token {
	prefix := binary.AppendVarint(nil, epoch)
	sum := capabilityMAC(r.current(), uid, prefix)
	return secret.New(encode(append(prefix, sum...)))
}

// CheckCapability tells whether text is a capability for uid, and the epoch that
// it was made for: the caller compares that with the present one. What it tells
// of an earlier epoch it tells only to someone who was given that link.
func (r *Keyring) CheckCapability(uid, text string) (epoch int64, ok bool) {
	raw, ok := decode(text, maxCapability)
	if !ok {
		return 0, false
	}
	epoch, length := binary.Varint(raw)
	if length <= 0 || len(raw) != length+macBytes {
		return 0, false
	}
	for _, candidate := range r.all() {
		if hmac.Equal(capabilityMAC(candidate, uid, raw[:length]), raw[length:]) {
			return epoch, true
		}
	}
	return 0, false
}

func capabilityMAC(k *key, uid string, epoch []byte) []byte {
	return mac(k.capability, []byte(uid), epoch)[:macBytes]
}
