// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/internal/envtest"
)

// operatorNamespace is where config/default installs the operator, and where the
// samples expect it.
const operatorNamespace = "x-operator-system"

const samples = "../../config/samples/"

func ensureOperatorNamespace(t *testing.T) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}}
	err := envtest.Cluster(t).Client().Create(t.Context(), namespace)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// applyStrictly applies one sample as a user would, and is told of each field that
// is unknown or given twice.
func applyStrictly(t *testing.T, path, namespace string) string {
	t.Helper()
	output, err := envtest.Cluster(t).Kubectl(t.Context(),
		"apply", "--server-side", "--validate=strict", "--namespace", namespace, "--filename", path)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func TestSamplesApply(t *testing.T) {
	ensureOperatorNamespace(t)
	tenant := envtest.Namespace(t, envtest.Cluster(t), nil)
	tests := []struct{ file, namespace, want string }{
		{"x_v1alpha1_xapp.yaml", operatorNamespace,
			"xapp.x.agentconnect.dev/acme serverside-applied\nsecret/acme-x-app serverside-applied\n"},
		{"x_v1alpha1_xconnection.yaml", tenant,
			"xconnection.x.agentconnect.dev/social-manager serverside-applied\n"},
		{"x_v1alpha1_xconnection_own.yaml", tenant,
			"secret/my-x-app serverside-applied\nxconnection.x.agentconnect.dev/social-manager-own serverside-applied\n"},
		{"x_v1alpha1_xpost.yaml", tenant,
			"xpost.x.agentconnect.dev/hello serverside-applied\n"},
		{"x_v1alpha1_xpost_thread.yaml", tenant,
			"xpost.x.agentconnect.dev/launch serverside-applied\n"},
	}
	for _, test := range tests {
		if got := applyStrictly(t, samples+test.file, test.namespace); got != test.want {
			t.Errorf("%s gives\n%s, want\n%s", test.file, got, test.want)
		}
	}
	if files, _ := filepath.Glob(samples + "x_*.yaml"); len(files) != len(tests) {
		t.Errorf("there are %d samples, and %d are tested", len(files), len(tests))
	}
}

func TestSamplesSayWhatTheyAre(t *testing.T) {
	files, err := filepath.Glob(samples + "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // A file of the repository.
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(content), "# ") {
			t.Errorf("%s does not begin with a comment that says what it is", file)
		}
	}
}
