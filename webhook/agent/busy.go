// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import "sync"

// busy counts the calls under way for each namespace.
type busy struct {
	most int

	mu          sync.Mutex
	byNamespace map[string]int
}

// enter counts a call in, unless there are too many already.
func (b *busy) enter(namespace string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byNamespace[namespace] >= b.most {
		return false
	}
	b.byNamespace[namespace]++
	return true
}

// leave counts it out.
func (b *busy) leave(namespace string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byNamespace[namespace]--; b.byNamespace[namespace] == 0 {
		delete(b.byNamespace, namespace)
	}
}
