// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// app is a valid base.
func app() *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "x.agentconnect.dev/v1alpha1",
		"kind":       "XApp",
		"spec":       map[string]any{"credentialsSecretRef": named("acme-x-app")},
	}}
	object.SetName("base")
	return object
}

func TestAppRules(t *testing.T) {
	rules := []rule{
		{name: "the least"},
		{name: "63 characters", object: strings.Repeat("a", 63)},
		{name: "64 characters", object: strings.Repeat("a", 64), want: []string{"<nil>: " + saysNameTooLong}},
		{name: "no Secret", spec: one("credentialsSecretRef", nil),
			want: []string{"spec.credentialsSecretRef: Required value"}},
		{name: "a Secret that can't exist", spec: one("credentialsSecretRef", named("Acme")),
			want: []string{"spec.credentialsSecretRef.name: " + saysSecretName}},
		{name: "no scope", spec: one("allowedScopes", []any{}),
			want: []string{"spec.allowedScopes: should have at least 1 items"}},
		{name: "a scope twice", spec: one("allowedScopes", []any{"tweet.read", "tweet.read"}),
			want: []string{"spec.allowedScopes: each scope must be listed once"}},
		{name: "two scopes in one", spec: one("allowedScopes", []any{"tweet.read tweet.write"}),
			want: []string{"spec.allowedScopes[0]: " + saysScope}},
		{name: "username required in words", spec: one("requireUsername", "yes"),
			want: []string{"spec.requireUsername: must be of type boolean"}},
		{name: "a field that is misspelt", spec: one("allowedNamespace", map[string]any{}),
			want: []string{`XApp in version "v1alpha1" cannot be handled as a XApp: strict decoding error: unknown field "spec.allowedNamespace"`}},
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.check(t, app()) })
	}
}

func TestAppSelectorRules(t *testing.T) {
	const says = "spec.allowedNamespaces.selector.matchExpressions: each of selector.matchExpressions needs the operator In or NotIn with values"
	expression := func(operator string, values ...any) map[string]any {
		entry := map[string]any{"key": "team", "operator": operator}
		if len(values) > 0 {
			entry["values"] = values
		}
		return one("allowedNamespaces", map[string]any{"selector": map[string]any{"matchExpressions": []any{entry}}})
	}
	rules := []rule{
		{name: "every namespace", spec: one("allowedNamespaces", map[string]any{})},
		{name: "by label", spec: one("allowedNamespaces", map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"x": "allowed"}}})},
		{name: "in", spec: expression("In", "red")},
		{name: "exists", spec: expression("Exists")},
		{name: "in nothing", spec: expression("NotIn"), want: []string{says}},
		{name: "exists with values", spec: expression("DoesNotExist", "red"), want: []string{says}},
		{name: "another operator", spec: expression("in", "red"), want: []string{says}},
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.check(t, app()) })
	}
}
