// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "sync"

// unsent remembers attempts that could not be recorded for sure, and for which
// nothing was sent: should the record turn up, it is taken back.
type unsent struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (u *unsent) add(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ids == nil {
		u.ids = map[string]bool{}
	}
	u.ids[id] = true
}

func (u *unsent) has(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.ids[id]
}

func (u *unsent) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.ids, id)
}
