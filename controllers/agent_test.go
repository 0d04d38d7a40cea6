// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// A cache that is not filled yet can't tell whether a workload is there: what was well
// stays well, and is looked at again.
func TestReadAgentOfALateCache(t *testing.T) {
	for ready, missing := range map[metav1.ConditionStatus]bool{metav1.ConditionTrue: false, metav1.ConditionFalse: true} {
		s := connectedScope()
		s.conn.Spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "agent"}
		s.before.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready}}
		r := &XConnectionReconciler{Agents: &AgentWatcher{
			Watch: func(schema.GroupVersionKind) error { return nil },
			Reader: interceptor.NewClient(fake.NewClientBuilder().Build(), interceptor.Funcs{
				Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
					return apierrors.NewTimeoutError("failed waiting for the informer to sync", 0)
				},
			}),
		}}
		if err := r.readAgent(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if (s.agentMissing != "") != missing || s.agentUnseen == missing {
			t.Errorf("Ready was %s: missing %q, unseen %t", ready, s.agentMissing, s.agentUnseen)
		}
		if next := plan(s); !next.isWait() || next.at.Sub(s.now) > conflictLook {
			t.Errorf("Ready was %s: the next step is %+v", ready, next)
		}
	}
}
