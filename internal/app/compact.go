// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// compactor makes objects smaller before a cache takes them: managed fields go, and
// what ten thousand objects repeat, each in memory of its own, they share from then on.
// What caches hold is altered by nobody.
type compactor struct {
	mu sync.Mutex
	// labels are those of the object before. A map takes 400 bytes however little it
	// holds, and all Secrets of ours have the same labels.
	labels map[string]string
	shared map[string]string
}

// compact gives the transformation of one cache.
func compact() toolscache.TransformFunc {
	c := compactor{shared: map[string]string{}}
	return c.compact
}

func (c *compactor) compact(object any) (any, error) {
	object, err := cache.TransformStripManagedFields()(object)
	if err != nil {
		return nil, err
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		// A tombstone of client-go's: it holds what went through here before.
		return object, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.metadata(accessor)
	switch object := object.(type) {
	case *corev1.Secret:
		shareKeys(c, object.Data)
	case *v1alpha1.XConnection:
		c.connection(object)
	}
	return object, nil
}

func (c *compactor) metadata(object metav1.Object) {
	if labels := object.GetLabels(); maps.Equal(labels, c.labels) {
		object.SetLabels(c.labels)
	} else {
		c.labels = labels
	}
	object.SetNamespace(c.share(object.GetNamespace()))
	shareKeys(c, object.GetAnnotations())
	owners := object.GetOwnerReferences()
	for i := range owners {
		owners[i].APIVersion, owners[i].Kind = c.share(owners[i].APIVersion), c.share(owners[i].Kind)
	}
	finalizers := object.GetFinalizers()
	for i := range finalizers {
		finalizers[i] = c.share(finalizers[i])
	}
}

func (c *compactor) connection(conn *v1alpha1.XConnection) {
	conn.APIVersion, conn.Kind = c.share(conn.APIVersion), c.share(conn.Kind)
	conn.Status.AppName = c.share(conn.Status.AppName)
	for i := range conn.Status.Conditions {
		condition := &conn.Status.Conditions[i]
		condition.Type, condition.Reason = c.share(condition.Type), c.share(condition.Reason)
		condition.Status = metav1.ConditionStatus(c.share(string(condition.Status)))
	}
}

// mostShared bounds what is remembered: names of keys, kinds, reasons, namespaces.
const mostShared = 4096

func (c *compactor) share(text string) string {
	if known, ok := c.shared[text]; ok {
		return known
	}
	if len(c.shared) < mostShared {
		c.shared[text] = text
	}
	return text
}

// shareKeys puts each entry of a map under the shared copy of its key: a map keeps
// the key that an entry was made with.
func shareKeys[V any](c *compactor, entries map[string]V) {
	for _, key := range slices.Collect(maps.Keys(entries)) {
		value := entries[key]
		delete(entries, key)
		entries[c.share(key)] = value
	}
}
