// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"encoding/json"
	"maps"
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

// TestGitOpsOwnership: a tool that applies objects from Git again and again, without
// force, never meets a field that the operator owns, changes nothing by it, and finds
// its own labels and annotations as it wrote them.
func TestGitOpsOwnership(t *testing.T) {
	tn := newTenant(t)
	xapp := inGit("XApp", "", "gitops-app-"+tn.namespace, map[string]any{
		"credentialsSecretRef": map[string]any{"name": "acme-x-app"},
	})
	agent := inGit("XConnection", tn.namespace, "agent", map[string]any{
		"authMethod": "Own", "appSecretRef": map[string]any{"name": "own-app"}, "username": tn.handle("g"),
	})
	post := inGit("XPost", tn.namespace, "post", map[string]any{
		"connectionRef": map[string]any{"name": "agent"}, "text": "From Git", "deletionPolicy": "Delete",
	})
	for _, object := range []*unstructured.Unstructured{xapp, agent, post} {
		tn.applyFromGit(object)
	}
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent"}}
	tn.consent(conn, xsim.Choice{Account: tn.handle("g")})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.postReaches(&v1alpha1.XPost{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "post"}}, v1alpha1.ReasonPublished, "Published=True", "Ready=True")
	tn.waitFor("the XApp's status", func() bool {
		seen := &v1alpha1.XApp{}
		err := tn.plane.Client().Get(t.Context(), client.ObjectKeyFromObject(xapp), seen)
		return err == nil && len(seen.Status.Conditions) > 0
	})

	for _, object := range []*unstructured.Unstructured{xapp, agent, post} {
		tn.isLeftAlone(object)
	}
}

// inGit is an object as a tool applies it, with what such tools add.
func inGit(kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{
		"name":        name,
		"labels":      map[string]any{"app.kubernetes.io/instance": "customers"},
		"annotations": map[string]any{"argocd.argoproj.io/tracking-id": "customers:" + name},
	}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": kind, "metadata": metadata, "spec": spec,
	}}
}

// isLeftAlone applies an object that the operator has worked on again.
func (tn *tenant) isLeftAlone(object *unstructured.Unstructured) {
	tn.t.Helper()
	before := tn.applyFromGit(object)
	after := tn.applyFromGit(object)
	if before.GetResourceVersion() != after.GetResourceVersion() {
		tn.t.Errorf("applying the %s that is there changes it", object.GetKind())
	}
	for _, entry := range after.GetManagedFields() {
		tn.ownsOnlyItsOwn(entry)
	}
	if !maps.Equal(after.GetLabels(), object.GetLabels()) || !maps.Equal(after.GetAnnotations(), object.GetAnnotations()) {
		tn.t.Errorf("the metadata of the %s is not as in Git: %v, %v", object.GetKind(), after.GetLabels(), after.GetAnnotations())
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
