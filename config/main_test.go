// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config_test proves the manifests in this folder: a real API server
// takes them as they are, and they grant what they say and no more.
package config_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlenvtest "sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/manifests"
)

const systemNamespace = manifests.Namespace

func TestMain(m *testing.M) {
	// The controller manager aggregates ClusterRoles.
	os.Exit(envtest.Run(m, controlplane.Options{ControllerManager: true}))
}

// build is what `kustomize build` makes of a folder.
func build(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := manifests.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// buildChanged builds an overlay of a copy of this folder, with another content.
func buildChanged(t *testing.T, overlay, content string) []*unstructured.Unstructured {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(copied, "overlays", overlay)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	objects, err := manifests.BuildIn(copied, filepath.Join("overlays", overlay))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name) //nolint:gosec // A file of the repository.
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// tenants makes the namespaces that docs/install.md has its readers make before some
// overlays.
const tenants = "samples/gitops/namespaces"

// install applies what a folder makes, as `kubectl apply --server-side` does, after
// the tenants' namespaces and no others. At the test's end it takes the rights
// back, so that the next overlay starts without them. An API server's warning fails
// the test: it warns of fields that are deprecated, and of pods that the namespace's
// Pod Security refuses.
func install(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	cluster := envtest.Cluster(t)
	installGatewayAPI(t, cluster)
	c := strict(t, cluster)
	objects := build(t, folder)
	for _, object := range slices.Concat(build(t, tenants), objects) {
		apply(t, c, object)
	}
	t.Cleanup(func() { revoke(t, c, objects) })
	return objects
}

// apply returns the object's resourceVersion afterwards.
func apply(t *testing.T, c client.Client, object *unstructured.Unstructured) string {
	t.Helper()
	version, err := manifests.Apply(t.Context(), c, object)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func revoke(t *testing.T, c client.Client, objects []*unstructured.Unstructured) {
	for _, object := range objects {
		if object.GroupVersionKind().Group != rbacv1.GroupName {
			continue
		}
		if err := c.Delete(context.Background(), object); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// unmade are the namespaces that objects are in and do not make, in order.
func unmade(objects []*unstructured.Unstructured) []string {
	made, used := sets.New(""), sets.New[string]()
	for _, object := range objects {
		used.Insert(object.GetNamespace())
		if object.GetKind() == "Namespace" {
			made.Insert(object.GetName())
		}
	}
	return sets.List(used.Difference(made))
}

func ensureNamespace(t *testing.T, c client.Client, name string) {
	t.Helper()
	if name == "" || name == systemNamespace {
		return
	}
	namespace := &unstructured.Unstructured{}
	namespace.SetAPIVersion("v1")
	namespace.SetKind("Namespace")
	namespace.SetName(name)
	apply(t, c, namespace)
}

// strict makes an administrator's client that fails the test on a warning.
func strict(t *testing.T, cluster *controlplane.ControlPlane) client.Client {
	t.Helper()
	config := cluster.Config()
	config.WarningHandlerWithContext = warnings{t}
	c, err := client.New(config, client.Options{Scheme: cluster.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type warnings struct{ t *testing.T }

var _ rest.WarningHandlerWithContext = warnings{}

func (w warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.t.Errorf("the API server warns: %s", text)
}

// installGatewayAPI installs the CRDs that the Gateway API's own module carries.
func installGatewayAPI(t *testing.T, cluster *controlplane.ControlPlane) {
	t.Helper()
	module, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatalf("finding the Gateway API's module: %v", err)
	}
	crds := filepath.Join(strings.TrimSpace(string(module)), "config", "crd", "standard")
	_, err = ctrlenvtest.InstallCRDs(cluster.Config(), ctrlenvtest.CRDInstallOptions{
		Paths: []string{
			filepath.Join(crds, "gateway.networking.k8s.io_gateways.yaml"),
			filepath.Join(crds, "gateway.networking.k8s.io_httproutes.yaml"),
		},
		ErrorIfPathMissing: true,
	})
	if err != nil {
		t.Fatalf("installing the Gateway API: %v", err)
	}
}
