// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// compact makes objects smaller before one cache takes them: managed fields go, and an
// object whose labels are those of the one before shares them. A map takes 400 bytes
// however little it holds, and ten thousand Secrets of ours have the same labels. What
// caches hold is altered by nobody.
func compact() toolscache.TransformFunc {
	strip := cache.TransformStripManagedFields()
	var mu sync.Mutex
	var last map[string]string
	return func(object any) (any, error) {
		object, err := strip(object)
		if err != nil {
			return nil, err
		}
		accessor, err := meta.Accessor(object)
		if err != nil {
			// A tombstone of client-go's: it holds what went through here before.
			return object, nil
		}
		mu.Lock()
		defer mu.Unlock()
		if labels := accessor.GetLabels(); maps.Equal(labels, last) {
			accessor.SetLabels(last)
		} else {
			last = labels
		}
		return object, nil
	}
}

// compactConnections is compact for XConnections, which leaves out besides what kubectl
// apply notes of them. They are patched, never written whole: it is not lost.
func compactConnections() toolscache.TransformFunc {
	rest := compact()
	return func(object any) (any, error) {
		if conn, ok := object.(*v1alpha1.XConnection); ok {
			delete(conn.Annotations, corev1.LastAppliedConfigAnnotation)
		}
		return rest(object)
	}
}
