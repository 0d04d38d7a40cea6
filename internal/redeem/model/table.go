// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import "hash/maphash"

// table is a set of Worlds that are kept elsewhere, in a slice, in the order in
// which they were added: it holds only their places and half of their hashes, so
// that millions of them fit.
type table struct {
	seed  maphash.Seed
	slots []slot
	mask  uint64 // one less than the number of slots, a power of two
	used  uint32
}

type slot struct{ hash, place uint32 } // place is one more than the index; 0 is free

func newTable() table {
	const mask = 1<<10 - 1
	return table{seed: maphash.MakeSeed(), slots: make([]slot, mask+1), mask: mask}
}

// add takes a World in that will be the next of worlds; false if it is known.
func (t *table) add(worlds []World, w World) bool {
	if 2*uint64(t.used) > t.mask {
		t.grow(worlds)
	}
	at, hash := t.find(worlds, w)
	if t.slots[at].place != 0 {
		return false
	}
	t.put(at, hash)
	return true
}

// find gives the World's slot, or the free one where it belongs.
func (t *table) find(worlds []World, w World) (at uint64, hash uint32) {
	full := maphash.Comparable(t.seed, w)
	hash = uint32(full >> 32)
	for at = full & t.mask; t.slots[at].place != 0; at = (at + 1) & t.mask {
		if t.slots[at].hash == hash && worlds[t.slots[at].place-1] == w {
			break
		}
	}
	return at, hash
}

func (t *table) put(at uint64, hash uint32) {
	t.used++
	t.slots[at] = slot{hash, t.used}
}

func (t *table) grow(worlds []World) {
	t.mask = 4*t.mask + 3
	t.slots, t.used = make([]slot, t.mask+1), 0
	for _, w := range worlds {
		t.put(t.find(worlds, w))
	}
}
