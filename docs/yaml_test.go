// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// TestYAML has a real API server take every object in the pages, in a dry run with
// strict validation. Kinds that it does not know, such as Flux's, need only be YAML.
func TestYAML(t *testing.T) {
	c := envtest.Cluster(t).Client()
	home := envtest.Namespace(t, envtest.Cluster(t), nil)
	ours := 0
	for _, p := range pages(t) {
		for _, code := range p.blocks {
			if code.language != "yaml" {
				continue
			}
			objects, err := decode(code.text)
			if err != nil {
				t.Errorf("%s:%d: %v", p.path, code.line, err)
			}
			for _, object := range objects {
				if object.GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
					ours++
				}
				if err := dryRun(t, c, object, home); err != nil {
					t.Errorf("%s:%d: %v", p.path, code.line, err)
				}
			}
		}
	}
	if ours < 5 {
		t.Errorf("the pages hold %d objects of ours: are they read at all?", ours)
	}
}

// TestYAMLIsChecked proves that the test above can fail.
func TestYAMLIsChecked(t *testing.T) {
	c := envtest.Cluster(t).Client()
	home := envtest.Namespace(t, envtest.Cluster(t), nil)
	for name, text := range map[string]string{
		"an unknown field":   "{apiVersion: x.agentconnect.dev/v1alpha1, kind: XConnection, metadata: {name: a}, spec: {user: b}}",
		"a rule":             "{apiVersion: x.agentconnect.dev/v1alpha1, kind: XConnection, metadata: {name: a}, spec: {authMethod: Own}}",
		"a kind of no group": "{apiVersion: x.agentconnect.dev/v1alpha1, kind: XConection, metadata: {name: a}}",
	} {
		objects, err := decode(text)
		if err != nil || len(objects) != 1 {
			t.Fatalf("%s: %v, %v", name, objects, err)
		}
		if dryRun(t, c, objects[0], home) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// decode reads the documents that are objects; others, parts of objects, need only
// be readable.
func decode(text string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), len(text))
	for {
		content := map[string]any{}
		err := decoder.Decode(&content)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return objects, fmt.Errorf("reading the YAML: %w", err)
		}
		if content["kind"] != nil && content["apiVersion"] != nil {
			objects = append(objects, &unstructured.Unstructured{Object: content})
		}
	}
}

func dryRun(t *testing.T, c client.Client, object *unstructured.Unstructured, home string) error {
	t.Helper()
	kind := object.GroupVersionKind()
	mapping, err := c.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) && kind.Group != v1alpha1.GroupVersion.Group {
		return nil
	}
	if err != nil {
		return err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if object.GetNamespace() == "" {
			object.SetNamespace(home)
		}
		ensureNamespace(t, c, object.GetNamespace())
	}
	return c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("docs"), client.ForceOwnership, client.DryRunAll)
}

func ensureNamespace(t *testing.T, c client.Client, name string) {
	t.Helper()
	if slices.Contains([]string{"default", ""}, name) {
		return
	}
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(namespace), client.FieldOwner("docs"))
	if err != nil {
		t.Fatal(err)
	}
}
