// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// rememberingMapper answers again what it answered once: a cache of several
// namespaces asks before every read whether the kind has namespaces, and a kind that
// has them does not lose them.
type rememberingMapper struct {
	meta.RESTMapper

	mu    sync.RWMutex
	known map[schema.GroupVersionKind]*meta.RESTMapping
}

func newMapper(config *rest.Config, client *http.Client) (meta.RESTMapper, error) {
	mapper, err := apiutil.NewDynamicRESTMapper(config, client)
	return &rememberingMapper{RESTMapper: mapper, known: map[schema.GroupVersionKind]*meta.RESTMapping{}}, err
}

// RESTMapping implements meta.RESTMapper. What is not found is asked for again: its
// CRD may be on its way.
func (m *rememberingMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if len(versions) != 1 {
		return m.RESTMapper.RESTMapping(kind, versions...)
	}
	key := kind.WithVersion(versions[0])
	if known := m.remembered(key); known != nil {
		return known, nil
	}
	mapping, err := m.RESTMapper.RESTMapping(kind, versions...)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[key] = mapping
	return mapping, nil
}

func (m *rememberingMapper) remembered(key schema.GroupVersionKind) *meta.RESTMapping {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.known[key]
}
