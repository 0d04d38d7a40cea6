// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// Flux judges by the healthCheckExprs of a Kustomization, and by kstatus where there
// are none for a kind.
type Flux struct{ exprs []healthCheckExpr }

// healthCheckExpr is an entry of spec.healthCheckExprs of a Kustomization.
type healthCheckExpr struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Current    string `json:"current"`
	InProgress string `json:"inProgress"`
	Failed     string `json:"failed"`
}

// LoadFlux reads all expressions of the layers in config/samples/flux.
func LoadFlux() (*Flux, error) { return loadFlux("kustomizations.yaml") }

// LoadFluxAgents reads those of the layers that make agents wait for their account.
func LoadFluxAgents() (*Flux, error) { return loadFlux("agents.yaml") }

func loadFlux(file string) (*Flux, error) {
	content, err := sample("flux/" + file)
	if err != nil {
		return nil, err
	}
	flux := &Flux{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), len(content))
	for {
		var kustomization struct {
			Spec struct {
				HealthCheckExprs []healthCheckExpr `json:"healthCheckExprs"`
			} `json:"spec"`
		}
		if err := decoder.Decode(&kustomization); errors.Is(err, io.EOF) {
			return flux, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the Kustomizations: %w", err)
		}
		flux.exprs = append(flux.exprs, kustomization.Spec.HealthCheckExprs...)
	}
}

// Status is the object's status by the rules of Flux's RFC 0009: a generation that
// is not observed yet is in progress; then inProgress, failed and current are asked
// in this order; and what none of them says is in progress.
func (f *Flux) Status(ctx context.Context, object *unstructured.Unstructured) (status.Status, error) {
	for _, expr := range f.exprs {
		if expr.APIVersion == object.GetAPIVersion() && expr.Kind == object.GetKind() {
			return expr.status(ctx, object)
		}
	}
	result, err := status.Compute(object)
	if err != nil {
		return "", fmt.Errorf("computing kstatus: %w", err)
	}
	return result.Status, nil
}

func (e healthCheckExpr) status(ctx context.Context, object *unstructured.Unstructured) (status.Status, error) {
	observed, found, err := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if err != nil {
		return "", fmt.Errorf("reading the observed generation: %w", err)
	}
	if found && observed != object.GetGeneration() {
		return status.InProgressStatus, nil
	}
	for _, question := range []struct {
		expr   string
		answer status.Status
	}{
		{e.InProgress, status.InProgressStatus},
		{e.Failed, status.FailedStatus},
		{e.Current, status.CurrentStatus},
	} {
		if question.expr == "" {
			continue
		}
		holds, err := evaluate(ctx, question.expr, object)
		if err != nil {
			return "", err
		}
		if holds {
			return question.answer, nil
		}
	}
	return status.InProgressStatus, nil
}

// evaluate parses and does not compile, as Flux does: the fields at the top of the
// object are variables without a type.
func evaluate(ctx context.Context, expr string, object *unstructured.Unstructured) (bool, error) {
	env, err := cel.NewEnv(cel.HomogeneousAggregateLiterals(), cel.CrossTypeNumericComparisons(true), cel.OptionalTypes())
	if err != nil {
		return false, fmt.Errorf("making a CEL environment: %w", err)
	}
	parsed, issues := env.Parse(expr)
	if issues.Err() != nil {
		return false, fmt.Errorf("parsing %q: %w", expr, issues.Err())
	}
	program, err := env.Program(parsed, cel.InterruptCheckFrequency(100))
	if err != nil {
		return false, fmt.Errorf("preparing %q: %w", expr, err)
	}
	value, _, err := program.ContextEval(ctx, object.Object)
	if err != nil {
		return false, fmt.Errorf("evaluating %q: %w", expr, err)
	}
	holds, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("%q gives no boolean", expr)
	}
	return holds, nil
}
