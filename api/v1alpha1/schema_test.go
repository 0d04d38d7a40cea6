// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// schemas are the generated schemas by kind.
func schemas(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	paths, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	found := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, path := range paths {
		content, err := os.ReadFile(path) //nolint:gosec // A file of the repository.
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &crd); err != nil {
			t.Fatal(err)
		}
		found[crd.Spec.Names.Kind] = *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return found
}

// foreign are subtrees whose words are Kubernetes' own.
var foreign = []string{"apiVersion", "kind", "metadata", "conditions", "selector"}

// Each field is explained, in a text that begins with its name.
func TestEveryFieldIsExplained(t *testing.T) {
	for kind, root := range schemas(t) {
		for _, part := range []string{"spec", "status"} {
			explained(t, kind+"."+part, part, root.Properties[part])
		}
	}
}

func explained(t *testing.T, path, name string, field apiextensionsv1.JSONSchemaProps) {
	if !strings.HasPrefix(field.Description, name) {
		t.Errorf("%s is explained by %q, want a text that begins with the field's name", path, field.Description)
	}
	if slices.Contains(foreign, name) {
		return
	}
	properties := field.Properties
	if field.Items != nil {
		properties = field.Items.Schema.Properties
	}
	for child, property := range properties {
		explained(t, path+"."+child, child, property)
	}
}

func TestKubectlExplain(t *testing.T) {
	output, err := envtest.Cluster(t).Kubectl(t.Context(), "explain", "xconnection.spec.refreshInterval")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(output, "refreshInterval is the time from one refresh of the token to the next") {
		t.Errorf("kubectl explain says\n%s", output)
	}
}

// The kinds that Go code knows are the kinds that the API server lets in: each
// kind is tried in each group.
func TestAgentKindsAreThoseOfTheRule(t *testing.T) {
	versions := map[string]string{"": "v1", "apps": "apps/v1", "batch": "batch/v1",
		"kagent.dev": "kagent.dev/v1alpha2", "toolhive.stacklok.dev": "toolhive.stacklok.dev/v1alpha1"}
	kinds := []string{"Secret", "ReplicaSet", "ModelConfig", "MCPRegistry"}
	for _, known := range xv1alpha1.AgentKinds() {
		kinds = append(kinds, known.Kind)
	}
	var rules []rule
	for group, version := range versions {
		for _, kind := range kinds {
			tried := rule{name: version + " " + kind, spec: one("agentRef", map[string]any{"apiVersion": version, "kind": kind, "name": "agent"})}
			if !slices.Contains(xv1alpha1.AgentKinds(), schema.GroupKind{Group: group, Kind: kind}) {
				tried.want = []string{saysKind}
			}
			rules = append(rules, tried)
		}
	}
	checkConnections(t, rules)
}
