// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package redeem holds the most dangerous sequence of the operator, written once
// for authorization codes and for refresh tokens: fence, call, keep, persist. A
// token of X is used once; what an answer brings is lost for good unless it is
// stored.
package redeem

import (
	"context"
	"errors"
	"sync"
)

// ErrStopping means that the process is about to end and starts nothing new.
var ErrStopping = errors.New("the operator is stopping")

// Keeper owns the work that must not be cut short: from before an intent is
// written until what X answered is stored. It lives outside the manager, whose
// lost leadership drops what it runs, and whoever owns the process drains it last,
// on every path.
type Keeper struct {
	mu       sync.Mutex
	stopping bool
	work     sync.WaitGroup
	inFlight map[string]bool
}

// NewKeeper makes a keeper with nothing to keep.
func NewKeeper() *Keeper { return &Keeper{inFlight: map[string]bool{}} }

// Do runs work under an id and waits for it, or until ctx ends: the work itself
// goes on then, under a context that keeps ctx's values and never ends. The error
// is ErrStopping if nothing was started, ctx's if the work was left behind.
func (k *Keeper) Do(ctx context.Context, id string, work func(context.Context)) error {
	if !k.begin(id) {
		return ErrStopping
	}
	done := make(chan struct{})
	go func() {
		defer k.end(id)
		defer close(done)
		work(context.WithoutCancel(ctx))
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// InFlight tells whether work of that id is under way in this process.
func (k *Keeper) InFlight(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.inFlight[id]
}

// Stop lets nothing new begin.
func (k *Keeper) Stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopping = true
}

// Drain stops and returns once all that began has ended.
func (k *Keeper) Drain() {
	k.Stop()
	k.work.Wait()
}

func (k *Keeper) begin(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopping {
		return false
	}
	k.work.Add(1)
	k.inFlight[id] = true
	return true
}

func (k *Keeper) end(id string) {
	k.mu.Lock()
	delete(k.inFlight, id)
	k.mu.Unlock()
	k.work.Done()
}
