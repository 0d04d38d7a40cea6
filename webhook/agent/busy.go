// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import "sync"

// busy counts what is under way for each key: a namespace, an address, a user.
type busy struct {
	most int

	mu       sync.Mutex
	underWay map[string]int
}

func newBusy(most int) *busy { return &busy{most: most, underWay: map[string]int{}} }

// enter counts one in, unless there are too many already.
func (b *busy) enter(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.underWay[key] >= b.most {
		return false
	}
	b.underWay[key]++
	return true
}

// leave counts it out.
func (b *busy) leave(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.underWay[key]--; b.underWay[key] == 0 {
		delete(b.underWay, key)
	}
}
