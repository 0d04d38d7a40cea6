// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// shippedImage is how config/ and the chart name the image.
const shippedImage = "agentconnect/x-operator"

const installFile = "install.yaml"

// writeInstallFile makes config/default one file to apply, with the image by its
// digest: what runs is what was checked.
func (r *release) writeInstallFile(digest v1.Hash) error {
	overlay := kustomize.Kustomization{
		TypeMeta:  kustomize.TypeMeta{APIVersion: kustomize.KustomizationVersion, Kind: kustomize.KustomizationKind},
		Resources: []string{"../config/default"},
		Images:    []kustomize.Image{{Name: shippedImage, NewName: r.image, Digest: digest.String()}},
	}
	content, err := yaml.Marshal(overlay)
	if err != nil {
		return err
	}
	folder := filepath.Join(r.source, "release-overlay")
	if err := os.Mkdir(folder, 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), content, 0o600); err != nil {
		return err
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return fmt.Errorf("building config/default: %w", err)
	}
	manifests, err := resources.AsYaml()
	if err != nil {
		return err
	}
	return r.write(installFile, manifests)
}

func (r *release) chartName() string { return "x-operator-" + r.chartVersion() + ".tgz" }

// chartVersion has no v: Helm wants it so.
func (r *release) chartVersion() string { return strings.TrimPrefix(r.version, "v") }

// writeChart packages the chart as Helm does, with the release's version and image.
func (r *release) writeChart(digest v1.Hash) error {
	entries, err := filesIn(filepath.Join(r.source, "charts", "x-operator"), 0o644)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		switch e.name {
		case "Chart.yaml":
			e.content, err = setLines(e.content, "version: ", r.chartVersion(), "appVersion: ", r.version)
		case "values.yaml":
			e.content, err = setLines(e.content, "  repository: ", r.image, "  digest: ", digest.String())
		}
		if err != nil {
			return fmt.Errorf("the chart's %s: %w", e.name, err)
		}
		e.name = "x-operator/" + e.name
	}
	packed, err := tarGz(entries, r.when)
	if err != nil {
		return err
	}
	return r.write(r.chartName(), packed)
}

// setLines gives lines of a YAML file another value, and keeps all else as it is.
// The arguments are pairs of what a line begins with and its value; there must be
// one such line.
func setLines(content []byte, pairs ...string) ([]byte, error) {
	for i := 0; i < len(pairs); i += 2 {
		line := regexp.MustCompile("(?m)^" + regexp.QuoteMeta(pairs[i]) + ".*$")
		if found := len(line.FindAll(content, -1)); found != 1 {
			return nil, fmt.Errorf("%d lines begin with %q, want one", found, pairs[i])
		}
		content = line.ReplaceAllLiteral(content, []byte(pairs[i]+pairs[i+1]))
	}
	return content, nil
}
