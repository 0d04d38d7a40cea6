// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart writes those files of the Helm chart that say the same as files
// under config/, so that each right stands in one place: the CRDs, the roles, the
// admission policy, and what Prometheus and Grafana are told.
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
	monitoring  = "config/monitoring"
	chartSight  = "charts/x-operator/files/monitoring"
)

// sight are the files of config/monitoring that hold nothing to configure.
var sight = []string{"prometheus-rule.yaml", "dashboard.json"}

func main() {
	err := errors.Join(
		convert(crds, chartCRDs, asItIs),
		convert(roles, chartRBAC, template),
		convert(policy, chartPolicy, template),
		convertFiles(monitoring, chartSight, sight, asItIs),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

func asItIs(content string) string { return content }

// convert makes one folder anew of the YAML files of another.
func convert(from, to string, change func(string) string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.yaml"))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("there are no files in %s: run this in the repository's root", from), err)
	}
	var names []string
	for _, file := range files {
		if name := filepath.Base(file); name != "kustomization.yaml" {
			names = append(names, name)
		}
	}
	return convertFiles(from, to, names, change)
}

// convertFiles makes one folder anew of some files of another.
func convertFiles(from, to string, names []string, change func(string) string) error {
	if err := errors.Join(os.RemoveAll(to), os.MkdirAll(to, 0o750)); err != nil {
		return err
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name)) //nolint:gosec // A file of the repository.
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), []byte(change(string(content))), 0o600); err != nil {
			return err
		}
	}
	return nil
}
