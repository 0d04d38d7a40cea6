// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/internal/envtest"
)

// plainSamples are the samples for agents that hold Kubernetes' own kinds alone.
var plainSamples = []string{"sidecar.yaml", "token-file.yaml", "tools.yaml"}

// agentSamples are all objects of the samples for agents, by file; those of
// social-manager stand under its folder.
func agentSamples(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	samples := map[string][]*unstructured.Unstructured{"social-manager": build(t, "samples/social-manager")}
	for _, file := range append(plainSamples, "kagent.yaml", "toolhive.yaml") {
		samples[file] = readSample(t, file)
	}
	return samples
}

func readSample(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	opened, err := os.Open(filepath.Join("samples", "agents", file)) //nolint:gosec // A file of the repository.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(opened))
	var objects []*unstructured.Unstructured
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &object.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		objects = append(objects, object)
	}
}

// TestAgentSamplesApply applies the plain ones to a real API server, as they are, and
// makes a pod of each template where the Pod Security level is restricted.
func TestAgentSamplesApply(t *testing.T) {
	cluster := envtest.Cluster(t)
	c := strict(t, cluster)
	guarded := envtest.Namespace(t, cluster, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	samples := agentSamples(t)
	for _, name := range append(plainSamples, "social-manager") {
		for _, object := range samples[name] {
			ensureNamespace(t, c, object.GetNamespace())
			apply(t, c, object)
			if object.GetKind() == "ServiceAccount" {
				account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: guarded, Name: object.GetName()}}
				if err := c.Create(t.Context(), account); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, object := range samples[name] {
			if pod, ok := podOf(t, object); ok {
				pod.Namespace, pod.Name = guarded, object.GetName()
				if err := c.Create(t.Context(), pod, client.DryRunAll); err != nil {
					t.Errorf("%s: a pod of the %s %s: %v", name, object.GetKind(), object.GetName(), err)
				}
			}
		}
	}
}

// podOf makes a pod of a workload's template.
func podOf(t *testing.T, object *unstructured.Unstructured) (*corev1.Pod, bool) {
	t.Helper()
	paths := map[string][]string{
		"Deployment": {"spec", "template"},
		"CronJob":    {"spec", "jobTemplate", "spec", "template"},
	}
	template, found, err := unstructured.NestedMap(object.Object, paths[object.GetKind()]...)
	if err != nil {
		t.Fatal(err)
	}
	if !found || paths[object.GetKind()] == nil {
		return nil, false
	}
	pod := &corev1.Pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(template, pod, true); err != nil {
		t.Fatal(err)
	}
	return pod, true
}

// TestAgentsGetTokensOfTheirOwn holds the samples to how tokens must reach a pod: no
// container gets the API server's by default, none an X token by its environment, and a
// token for the door is made for its audience and for one container.
func TestAgentsGetTokensOfTheirOwn(t *testing.T) {
	for name, objects := range agentSamples(t) {
		for _, object := range objects {
			pod, ok := podOf(t, object)
			if !ok {
				continue
			}
			if automount := pod.Spec.AutomountServiceAccountToken; automount == nil || *automount {
				t.Errorf("%s: %s gives each container the API server's token", name, object.GetName())
			}
			for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
				if slices.ContainsFunc(container.Env, func(env corev1.EnvVar) bool { return env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil }) {
					t.Errorf("%s: %s takes a Secret into its environment", name, container.Name)
				}
				if slices.ContainsFunc(container.VolumeMounts, func(mount corev1.VolumeMount) bool { return mount.SubPath != "" }) {
					t.Errorf("%s: %s mounts a file that is never renewed", name, container.Name)
				}
			}
			for _, volume := range pod.Spec.Volumes {
				checkTokenVolume(t, name, pod, &volume)
			}
		}
	}
}

func checkTokenVolume(t *testing.T, sample string, pod *corev1.Pod, volume *corev1.Volume) {
	t.Helper()
	if volume.Secret != nil && volume.Secret.Optional != nil && *volume.Secret.Optional {
		t.Errorf("%s: the pod does not wait for the Secret of %s", sample, volume.Name)
	}
	if volume.Projected == nil {
		return
	}
	for _, source := range volume.Projected.Sources {
		token := source.ServiceAccountToken
		if token == nil {
			continue
		}
		if want := map[string]string{"door-token": "x.agentconnect.dev", "api-access": ""}[volume.Name]; token.Audience != want {
			t.Errorf("%s: the token of %s is for %q, want %q", sample, volume.Name, token.Audience, want)
		}
		mounts := 0
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			for _, mount := range container.VolumeMounts {
				if mount.Name == volume.Name {
					mounts++
				}
			}
		}
		if mounts != 1 {
			t.Errorf("%s: %d containers have the token of %s, want 1", sample, mounts, volume.Name)
		}
	}
}

