// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
)

const (
	// StateLifetime is how long a person may take at X.
	StateLifetime = 15 * time.Minute

	nonceBytes = 16
	tagBytes   = 8
	// maxState bounds what is decoded. X takes 500 characters; a state for a uid
	// as Kubernetes makes them has about 120.
	maxState = 400
)

// State is one flow under way: what travels through X as the "state" parameter
// (RFC 6749, section 10.12) and comes back with the code. It holds the key that
// sealed it, so that its verifier stays derivable when keys are rotated.
type State struct {
	// UID is that of the XConnection; Epoch is the invitation that is answered.
	UID   string
	Epoch int64
	// Expiry is when the flow is over, to the second.
	Expiry time.Time

	nonce  []byte
	client []byte
	cookie []byte
	key    *key
}

// Begin makes the state of a new flow with a nonce of its own, for the X app
// with that client id and for the browser with that cookie.
func (r *Keyring) Begin(uid string, epoch int64, clientID string, cookie secret.Token) State {
	current := r.current()
	return State{
		UID:    uid,
		Epoch:  epoch,
		Expiry: r.now().Add(StateLifetime).UTC().Truncate(time.Second),
		nonce:  random(nonceBytes),
		client: clientTag(clientID),
		cookie: cookieTag(current, cookie),
		key:    current,
	}
}

// Sealed is the state as it travels: authenticated, not encrypted, in characters
// that need no escaping in an address.
func (s State) Sealed() secret.Token {
	raw := make([]byte, 0, maxState)
	raw = append(raw, s.nonce...)
	raw = append(raw, s.client...)
	raw = append(raw, s.cookie...)
	raw = binary.AppendVarint(raw, s.Epoch)
	raw = binary.AppendVarint(raw, s.Expiry.Unix())
	raw = append(raw, s.UID...)
	return secret.New(encode(append(raw, stateMAC(s.key, raw)...)))
}

// Open gives the state back if one of the keys sealed it; otherwise ErrForged. If its
// time is over the error is ErrExpired, and the state is given for what may be said of
// it. The caller still has to ask BoundTo.
func (r *Keyring) Open(text string) (State, error) {
	raw, ok := decode(text, maxState)
	if !ok || len(raw) < macBytes {
		return State{}, ErrForged
	}
	payload, sum := raw[:len(raw)-macBytes], raw[len(raw)-macBytes:]
	for _, candidate := range r.all() {
		if hmac.Equal(stateMAC(candidate, payload), sum) {
			return r.live(parseState(candidate, payload))
		}
	}
	return State{}, ErrForged
}

// live tells of a state whose time is over; the last second counts as over.
func (r *Keyring) live(state State) (State, error) {
	if !r.now().Before(state.Expiry) {
		return state, ErrExpired
	}
	return state, nil
}

// parseState reads a payload whose MAC was good: Sealed has made it.
func parseState(k *key, payload []byte) State {
	state := State{key: k}
	state.nonce, payload = payload[:nonceBytes], payload[nonceBytes:]
	state.client, payload = payload[:tagBytes], payload[tagBytes:]
	state.cookie, payload = payload[:tagBytes], payload[tagBytes:]
	epoch, length := binary.Varint(payload)
	payload = payload[length:]
	expiry, length := binary.Varint(payload)
	state.Epoch, state.Expiry = epoch, time.Unix(expiry, 0).UTC()
	state.UID = string(payload[length:])
	return state
}

// BoundTo tells whether the flow was begun in the browser that holds this
// cookie.
func (s State) BoundTo(cookie secret.Token) bool {
	return hmac.Equal(s.cookie, cookieTag(s.key, cookie))
}

// ForClient tells whether the flow was begun for the X app with this client id.
func (s State) ForClient(clientID string) bool {
	return hmac.Equal(s.client, clientTag(clientID))
}

// NonceHash identifies the flow: 32 hexadecimal characters that may be stored.
func (s State) NonceHash() string {
	sum := sha256.Sum256(s.nonce)
	return hex.EncodeToString(sum[:16])
}

// Verifier is the flow's PKCE verifier (RFC 7636, section 4.1): 43 characters
// derived from the key, the nonce and the cookie. It is stored nowhere; whoever
// steals the state and the code still lacks the cookie, and whoever steals the
// cookie still lacks the key.
func (s State) Verifier(cookie secret.Token) secret.Token {
	return secret.New(encode(mac(s.key.verifier, s.nonce, []byte(cookie.Reveal()))))
}

func stateMAC(k *key, payload []byte) []byte { return mac(k.state, payload)[:macBytes] }

// cookieTag binds a state to a cookie. 64 bits are enough: a cookie can't be
// guessed, and an attacker has one try in each browser.
func cookieTag(k *key, cookie secret.Token) []byte {
	return mac(k.cookie, []byte(cookie.Reveal()))[:tagBytes]
}

func clientTag(clientID string) []byte {
	sum := sha256.Sum256([]byte(clientID))
	return sum[:tagBytes]
}
