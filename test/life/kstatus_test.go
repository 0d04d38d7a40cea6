// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestKstatus: what GitOps tools make of a connection, by the library that they
// use; and kubectl wait.
func TestKstatus(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent")
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	tn.isStatus(conn, status.InProgressStatus)

	tn.consent(conn, xsim.Choice{Account: "kstatus"})
	if _, err := tn.plane.Kubectl(t.Context(), "wait", "--for=condition=Ready", "--timeout=30s", "-n", tn.namespace, "xconnection/agent"); err != nil {
		t.Error(err)
	}
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.isStatus(conn, status.CurrentStatus)

	greedy := tn.connection("greedy", useShared, func(conn *v1alpha1.XConnection) { conn.Spec.Scopes = []string{"dm.read"} })
	tn.says(greedy, v1alpha1.ReasonInvalidConfig, "dm.read")
	tn.isStatus(greedy, status.FailedStatus)
}

func (tn *tenant) isStatus(conn *v1alpha1.XConnection, want status.Status) {
	tn.t.Helper()
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(conn)
	if err != nil {
		tn.t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		tn.t.Fatal(err)
	}
	if result.Status != want {
		tn.t.Errorf("kstatus says %s (%s), not %s", result.Status, result.Message, want)
	}
}
