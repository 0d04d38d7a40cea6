// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// TestPoliciesIsolateTheOperator: what no policy allows neither reaches a pod of the
// operator nor leaves it, in each installation.
func TestPoliciesIsolateTheOperator(t *testing.T) {
	for _, folder := range installable {
		objects := build(t, folder)
		for _, deployment := range deployments(t, objects) {
			isolated := isolation(t, objects, deployment.Spec.Template.Labels)
			if want := []networkingv1.PolicyType{"Egress", "Ingress"}; !slices.Equal(isolated, want) {
				t.Errorf("%s: a pod of %s is isolated for %v", folder, deployment.Name, isolated)
			}
		}
	}
}

// TestOthersAreLeftAlone: other pods of the operator's namespace are as they would be
// without it. Policies do not isolate them, and the callback's Service and the
// disruption budgets are not theirs.
func TestOthersAreLeftAlone(t *testing.T) {
	objects := build(t, "overlays/gateway")
	for name, pod := range map[string]labels.Set{
		"a pod without labels":  nil,
		"cert-manager's solver": {"acme.cert-manager.io/http01-solver": "true"},
		// Istio gives a Gateway's labels to the proxies that it runs for it.
		"a Gateway's proxy": find(t, objects, "Gateway").GetLabels(),
	} {
		if isolated := isolation(t, objects, pod); len(isolated) > 0 {
			t.Errorf("%s is isolated for %v", name, isolated)
		}
		if budgets := budgetsOf(t, objects, pod); budgets > 0 {
			t.Errorf("%s has %d disruption budgets", name, budgets)
		}
		selector, _, _ := unstructured.NestedStringMap(find(t, objects, "Service", "x-operator-callback").Object, "spec", "selector")
		if labels.SelectorFromSet(selector).Matches(pod) {
			t.Errorf("%s gets the callback's traffic", name)
		}
	}
}

// isolation is what policies isolate a pod for, sorted.
func isolation(t *testing.T, objects []*unstructured.Unstructured, pod labels.Set) []networkingv1.PolicyType {
	t.Helper()
	var types []networkingv1.PolicyType
	for _, object := range objects {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		policy := &networkingv1.NetworkPolicy{}
		convert(t, object, policy)
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil {
			t.Fatal(err)
		}
		if selector.Matches(pod) {
			types = append(types, policy.Spec.PolicyTypes...)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}
