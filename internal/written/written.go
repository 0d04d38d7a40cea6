// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package written remembers what this process wrote until its cache shows it: for a
// pass that follows at once, which would otherwise decide on what was there before,
// and to tell the echo of an own write from news. It is a convenience, bounded and in
// memory: what keeps writers apart is the resourceVersion.
package written

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// limit is far more objects than a cache lags behind with.
const limit = 4096

// Memory is what is remembered of one kind of objects. The zero Memory is empty.
type Memory[V any] struct {
	mu      sync.Mutex
	entries map[types.NamespacedName]*entry[V]
}

type entry[V any] struct {
	// writing counts the writes that are under way.
	writing int
	// shown is the newest version that the cache showed meanwhile.
	shown string
	// version is what was written last and was not shown yet; empty for nothing.
	version string
	value   V
}

// Write remembers what a write makes: its version, and a value. It tells what End tells.
func (m *Memory[V]) Write(key types.NamespacedName, write func() (version string, value V, err error)) (overtaken bool, err error) {
	m.Begin(key)
	version, value, err := write()
	if err != nil {
		version = ""
	}
	return m.End(key, version, value), err
}

// Begin comes before a write: what the cache shows from now on may be its echo.
func (m *Memory[V]) Begin(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[types.NamespacedName]*entry[V]{}
	}
	if m.entries[key] == nil {
		m.entries[key] = &entry[V]{}
	}
	m.entries[key].writing++
}

// End comes after a write, with the version that it made, or none if it failed. overtaken
// is true if the cache showed a newer version during the write: an event that Shows
// called known was news, and somebody must look again.
func (m *Memory[V]) End(key types.NamespacedName, version string, value V) (overtaken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[key]
	e.writing--
	if version != "" && !isAfter(e.version, version) {
		e.version, e.value = version, value
	}
	shown := e.shown
	if e.writing == 0 {
		e.shown = ""
	}
	if shown != "" && !isAfter(e.version, shown) {
		e.forget()
	}
	m.tidy(key)
	return shown != "" && shown != version && !isAfter(version, shown)
}

// Shows takes up a version that the cache shows, and tells whether it is nothing new:
// what was written, or what was there before it. While a write is under way nobody
// knows yet; End tells then.
func (m *Memory[V]) Shows(key types.NamespacedName, version string) (known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[key]
	if e == nil {
		return false
	}
	if e.writing > 0 && !isAfter(e.shown, version) {
		e.shown = version
	}
	known = e.writing > 0 || version == e.version || isAfter(e.version, version)
	if !isAfter(e.version, version) {
		e.forget()
	}
	m.tidy(key)
	return known
}

// Newer gives what was written if it is newer than the version that the cache has. One
// that is missing there, with an empty version, may have been deleted by another: what
// was written counts once then.
func (m *Memory[V]) Newer(key types.NamespacedName, cached string) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none V
	e := m.entries[key]
	if e == nil || e.version == "" {
		return none, false
	}
	value, newer := e.value, cached == "" || isAfter(e.version, cached)
	if cached == "" || !newer {
		e.forget()
		m.tidy(key)
	}
	if !newer {
		return none, false
	}
	return value, true
}

// Forget ends what is remembered of an object.
func (m *Memory[V]) Forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		e.forget()
		m.tidy(key)
	}
}

func (e *entry[V]) forget() {
	var none V
	e.version, e.value = "", none
}

// tidy removes the entry that was touched if it holds nothing any more, and any other
// one if there are too many: a process that never looks again at what it wrote must not
// keep it for ever.
func (m *Memory[V]) tidy(key types.NamespacedName) {
	if e := m.entries[key]; e.writing == 0 && e.version == "" {
		delete(m.entries, key)
	}
	for other, e := range m.entries {
		if len(m.entries) <= limit {
			return
		}
		if other != key && e.writing == 0 {
			delete(m.entries, other)
		}
	}
}

// isAfter tells whether one version is later than another; any version is later than
// none, and one that can't be compared is not.
func isAfter(version, other string) bool {
	if version == "" || other == "" {
		return version != ""
	}
	order, err := resourceversion.CompareResourceVersion(version, other)
	return err == nil && order > 0
}
