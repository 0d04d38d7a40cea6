// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// writes remembers what this process wrote until its cache has seen it, so that a
// pass that follows a write does not decide on what was there before. It is a
// convenience: what keeps a token from being spent twice is the resourceVersion.
type writes struct {
	mu   sync.Mutex
	last map[types.UID]*corev1.Secret
	// order is what was remembered, oldest first: a process that never reads a grant
	// again, as the consent door does, must not keep it for ever.
	order []written
}

type written struct {
	owner   types.UID
	version string
}

// writesKept is far more than a cache lags behind.
const writesKept = 4096

func (w *writes) remember(owner types.UID, stored *corev1.Secret) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.last = map[types.UID]*corev1.Secret{}
	}
	w.last[owner] = stored
	w.order = append(w.order, written{owner, stored.ResourceVersion})
	if len(w.order) > writesKept {
		oldest := w.order[0]
		w.order = w.order[1:]
		if last := w.last[oldest.owner]; last != nil && last.ResourceVersion == oldest.version {
			delete(w.last, oldest.owner)
		}
	}
}

func (w *writes) forget(owner types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, owner)
}

// newerThan gives what was written if the cache's version, nil if it has none, is
// older; what the cache has seen is forgotten. A Secret that is missing from the
// cache may have been deleted by another: it counts as older once only.
func (w *writes) newerThan(owner types.UID, cached *corev1.Secret) *corev1.Secret {
	w.mu.Lock()
	defer w.mu.Unlock()
	written := w.last[owner]
	if written == nil {
		return nil
	}
	if cached == nil {
		delete(w.last, owner)
		return written
	}
	order, err := resourceversion.CompareResourceVersion(written.ResourceVersion, cached.ResourceVersion)
	if err != nil || order <= 0 {
		delete(w.last, owner)
		return nil
	}
	return written
}
