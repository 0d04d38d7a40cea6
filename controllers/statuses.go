// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// statuses remembers what was written until the cache has seen it: a pass that
// follows at once would otherwise find the status before, write again, and tell
// people of the same change twice.
type statuses struct {
	mu   sync.Mutex
	byID map[types.UID]writtenStatus
}

type writtenStatus struct {
	version string
	status  v1alpha1.XConnectionStatus
}

func (s *statuses) remember(conn *v1alpha1.XConnection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[types.UID]writtenStatus{}
	}
	s.byID[conn.UID] = writtenStatus{version: conn.ResourceVersion, status: *conn.Status.DeepCopy()}
}

// refresh puts the status that was written into an object that is older than it.
func (s *statuses) refresh(conn *v1alpha1.XConnection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	written, ok := s.byID[conn.UID]
	if !ok {
		return
	}
	order, err := resourceversion.CompareResourceVersion(written.version, conn.ResourceVersion)
	if err != nil || order <= 0 {
		delete(s.byID, conn.UID)
		return
	}
	conn.Status = written.status
}

func (s *statuses) forget(id types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}
