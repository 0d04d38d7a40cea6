// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// krewManifest lies where a krew index has it.
const krewManifest = "plugins/xconnection.yaml"

// krewPlugin is krew's manifest (krew.googlecontainertools.github.com/v1alpha2).
type krewPlugin struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Spec       krewSpec          `json:"spec"`
}

type krewSpec struct {
	Version          string         `json:"version"`
	Homepage         string         `json:"homepage"`
	ShortDescription string         `json:"shortDescription"`
	Description      string         `json:"description"`
	Platforms        []krewPlatform `json:"platforms"`
}

type krewPlatform struct {
	Selector krewSelector `json:"selector"`
	URI      string       `json:"uri"`
	SHA256   string       `json:"sha256"`
	Bin      string       `json:"bin"`
	Files    []krewFile   `json:"files"`
}

type krewSelector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type krewFile struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// writeKrewManifest names each archive of the plugin, with its sum.
func (r *release) writeKrewManifest(built []binary) error {
	manifest := krewPlugin{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2",
		Kind:       "Plugin",
		Metadata:   map[string]string{"name": "xconnection"},
		Spec: krewSpec{
			Version:          r.version,
			Homepage:         homepage,
			ShortDescription: "Connect AI agents to X accounts",
			Description: "Connects X (Twitter) accounts through the X operator, shows how the\n" +
				"connections stand, and refreshes, disconnects and reconnects them.\n" +
				"The operator must be installed in the cluster.\n",
		},
	}
	for _, b := range built {
		if b.program != plugin {
			continue
		}
		platform, err := r.krewPlatform(b.target)
		if err != nil {
			return err
		}
		manifest.Spec.Platforms = append(manifest.Spec.Platforms, platform)
	}
	content, err := yaml.Marshal(manifest)
	if err != nil {
		return err
	}
	return r.write(krewManifest, content)
}

func (r *release) krewPlatform(t target) (krewPlatform, error) {
	archive, err := r.read(t.archiveName(r.version))
	if err != nil {
		return krewPlatform{}, err
	}
	return krewPlatform{
		Selector: krewSelector{map[string]string{"os": t.os, "arch": t.arch}},
		URI:      fmt.Sprintf("%s/releases/download/%s/%s", homepage, r.version, t.archiveName(r.version)),
		SHA256:   sum(archive),
		Bin:      t.file(),
		Files:    []krewFile{{From: t.file(), To: "."}, {From: "LICENSE", To: "."}},
	}, nil
}
