// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"errors"
	"io"
	"sync"
)

var errSealed = errors.New("the call is over")

// onceBody is a request body that can be sent once. net/http reads a body only
// when a connection stands and the header is written, and repeats a request
// whose body was read only if the request has GetBody, which ours never has. So
// the first Read is the last moment at which a call can be stopped unspent, and
// a body that was never read is a token that never left.
type onceBody struct {
	guard Guard

	mu      sync.Mutex
	rest    []byte
	asked   bool
	refusal error
	given   bool
	sealed  bool
}

// Read asks the guard the first time, then gives the body out.
func (b *onceBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.admit(); err != nil {
		return 0, err
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	b.given = b.given || n > 0
	return n, nil
}

func (b *onceBody) admit() error {
	if b.sealed {
		return errSealed
	}
	if !b.asked && b.guard != nil {
		b.refusal = b.guard()
	}
	b.asked = true
	return b.refusal
}

// Close implements io.Closer for net/http.
func (b *onceBody) Close() error {
	_, _ = b.seal()
	return nil
}

// seal ends the body: whatever net/http still does in the background, nothing
// is given out after it, so that what it returns stays true: whether a byte left,
// and the guard's refusal.
func (b *onceBody) seal() (sent bool, refusal error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sealed = true
	return b.given, b.refusal
}
