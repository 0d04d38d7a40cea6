// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"path/filepath"
	"testing"
)

// TestNothingPrunesTheAccounts: with a CRD go its objects, and with the operator's
// namespace the grants. So Flux and Argo CD leave both alone when they go from Git.
func TestNothingPrunesTheAccounts(t *testing.T) {
	overlays, err := filepath.Glob("overlays/*")
	if err != nil || len(overlays) < 5 {
		t.Fatalf("there are %d overlays (%v)", len(overlays), err)
	}
	for _, folder := range append(overlays, "default") {
		kept := 0
		for _, object := range build(t, folder) {
			if kind := object.GetKind(); kind != "CustomResourceDefinition" && kind != "Namespace" {
				continue
			}
			kept++
			annotations := object.GetAnnotations()
			if annotations["kustomize.toolkit.fluxcd.io/prune"] != "disabled" ||
				annotations["argocd.argoproj.io/sync-options"] != "Prune=false,Delete=false" {
				t.Errorf("%s: the %s %s can be pruned: %v", folder, object.GetKind(), object.GetName(), annotations)
			}
		}
		if kept != 4 {
			t.Errorf("%s has %d CRDs and namespaces", folder, kept)
		}
	}
}
