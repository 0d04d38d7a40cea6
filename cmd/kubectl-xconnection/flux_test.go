// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// fluxManager is the field manager of Flux's kustomize-controller.
const fluxManager = "kustomize-controller"

// TestFluxKeepsRequests: a request by the plugin outlives Flux's next pass, and so does
// one by kubectl under the manager that docs/gitops.md names. The plain kubectl annotate,
// which Flux takes back, proves that this test can fail.
func TestFluxKeepsRequests(t *testing.T) {
	request := v1alpha1.AnnotationReconnectRequestedAt
	annotate := func(flags ...string) func(*stage) {
		return func(s *stage) {
			_, err := s.cluster.Kubectl(s.t.Context(), append([]string{"annotate", "xconnection", "agent", "-n", s.namespace, request + "=now"}, flags...)...)
			if err != nil {
				s.t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		asks func(*stage)
		kept bool
	}{
		"the plugin": {func(s *stage) {
			if got := s.runs("reconnect", "agent", "--open=false", "--timeout=100ms"); got.out != "" {
				s.t.Errorf("reconnect says %+v", got)
			}
		}, true},
		"kubectl as Flux has it": {annotate("--field-manager=flux-client-side-apply"), true},
		"kubectl alone":          {annotate(), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.appliesAsFlux()
			test.asks(s)
			asked, err := s.reads(t.Context(), "agent")
			if err != nil || asked.Annotations[request] == "" {
				t.Fatalf("nothing was asked: %v (%v)", asked.Annotations, err)
			}
			s.appliesAsFlux()
			after, err := s.reads(t.Context(), "agent")
			if err != nil {
				t.Fatal(err)
			}
			if kept := after.Annotations[request] != ""; kept != test.kept {
				t.Errorf("after Flux's pass the annotations are %v; managers: %v", after.Annotations, managers(asked.ManagedFields))
			}
		})
	}
}

// appliesAsFlux applies the XConnection "agent" as Flux does without further settings:
// what managers wrote whose names begin with "kubectl", it takes for its own first, and
// gives up with what Git lacks.
func (s *stage) appliesAsFlux() {
	s.t.Helper()
	inGit := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "XConnection",
		"metadata": map[string]any{"namespace": s.namespace, "name": "agent", "labels": map[string]any{labelPlayed: "true"}},
		"spec":     map[string]any{"username": "jane_doe"},
	}}
	live := inGit.DeepCopy()
	err := s.cluster.Client().Get(s.t.Context(), client.ObjectKeyFromObject(inGit), live)
	if entries := takenOver(live.GetManagedFields()); err == nil && entries != nil {
		live.SetManagedFields(entries)
		err = s.cluster.Client().Update(s.t.Context(), live, client.FieldOwner(fluxManager))
	}
	if client.IgnoreNotFound(err) != nil {
		s.t.Fatal(err)
	}
	err = s.cluster.Client().Apply(s.t.Context(), client.ApplyConfigurationFromUnstructured(inGit), client.FieldOwner(fluxManager), client.ForceOwnership)
	if err != nil {
		s.t.Fatal(err)
	}
}

// takenOver are the managers of an object once Flux made kubectl's entry its own; nil if
// there is none. Flux's present entry goes: what Git has it applies anew.
func takenOver(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	taken := slices.IndexFunc(entries, func(entry metav1.ManagedFieldsEntry) bool {
		return strings.HasPrefix(entry.Manager, "kubectl") && entry.Subresource == ""
	})
	if taken < 0 {
		return nil
	}
	own := entries[taken]
	own.Manager, own.Operation = fluxManager, metav1.ManagedFieldsOperationApply
	others := slices.DeleteFunc(slices.Delete(slices.Clone(entries), taken, taken+1), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == fluxManager
	})
	return append(others, own)
}

func managers(entries []metav1.ManagedFieldsEntry) []string {
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Manager)
	}
	return names
}
