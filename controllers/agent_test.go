// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

var errNotFilled = apierrors.NewTimeoutError("failed waiting for the informer to sync", 0)

// watcherOf watches every kind; get answers each look for a workload.
func watcherOf(get func(context.Context) error) *AgentWatcher {
	return &AgentWatcher{
		Watch: func(schema.GroupVersionKind) error { return nil },
		Reader: interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
			Get: func(ctx context.Context, _ client.WithWatch, _ client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
				return get(ctx)
			},
		}),
	}
}

// A cache that is not filled yet can't tell whether a workload is there: what was well
// stays well, and is looked at again.
func TestReadAgentOfALateCache(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*scope)
		after   time.Duration
		missing bool
	}{
		"all was well":          {func(*scope) {}, 0, false},
		"not for ever":          {func(*scope) {}, agentFills, true},
		"it was missing":        {func(s *scope) { s.before.Status.Conditions[0].Reason = v1alpha1.ReasonAgentNotFound }, 0, true},
		"X was away":            {func(s *scope) { s.before.Status.Conditions[0].Status = metav1.ConditionFalse }, 0, false},
		"another spec was well": {func(s *scope) { s.conn.Generation++ }, 0, true},
	} {
		s := connectedScope()
		s.conn.Spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "agent"}
		s.before.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
		s.before.Status.ObservedGeneration = s.conn.Generation
		test.change(s)
		r := &XConnectionReconciler{Agents: watcherOf(func(context.Context) error { return errNotFilled })}
		r.Agents.isNew(s.conn.Spec.AgentRef.GroupVersionKind(), s.now.Add(-test.after))
		if err := r.readAgent(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if (s.agentMissing != "") != test.missing || s.agentUnseen == test.missing {
			t.Errorf("%s: missing %q, unseen %t", name, s.agentMissing, s.agentUnseen)
		}
		if next := plan(s); !next.isWait() || next.at.Sub(s.now) > conflictLook {
			t.Errorf("%s: the next step is %+v", name, next)
		}
	}
}

// A kind whose cache is not filled keeps a worker waiting once; a cache that is filled is
// waited for as before.
func TestOnlyTheFirstLookWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		filled := false
		r := &XConnectionReconciler{Agents: watcherOf(func(ctx context.Context) error {
			until, _ := ctx.Deadline()
			waits = append(waits, time.Until(until))
			if filled {
				return nil
			}
			<-ctx.Done()
			return errNotFilled
		})}
		s := connectedScope()
		s.conn.Spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "v1", Kind: "Pod", Name: "agent"}
		for _, filled = range []bool{false, false, true, true} {
			if err := r.readAgent(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		if want := []time.Duration{agentPatience, agentGlance, agentGlance, agentPatience}; !slices.Equal(waits, want) {
			t.Errorf("the looks may wait for %v, want %v", waits, want)
		}
	})
}
