// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"strings"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestShardsShareAllConnections: each XConnection is one shard's, whatever its label
// says, and no door serves one shard alone.
func TestShardsShareAllConnections(t *testing.T) {
	var selectors []labels.Selector
	for _, deployment := range deployments(t, build(t, "overlays/shards")) {
		argument := strings.TrimPrefix(argument(deployment, "--selector="), "--selector=")
		controllers := deployment.Spec.Template.Labels["app.kubernetes.io/component"] == "controllers"
		if (argument != "") != controllers {
			t.Errorf("%s selects %q", deployment.Name, argument)
		}
		if !controllers {
			continue
		}
		selector, err := labels.Parse(argument)
		if err != nil {
			t.Fatal(err)
		}
		selectors = append(selectors, selector)
	}
	for _, connection := range []labels.Set{nil, {"x.agentconnect.dev/shard": "b"}, {"x.agentconnect.dev/shard": "c"}} {
		count := 0
		for _, selector := range selectors {
			if selector.Matches(connection) {
				count++
			}
		}
		if count != 1 {
			t.Errorf("a connection with the labels %v belongs to %d of %d shards", connection, count, len(selectors))
		}
	}
}

// TestShardsHaveOneBudget: a pod that two disruption budgets protect can't be evicted.
func TestShardsHaveOneBudget(t *testing.T) {
	objects := build(t, "overlays/shards")
	for _, deployment := range deployments(t, objects) {
		if count := budgetsOf(t, objects, deployment.Spec.Template.Labels); count != 1 {
			t.Errorf("a pod of %s has %d disruption budgets", deployment.Name, count)
		}
	}
}

func budgetsOf(t *testing.T, objects []*unstructured.Unstructured, pod labels.Set) int {
	t.Helper()
	count := 0
	for _, object := range objects {
		if object.GetKind() != "PodDisruptionBudget" {
			continue
		}
		budget := &policyv1.PodDisruptionBudget{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, budget); err != nil {
			t.Fatal(err)
		}
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil {
			t.Fatal(err)
		}
		if selector.Matches(pod) {
			count++
		}
	}
	return count
}