// TestSocialManagerRights grants exactly what publishing takes.
func TestSocialManagerRights(t *testing.T) {
	for _, object := range build(t, "samples/social-manager") {
		if object.GetKind() != "Role" {
			continue
		}
		role := &rbacv1.Role{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, role); err != nil {
			t.Fatal(err)
		}
		want := []rbacv1.PolicyRule{{APIGroups: []string{"x.agentconnect.dev"}, Resources: []string{"xposts"}, Verbs: []string{"create", "get", "watch"}}}
		if diff := cmp.Diff(want, role.Rules); diff != "" {
			t.Errorf("the rights are not as wanted (-want +got):\n%s", diff)
		}
		return
	}
	t.Error("there is no Role")
}

// TestAgentSamplesFitTogether holds the samples to each other and to what is installed:
// the addresses, the roles and the labels that a policy lets in.
func TestAgentSamplesFitTogether(t *testing.T) {
	samples := agentSamples(t)
	tools := find(t, samples["tools.yaml"], "Service")
	address := "http://" + tools.GetName() + "." + tools.GetNamespace() + ".svc/mcp"
	remote := find(t, samples["kagent.yaml"], "RemoteMCPServer")
	agent := find(t, samples["kagent.yaml"], "Agent")
	proxy := find(t, samples["toolhive.yaml"], "MCPRemoteProxy")
	oidc := find(t, samples["toolhive.yaml"], "MCPOIDCConfig")
	installed := build(t, "default")
	door := find(t, installed, "Service", "x-operator-agent")
	got := map[string]any{
		"kagent's API":       remote.GetAPIVersion() + " " + agent.GetAPIVersion(),
		"kagent's address":   at(remote, "spec", "url"),
		"kagent's reference": at(firstOf(t, agent, "spec", "declarative", "tools"), "mcpServer", "name"),
		"kagent's label":     at(agent, "spec", "declarative", "deployment", "labels", "x-tools"),
		"ToolHive's API":     proxy.GetAPIVersion() + " " + oidc.GetAPIVersion(),
		"ToolHive's address": at(proxy, "spec", "remoteUrl"),
		"ToolHive's sign-in": at(proxy, "spec", "oidcConfigRef", "name"),
		"ToolHive's label":   at(proxy, "spec", "resourceOverrides", "proxyDeployment", "podTemplateMetadataOverrides", "labels", "x-tools"),
		"the policy's label": at(find(t, samples["tools.yaml"], "NetworkPolicy"), "spec", "podSelector", "matchLabels", "app.kubernetes.io/name"),
		"the door":           door.GetName() + "." + door.GetNamespace() + ".svc",
	}
	want := map[string]any{
		"kagent's API": "kagent.dev/v1alpha2 kagent.dev/v1alpha2", "kagent's address": address, "kagent's reference": remote.GetName(), "kagent's label": "allowed",
		"ToolHive's API": "toolhive.stacklok.dev/v1beta1 toolhive.stacklok.dev/v1beta1", "ToolHive's address": address, "ToolHive's sign-in": oidc.GetName(),
		"ToolHive's label": "allowed", "the policy's label": "x-tools", "the door": "x-operator-agent.x-operator-system.svc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the samples do not fit together (-want +got):\n%s", diff)
	}
	for name, objects := range samples {
		for _, object := range objects {
			role, _, _ := unstructured.NestedString(object.Object, "roleRef", "name")
			kind, _, _ := unstructured.NestedString(object.Object, "roleRef", "kind")
			if kind == "ClusterRole" {
				find(t, installed, kind, role)
			}
			if kind == "Role" {
				find(t, samples[name], kind, role)
			}
		}
	}
}

// find is the object of a kind, and of a name if one is given.
func find(t *testing.T, objects []*unstructured.Unstructured, kind string, name ...string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == kind && (len(name) == 0 || object.GetName() == name[0]) {
			return object
		}
	}
	t.Fatalf("there is no %s %v", kind, name)
	return nil
}

func at(object *unstructured.Unstructured, path ...string) any {
	value, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
	return value
}

// firstOf is the first item of a list.
func firstOf(t *testing.T, object *unstructured.Unstructured, path ...string) *unstructured.Unstructured {
	t.Helper()
	items, _ := at(object, path...).([]any)
	if len(items) == 0 {
		t.Fatalf("%s %s has nothing at %v", object.GetKind(), object.GetName(), path)
	}
	item, _ := items[0].(map[string]any)
	return &unstructured.Unstructured{Object: item}
}

// TestSkills holds each SKILL.md to the form of agent skills: front matter with the
// folder's name and a description, then the text.
func TestSkills(t *testing.T) {
	files, err := filepath.Glob("samples/social-manager/skills/*/SKILL.md")
	if err != nil || len(files) != 2 {
		t.Fatalf("there are %d skills (%v)", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // A file of the repository.
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.SplitN(string(content), "---\n", 3)
		if len(parts) != 3 || parts[0] != "" {
			t.Fatalf("%s has no front matter", file)
		}
		var front struct {
			Name          string `json:"name"`
			Description   string `json:"description"`
			Compatibility string `json:"compatibility"`
		}
		if err := yaml.UnmarshalStrict([]byte(parts[1]), &front); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if front.Name != filepath.Base(filepath.Dir(file)) || front.Description == "" || len(front.Description) > 1024 || strings.TrimSpace(parts[2]) == "" {
			t.Errorf("%s: the front matter is %+v", file, front)
		}
	}
}
