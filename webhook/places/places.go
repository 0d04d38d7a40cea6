// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package places counts what is under way for each of those who share a server's places.
package places

import "sync"

// Places gives each key, such as an address, a user or a namespace, so many places.
type Places[K comparable] struct {
	most int

	mu    sync.Mutex
	taken map[K]int
}

// New gives each key most places.
func New[K comparable](most int) *Places[K] {
	return &Places[K]{most: most, taken: map[K]int{}}
}

// Enter takes a place of a key, unless all of them are taken.
func (p *Places[K]) Enter(key K) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[key] >= p.most {
		return false
	}
	p.taken[key]++
	return true
}

// Leave gives it back.
func (p *Places[K]) Leave(key K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[key]--; p.taken[key] == 0 {
		delete(p.taken, key)
	}
}

// Keys is how many keys have places taken: no other takes memory.
func (p *Places[K]) Keys() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}
