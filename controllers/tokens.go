// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// tokens remembers the token Secrets that were written until the cache has seen them:
// a pass that follows at once would otherwise write the same again, under a version
// that is gone.
type tokens struct {
	mu   sync.Mutex
	byID map[types.UID]*corev1.Secret
}

func (t *tokens) remember(owner types.UID, written *corev1.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[types.UID]*corev1.Secret{}
	}
	t.byID[owner] = written
}

// newest gives what was written under a name if the cache's version, nil if it has
// none, is older; what the cache has seen is forgotten. A Secret that is missing from
// the cache may have been deleted by another: it counts as older once only.
func (t *tokens) newest(owner types.UID, name string, cached *corev1.Secret) *corev1.Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	written := t.byID[owner]
	if written == nil || written.Name != name {
		return cached
	}
	if cached == nil {
		delete(t.byID, owner)
		return written
	}
	order, err := resourceversion.CompareResourceVersion(written.ResourceVersion, cached.ResourceVersion)
	if err != nil || order <= 0 {
		delete(t.byID, owner)
		return cached
	}
	return written
}

func (t *tokens) forget(owner types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, owner)
}
