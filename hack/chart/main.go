// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart writes those files of the Helm chart that say the same as files
// under config/, so that each right stands in one place: the CRDs, the roles, and the
// admission policy.
// `make generate` runs it in the repository's root. What is configurable in the
// chart is written by hand, and a test holds it to kustomize's output.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	crds        = "config/crd/bases"
	roles       = "config/rbac"
	policy      = "config/policy"
	chartCRDs   = "charts/x-operator/files/crds"
	chartRBAC   = "charts/x-operator/templates/rbac"
	chartPolicy = "charts/x-operator/templates/policy"
)

func main() {
	err := errors.Join(
		convert(crds, chartCRDs, func(content string) string { return content }),
		convert(roles, chartRBAC, template),
		convert(policy, chartPolicy, template),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

// convert makes one folder anew of the YAML files of another.
func convert(from, to string, change func(string) string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.yaml"))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("there are no files in %s: run this in the repository's root", from), err)
	}
	if err := errors.Join(os.RemoveAll(to), os.MkdirAll(to, 0o750)); err != nil {
		return err
	}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "kustomization.yaml" {
			continue
		}
		content, err := os.ReadFile(file) //nolint:gosec // A file of the repository.
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), []byte(change(string(content))), 0o600); err != nil {
			return err
		}
	}
	return nil
}
