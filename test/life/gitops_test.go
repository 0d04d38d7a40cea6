// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"encoding/json"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/gitops"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// gitOpsManager is the field manager of the tool that applies from Git.
const gitOpsManager = "gitops"

// TestGitOpsHealth: what Argo CD and Flux, set up with the samples, show of a real
// connection's life; and that Argo CD's action refreshes.
func TestGitOpsHealth(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent")
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	tn.isHealth(conn, "Suspended", status.CurrentStatus)

	tn.consent(conn, xsim.Choice{Account: "gitops", Deny: true})
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonAuthorizationDenied)
	tn.isHealth(conn, "Suspended", status.CurrentStatus)

	tn.consent(conn, xsim.Choice{Account: "gitops"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.isHealth(conn, "Healthy", status.CurrentStatus)
	tn.act(conn, "refresh")
	tn.eventually("waiting for the refresh", conn, func(conn *v1alpha1.XConnection) bool { return conn.Status.Rotation == 2 })

	greedy := tn.connection("greedy", useShared, func(conn *v1alpha1.XConnection) { conn.Spec.Scopes = []string{"dm.read"} })
	tn.says(greedy, v1alpha1.ReasonInvalidConfig, "dm.read")
	tn.isHealth(greedy, "Degraded", status.FailedStatus)
}

// TestGitOpsOwnership: a tool that applies an XConnection from Git again and again,
// without force, never meets a field that the operator owns, and the operator leaves
// the tool's labels and annotations alone.
func TestGitOpsOwnership(t *testing.T) {
	tn := newTenant(t)
	inGit := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       "XConnection",
		"metadata": map[string]any{
			"name": "agent", "namespace": tn.namespace,
			"labels":      map[string]any{"app.kubernetes.io/instance": "customers"},
			"annotations": map[string]any{"argocd.argoproj.io/tracking-id": "customers:agent"},
		},
		"spec": map[string]any{
			"authMethod": "Own", "appSecretRef": map[string]any{"name": "own-app"}, "username": "ownership",
		},
	}}
	tn.applyFromGit(inGit)
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent"}}
	tn.consent(conn, xsim.Choice{Account: "ownership"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)

	before := tn.applyFromGit(inGit)
	after := tn.applyFromGit(inGit)
	if before.GetResourceVersion() != after.GetResourceVersion() {
		t.Error("applying what is there already changes the object")
	}
	for _, entry := range after.GetManagedFields() {
		tn.ownsOnlyItsOwn(entry)
	}
	if after.GetLabels()["app.kubernetes.io/instance"] == "" || len(after.GetAnnotations()) != 1 {
		t.Errorf("the metadata is not as in Git: %v, %v", after.GetLabels(), after.GetAnnotations())
	}
}

// ownsOnlyItsOwn fails the test if the operator owns more than finalizers and status.
func (tn *tenant) ownsOnlyItsOwn(entry metav1.ManagedFieldsEntry) {
	tn.t.Helper()
	if entry.Manager == gitOpsManager {
		return
	}
	var fields map[string]map[string]any
	if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err != nil {
		tn.t.Fatal(err)
	}
	for field, inside := range fields {
		finalizer := field == "f:metadata" && len(inside) == 1 && inside["f:finalizers"] != nil
		if !finalizer && (field != "f:status" || entry.Subresource != "status") {
			tn.t.Errorf("the operator owns %s: %s", field, entry.FieldsV1.GetRawString())
		}
	}
}

// applyFromGit applies as GitOps tools do, but without force: a conflict is an error.
func (tn *tenant) applyFromGit(inGit *unstructured.Unstructured) *unstructured.Unstructured {
	tn.t.Helper()
	applied := inGit.DeepCopy()
	err := tn.plane.Client().Apply(tn.t.Context(), client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner(gitOpsManager))
	if err != nil {
		tn.t.Fatal(err)
	}
	return applied
}

func (tn *tenant) isHealth(conn *v1alpha1.XConnection, argo string, flux status.Status) {
	tn.t.Helper()
	object := tn.untyped(conn)
	tools, err := gitops.LoadArgoCD()
	if err != nil {
		tn.t.Fatal(err)
	}
	health, err := tools.Health(object)
	if err != nil || health.Status != argo || !strings.Contains(health.Message, ": ") {
		tn.t.Errorf("Argo CD says %+v, %v, and not %s", health, err, argo)
	}
	exprs, err := gitops.LoadFlux()
	if err != nil {
		tn.t.Fatal(err)
	}
	if got, err := exprs.Status(tn.t.Context(), object); err != nil || got != flux {
		tn.t.Errorf("Flux says %s, %v, and not %s", got, err, flux)
	}
}

// act does what a click on an action does in Argo CD: it patches the object to what
// the script returns.
func (tn *tenant) act(conn *v1alpha1.XConnection, action string) {
	tn.t.Helper()
	argo, err := gitops.LoadArgoCD()
	if err != nil {
		tn.t.Fatal(err)
	}
	before := tn.untyped(conn)
	after, err := argo.Act(before, action)
	if err != nil {
		tn.t.Fatal(err)
	}
	if err := tn.plane.Client().Patch(tn.t.Context(), after, client.MergeFrom(before)); err != nil {
		tn.t.Fatal(err)
	}
}

func (tn *tenant) untyped(conn *v1alpha1.XConnection) *unstructured.Unstructured {
	tn.t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(conn)
	if err != nil {
		tn.t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("XConnection"))
	return object
}
