// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// oldest is the CEL of the oldest Kubernetes that docs/install.md and the chart name:
// the first that serves ValidatingAdmissionPolicy in v1. Other fields that came late
// (unhealthyPodEvictionPolicy, matchLabelKeys) are older than it.
var oldest = environment.MustBaseEnvSet(version.MajorMinor(1, 30))

// TestRulesCompileForTheOldest compiles each rule of the CRDs.
func TestRulesCompileForTheOldest(t *testing.T) {
	rules := 0
	for _, object := range build(t, "crd") {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		convert(t, object, crd)
		for _, served := range crd.Spec.Versions {
			internal := &apiextensions.JSONSchemaProps{}
			if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(served.Schema.OpenAPIV3Schema, internal, nil); err != nil {
				t.Fatal(err)
			}
			structural, err := schema.NewStructural(internal)
			if err != nil {
				t.Fatal(err)
			}
			rules += compileRules(t, structural, true)
		}
	}
	if rules < 20 {
		t.Errorf("%d rules were compiled: are they found at all?", rules)
	}
}

// compileRules goes through a schema, and gives the number of rules in it.
func compileRules(t *testing.T, s *schema.Structural, root bool) int {
	t.Helper()
	results, err := cel.Compile(s, model.SchemaDeclType(s, root), celconfig.PerCallLimit, oldest, cel.NewExpressionsEnvLoader())
	if err != nil {
		t.Fatal(err)
	}
	rules := len(results)
	for i, result := range results {
		if result.Error != nil {
			t.Errorf("%s: %v", s.XValidations[i].Rule, result.Error)
		}
	}
	for _, property := range s.Properties {
		rules += compileRules(t, &property, false)
	}
	if s.Items != nil {
		rules += compileRules(t, s.Items, false)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		rules += compileRules(t, s.AdditionalProperties.Structural, false)
	}
	return rules
}

// TestPolicyCompilesForTheOldest compiles what the admission policy asks.
func TestPolicyCompilesForTheOldest(t *testing.T) {
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	convert(t, find(t, build(t, "policy"), "ValidatingAdmissionPolicy"), policy)
	compiler, err := plugincel.NewCompositedCompiler(oldest)
	if err != nil {
		t.Fatal(err)
	}
	options := plugincel.OptionalVariableDeclarations{HasAuthorizer: true}
	for _, variable := range policy.Spec.Variables {
		result := compiler.CompileAndStoreVariable(&validating.Variable{Name: variable.Name, Expression: variable.Expression}, options, environment.NewExpressions)
		if result.Error != nil {
			t.Errorf("%s: %v", variable.Name, result.Error)
		}
	}
	for _, validation := range policy.Spec.Validations {
		result := compiler.CompileCELExpression(&validating.ValidationCondition{Expression: validation.Expression}, options, environment.NewExpressions)
		if result.Error != nil {
			t.Errorf("%s: %v", validation.Expression, result.Error)
		}
	}
}
