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
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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

// install applies what a folder makes, as `kubectl apply --server-side` does. At
// the test's end it takes the rights back, so that the next overlay starts
// without them. An API server's warning fails the test: it warns of fields that
// are deprecated, and of pods that the namespace's Pod Security refuses.
func install(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	cluster := envtest.Cluster(t)
	installGatewayAPI(t, cluster)
	c := strict(t, cluster)
	objects := build(t, folder)
	for _, object := range objects {
		ensureNamespace(t, c, object.GetNamespace())
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
