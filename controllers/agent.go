// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// agentPatience bounds the look for a workload, which a filled cache answers at
// once.
const agentPatience = 2 * time.Second

// agentGlance is the same for a kind whose cache was found not to be filled: a kind that may
// not be listed must not keep a worker waiting at each pass.
const agentGlance = 20 * time.Millisecond

// agentFills is how long the cache of a kind may take to be filled; what is not filled by
// then is a kind that may not be listed.
const agentFills = 5 * time.Minute

// AgentWatcher watches the workloads that agentRefs name, by their metadata alone
// and kind by kind: a kind that nobody names is not watched.
type AgentWatcher struct {
	// Watch starts a watch on a kind whose events look at the XConnections that name
	// the object.
	Watch func(schema.GroupVersionKind) error
	// Reader reads metadata from the same cache.
	Reader client.Reader

	watched sync.Map
	// late has when a kind was first found not to be cached.
	late sync.Map
	// starts begins one watch a kind: finding a kind asks the API server, and objects
	// that name another must not wait for it.
	starts singleflight.Group
}

// readAgent looks for the workload of agentRef. What can't be told, for want of
// the kind or of the right to read it, counts as missing, unless it was not missing before: a
// cache that is being filled can't tell either. It never stands in the way of a refresh.
func (r *XConnectionReconciler) readAgent(ctx context.Context, s *scope) error {
	ref := s.conn.Spec.AgentRef
	if ref == nil || r.Agents == nil {
		return nil
	}
	// A cache that can't be filled, for want of a right, would block for ever.
	ctx, cancel := context.WithTimeout(ctx, r.Agents.patience(ref.GroupVersionKind()))
	defer cancel()
	exists, err := r.Agents.exists(ctx, ref.GroupVersionKind(), types.NamespacedName{Namespace: s.conn.Namespace, Name: ref.Name})
	if apierrors.IsTimeout(err) && r.Agents.isNew(ref.GroupVersionKind(), s.now) && hadNoFault(s) {
		s.agentUnseen = true
		return nil
	}
	if err != nil {
		log.FromContext(ctx).V(1).Info("The workload of an agentRef can't be looked up", "kind", ref.Kind, "agent", ref.Name, "error", err.Error())
		s.agentMissing = unseenAgent(ref, err)
		return nil
	}
	if !exists {
		s.agentMissing = fmt.Sprintf("the %s %q does not exist in this namespace: create it, or correct spec.agentRef", ref.Kind, ref.Name)
	}
	return nil
}

// unseenAgent says why a workload can't be looked up. A cache that is not filled in time
// is one that may not be filled.
func unseenAgent(ref *v1alpha1.AgentReference, err error) string {
	if apierrors.IsForbidden(err) || apierrors.IsTimeout(err) {
		return fmt.Sprintf("the %s %q can't be looked up: the operator's role must allow to get, list and watch that kind", ref.Kind, ref.Name)
	}
	return fmt.Sprintf("the %s %q can't be looked up at the moment: the operator tries again", ref.Kind, ref.Name)
}

// hadNoFault tells whether nothing was said against the workload that the spec names.
func hadNoFault(s *scope) bool {
	ready := meta.FindStatusCondition(s.before.Status.Conditions, v1alpha1.ConditionReady)
	return s.before.Status.ObservedGeneration == s.conn.Generation && ready != nil &&
		ready.Reason != v1alpha1.ReasonAgentNotFound
}

// isNew tells whether a kind was first found not to be cached a short time ago.
func (a *AgentWatcher) isNew(kind schema.GroupVersionKind, now time.Time) bool {
	first, _ := a.late.LoadOrStore(kind, now)
	return now.Sub(first.(time.Time)) < agentFills
}

// patience is how long a pass waits for the cache of a kind.
func (a *AgentWatcher) patience(kind schema.GroupVersionKind) time.Duration {
	if _, late := a.late.Load(kind); late {
		return agentGlance
	}
	return agentPatience
}

func (a *AgentWatcher) exists(ctx context.Context, kind schema.GroupVersionKind, key types.NamespacedName) (bool, error) {
	if err := a.ensure(kind); err != nil {
		if meta.IsNoMatchError(err) {
			return false, nil
		}
		return false, fmt.Errorf("watching the kind of the agent: %w", err)
	}
	workload := &metav1.PartialObjectMetadata{}
	workload.SetGroupVersionKind(kind)
	err := a.Reader.Get(ctx, key, workload)
	if err == nil || apierrors.IsNotFound(err) {
		a.late.Delete(kind)
	}
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the agent: %w", err)
	}
	return true, nil
}

// ensure watches a kind, once.
func (a *AgentWatcher) ensure(kind schema.GroupVersionKind) error {
	if _, is := a.watched.Load(kind); is {
		return nil
	}
	_, err, _ := a.starts.Do(kind.String(), func() (any, error) {
		if _, is := a.watched.Load(kind); is {
			return nil, nil
		}
		if err := a.Watch(kind); err != nil {
			return nil, err
		}
		a.watched.Store(kind, true)
		return nil, nil
	})
	return err
}
