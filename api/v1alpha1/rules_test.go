// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/envtest"
)

// rule is one case of validation: what differs from a valid base, and everything
// that the API server says about it. Without want the object must be accepted.
type rule struct {
	name string
	// object replaces the base's name.
	object string
	// spec is laid over the base's spec.
	spec map[string]any
	// want are the causes, as "field: message".
	want []string
}

// check asks the API server, without storing anything.
func (r rule) check(t *testing.T, base *unstructured.Unstructured) {
	c := envtest.Cluster(t).Client()
	object := base.DeepCopy()
	if r.object != "" {
		object.SetName(r.object)
	}
	maps.Copy(object.Object["spec"].(map[string]any), r.spec)
	err := c.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	if diff := difference(causes(err), r.want); diff != "" {
		t.Errorf("the API server says:\n%s", diff)
	}
}

// notChecked is what the API server adds when the schema alone refuses an object.
const notChecked = "some validation rules were not checked"

// causes are an error's causes as "field: message"; an error that has none is
// given as it is.
func causes(err error) []string {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return []string{err.Error()}
	}
	var texts []string
	for _, cause := range status.Status().Details.Causes {
		if !strings.Contains(cause.Message, notChecked) {
			texts = append(texts, cause.Field+": "+cause.Message)
		}
	}
	return texts
}

// difference compares as sets: the API server promises no order. A wanted cause
// is the field and what its message must say.
func difference(got, want []string) string {
	var lines []string
	for _, cause := range want {
		at := slices.IndexFunc(got, func(text string) bool { return says(text, cause) })
		if at < 0 {
			lines = append(lines, "missing: "+cause)
			continue
		}
		got = slices.Delete(got, at, at+1)
	}
	for _, cause := range got {
		lines = append(lines, "unexpected: "+cause)
	}
	return strings.Join(lines, "\n")
}

func says(got, want string) bool {
	field, text, _ := strings.Cut(want, ": ")
	return strings.HasPrefix(got, field+": ") && strings.Contains(got, text)
}
