// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/agentconnect/x-operator/internal/manifests"
)

// TestEveryRoleIsExplained: docs/security.md lists the roles that are shipped for
// people and agents, which are those that are bound to nobody, and no others.
func TestEveryRoleIsExplained(t *testing.T) {
	objects, err := manifests.Build("default")
	if err != nil {
		t.Fatal(err)
	}
	shipped := map[string]bool{}
	for _, object := range objects {
		if object.GetKind() == "ClusterRole" {
			shipped[object.GetName()] = true
		}
	}
	for _, object := range objects {
		if bound, found, _ := unstructured.NestedString(object.Object, "roleRef", "name"); found {
			delete(shipped, bound)
		}
	}
	explained := codes(pageAt(t, "docs/security.md").column("role"))
	maps.DeleteFunc(explained, func(role string, _ bool) bool { return !strings.HasPrefix(role, "x-operator-") })
	want, got := slices.Sorted(maps.Keys(shipped)), slices.Sorted(maps.Keys(explained))
	if !slices.Equal(want, got) {
		t.Errorf("the page explains\n%v, and these are shipped:\n%v", got, want)
	}
}
