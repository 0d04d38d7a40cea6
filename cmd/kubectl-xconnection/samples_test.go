// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// calls are the calls of this command in a manifest: what stands under args after it.
var calls = regexp.MustCompile(`command: \[/kubectl-xconnection\]\n *args:\n((?: *- .*\n)+)`)

// TestSamplesCallUsRight parses the arguments that the samples give to this command.
func TestSamplesCallUsRight(t *testing.T) {
	files, err := filepath.Glob("../../config/samples/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // A file of the repository.
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range calls.FindAllSubmatch(content, -1) {
			var arguments []string
			if err := yaml.Unmarshal(match[1], &arguments); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			root := command.New(command.Options{IOStreams: genericiooptions.NewTestIOStreamsDiscard()})
			cmd, rest, err := root.Find(arguments)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: %v: %v", file, arguments, err)
			}
			found[cmd.Name()]++
		}
	}
	if found["post"] != 1 || found["proxy"] != 2 {
		t.Errorf("the samples call %v", found)
	}
}
