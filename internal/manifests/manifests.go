// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifests installs what config/ ships into the control plane of a test,
// and lets the test run the operator as the service accounts that it runs as in a
// cluster. So a right that is missing shows as a failure, and one that nothing
// used can be told.
package manifests

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/agentconnect/x-operator/internal/controlplane"
)

// Namespace is the operator's own, as config/default names it.
const Namespace = "x-operator-system"

// Build is what `kustomize build` makes of a folder under config/, such as
// "default", in an order in which it can be applied.
func Build(folder string) ([]*unstructured.Unstructured, error) {
	return BuildIn(configFolder(), folder)
}

// BuildIn does the same in a copy of config/.
func BuildIn(config, folder string) ([]*unstructured.Unstructured, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(config, folder))
	if err != nil {
		return nil, fmt.Errorf("building the manifests in %s: %w", folder, err)
	}
	objects := make([]*unstructured.Unstructured, 0, resources.Size())
	for _, resource := range resources.Resources() {
		content, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("building the manifests in %s: %w", folder, err)
		}
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("building the manifests in %s: %w", folder, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// configFolder is found beside this file, since tests run in folders of their own.
func configFolder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "config")
}

// Apply applies an object as `kubectl apply --server-side` does, with strict
// field validation, and returns its resourceVersion afterwards.
func Apply(ctx context.Context, c client.Client, object *unstructured.Unstructured) (string, error) {
	applied := object.DeepCopy()
	err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner("test"), client.ForceOwnership)
	if err != nil {
		return "", fmt.Errorf("applying the %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return applied.GetResourceVersion(), nil
}

// Accounts are credentials of the operator's service accounts, and what was done
// with them.
type Accounts struct {
	Controllers, Callback, Agent *Account
}

// Account is one service account.
type Account struct {
	// Config has its credentials, and records what is asked with them.
	Config *rest.Config

	name string
	seen *record
}

// Install applies config/default and gives its service accounts.
func Install(ctx context.Context, plane *controlplane.ControlPlane) (*Accounts, error) {
	objects, err := Build("default")
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if _, err := Apply(ctx, plane.Client(), object); err != nil {
			return nil, err
		}
	}
	controllers, err := account(ctx, plane, "x-operator-controllers")
	if err != nil {
		return nil, err
	}
	callback, err := account(ctx, plane, "x-operator-callback")
	if err != nil {
		return nil, err
	}
	agent, err := account(ctx, plane, "x-operator-agent")
	if err != nil {
		return nil, err
	}
	return &Accounts{Controllers: controllers, Callback: callback, Agent: agent}, nil
}

func account(ctx context.Context, plane *controlplane.ControlPlane, name string) (*Account, error) {
	config, err := plane.ServiceAccountConfig(ctx, Namespace, name)
	if err != nil {
		return nil, err
	}
	made := &Account{Config: config, name: name, seen: &record{}}
	config.Wrap(made.seen.wrap)
	return made, nil
}
