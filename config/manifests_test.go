// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"io"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/manifests"
)

// installable are the folders that install an operator.
var installable = []string{
	"default",
	"overlays/gateway",
	"overlays/hardened",
	"overlays/ingress",
	"overlays/shards",
	"overlays/single-namespace",
}

// TestAppliesStrictlyAndSettles applies each object three times: the second may
// still store what the API server adds to a new object, as the Gateway's CRD does
// with its status, but the third must change nothing, or GitOps tools would never
// rest. Where a controller wrote in between, as it does of the status of a new CRD
// or admission policy, the third says nothing, and is applied again.
func TestAppliesStrictlyAndSettles(t *testing.T) {
	for _, folder := range installable {
		t.Run(folder, func(t *testing.T) {
			c := strict(t, envtest.Cluster(t))
			for _, object := range install(t, folder) {
				settled := apply(t, c, object)
				again, err := applyTo(t, c, object, settled)
				for apierrors.IsConflict(err) {
					settled = apply(t, c, object)
					again, err = applyTo(t, c, object, settled)
				}
				if err != nil || again != settled {
					t.Errorf("applying %s %s again and again changes it: %v", object.GetKind(), object.GetName(), err)
				}
			}
		})
	}
}

// applyTo applies an object if it has this resourceVersion, and else is a conflict.
func applyTo(t *testing.T, c client.Client, object *unstructured.Unstructured, version string) (string, error) {
	t.Helper()
	guarded := object.DeepCopy()
	guarded.SetResourceVersion(version)
	return manifests.Apply(t.Context(), c, guarded)
}

// TestStrictnessIsReal proves that the test above can fail.
func TestStrictnessIsReal(t *testing.T) {
	install(t, "default")
	c := envtest.Cluster(t).Client()
	unknown := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Service",
		"metadata":   map[string]any{"name": "unknown-field", "namespace": systemNamespace},
		"spec":       map[string]any{"ports": []any{map[string]any{"prot": int64(80)}}},
	}}
	err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(unknown), client.FieldOwner("test"))
	if err == nil || !strings.Contains(err.Error(), "prot") {
		t.Errorf("an unknown field: %v", err)
	}
	careless := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "careless", Namespace: systemNamespace},
		Spec:       corev1.PodSpec{ServiceAccountName: "x-operator-callback", Containers: []corev1.Container{{Name: "c", Image: "i"}}},
	}
	if err := c.Create(t.Context(), careless, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("a pod that is not restricted: %v", err)
	}
}

// TestPodsAreAdmitted makes a pod of each Deployment, which quota, priority and
// Pod Security admit or not; of a Deployment itself they only warn.
func TestPodsAreAdmitted(t *testing.T) {
	objects := install(t, "default")
	c := strict(t, envtest.Cluster(t))
	for _, deployment := range deployments(t, objects) {
		pod := &corev1.Pod{
			ObjectMeta: *deployment.Spec.Template.ObjectMeta.DeepCopy(),
			Spec:       deployment.Spec.Template.Spec,
		}
		pod.Namespace, pod.Name = systemNamespace, deployment.Name
		if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
			t.Errorf("a pod of %s: %v", deployment.Name, err)
		}
		if *pod.Spec.Priority != 1000000 {
			t.Errorf("a pod of %s has priority %d", deployment.Name, *pod.Spec.Priority)
		}
	}
}

// TestFlagsAreKnown holds the arguments to the flags that the operator has.
func TestFlagsAreKnown(t *testing.T) {
	for _, folder := range append([]string{"overlays/agent-tls"}, installable...) {
		for _, deployment := range deployments(t, build(t, folder)) {
			args := deployment.Spec.Template.Spec.Containers[0].Args
			options, err := app.ParseFlags("x-operator", args, io.Discard)
			if err != nil {
				t.Errorf("%s: %s: %v", folder, deployment.Name, err)
			}
			component := deployment.Spec.Template.Labels["app.kubernetes.io/component"]
			if len(options.Components) != 1 || !options.Runs(app.Component(component)) {
				t.Errorf("%s: %s runs %v", folder, deployment.Name, options.Components)
			}
		}
	}
}

