// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/agentconnect/x-operator/internal/grant"
)

// tombstoneOrNew lets through grants that come into view, and changes of
// tombstones: the refreshes of a living grant are no business of the sweep.
type tombstoneOrNew struct{ predicate.Funcs }

// Update implements predicate.Predicate.
func (tombstoneOrNew) Update(e event.UpdateEvent) bool {
	stored, ok := e.ObjectNew.(*corev1.Secret)
	return ok && grant.IsTombstone(stored)
}

// Delete implements predicate.Predicate: a grant that is gone needs nothing.
func (tombstoneOrNew) Delete(event.DeleteEvent) bool { return false }

func onlyDeletions() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}