// TestTimeToDrain: a process that is told to stop has the time that docs/operations.md
// says, to store what X answered.
func TestTimeToDrain(t *testing.T) {
	for _, folder := range append([]string{"overlays/agent-tls"}, installable...) {
		for _, deployment := range deployments(t, build(t, folder)) {
			if period := deployment.Spec.Template.Spec.TerminationGracePeriodSeconds; period == nil || *period < 120 {
				t.Errorf("%s: %s is not given 120 seconds to end", folder, deployment.Name)
			}
		}
	}
}

// TestAgentTLS: the flag, the mount and the Secret belong together, and the Service
// says https.
func TestAgentTLS(t *testing.T) {
	objects := build(t, "overlays/agent-tls")
	var secretName, scheme string
	for _, object := range objects {
		switch object.GetKind() {
		case "Certificate":
			secretName, _, _ = unstructured.NestedString(object.Object, "spec", "secretName")
		case "Service":
			if object.GetName() == "x-operator-agent" {
				ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
				scheme, _ = ports[0].(map[string]any)["appProtocol"].(string)
			}
		}
	}
	for _, deployment := range deployments(t, objects) {
		pod := deployment.Spec.Template.Spec
		directory, served := strings.CutPrefix(argument(deployment, "--agent-tls-cert-dir="), "--agent-tls-cert-dir=")
		if served != (deployment.Name == "x-operator-agent") {
			t.Errorf("%s serves the agents' door over TLS: %t", deployment.Name, served)
		}
		if !served {
			continue
		}
		mount, volume := pod.Containers[0].VolumeMounts[0], pod.Volumes[0]
		if mount.MountPath != directory || mount.Name != volume.Name || volume.Secret.SecretName != secretName || scheme != "https" {
			t.Errorf("%q, %+v, %+v, %q and %q do not go together", directory, mount, volume, secretName, scheme)
		}
	}
}

// TestNamespacesMatchRights holds --namespaces to the namespaces that an overlay
// grants rights in, which are those that must be there before.
func TestNamespacesMatchRights(t *testing.T) {
	for folder, want := range map[string]string{
		"default":                   "",
		"overlays/gateway":          "",
		"overlays/ingress":          "",
		"overlays/shards":           "",
		"overlays/hardened":         "--namespaces=customer-a,customer-b",
		"overlays/single-namespace": "--namespaces=customer-a",
	} {
		t.Run(folder, func(t *testing.T) {
			objects := build(t, folder)
			bound := tenantsBound(objects)
			if got := namespacesArgument(unmade(objects)); got != want {
				t.Errorf("the namespaces that must be there are %q, want %q", got, want)
			}
			for _, deployment := range deployments(t, objects) {
				component := deployment.Spec.Template.Labels["app.kubernetes.io/component"]
				if got := argument(deployment, "--namespaces="); got != want {
					t.Errorf("%s: %q, want %q", component, got, want)
				}
				if got := namespacesArgument(bound[component]); got != want {
					t.Errorf("%s is bound for %q, want %q", component, got, want)
				}
			}
		})
	}
}

// tenantsBound lists, for each component, the namespaces of tenants with a
// RoleBinding for its account, in kustomize's order, which is by name.
func tenantsBound(objects []*unstructured.Unstructured) map[string][]string {
	bound := map[string][]string{}
	for _, object := range objects {
		if object.GetKind() != "RoleBinding" || object.GetNamespace() == systemNamespace {
			continue
		}
		subjects, _, _ := unstructured.NestedSlice(object.Object, "subjects")
		for _, subject := range subjects {
			account, _ := subject.(map[string]any)["name"].(string)
			component := strings.TrimPrefix(account, "x-operator-")
			bound[component] = append(bound[component], object.GetNamespace())
		}
	}
	return bound
}

func namespacesArgument(namespaces []string) string {
	if len(namespaces) == 0 {
		return ""
	}
	return "--namespaces=" + strings.Join(namespaces, ",")
}

func deployments(t *testing.T, objects []*unstructured.Unstructured) []*appsv1.Deployment {
	t.Helper()
	var found []*appsv1.Deployment
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		deployment := &appsv1.Deployment{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, deployment); err != nil {
			t.Fatal(err)
		}
		found = append(found, deployment)
	}
	if len(found) < 3 {
		t.Fatalf("%d Deployments, want at least 3", len(found))
	}
	return found
}

// argument is the first argument with a prefix, or empty.
func argument(deployment *appsv1.Deployment, prefix string) string {
	for _, arg := range deployment.Spec.Template.Spec.Containers[0].Args {
		if strings.HasPrefix(arg, prefix) {
			return arg
		}
	}
	return ""
}
