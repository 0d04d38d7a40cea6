// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// calls are the calls of this command in a manifest: what stands under args after it.
var calls = regexp.MustCompile(`command: \[/kubectl-xconnection\]\n *args:\n((?: *(?:- |# ).*\n)+)`)

// TestSamplesCallUsRight parses the arguments that the samples give to this command.
func TestSamplesCallUsRight(t *testing.T) {
	found := map[string]int{}
	for file, content := range samples(t, "*/*.yaml") {
		for _, match := range calls.FindAllSubmatch(content, -1) {
			var arguments []string
			if err := yaml.Unmarshal(match[1], &arguments); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			cmd, err := parsed(arguments)
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

// samples reads the samples that a pattern names.
func samples(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../config/samples/" + pattern)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{}
	for _, file := range files {
		if contents[file], err = os.ReadFile(file); err != nil { //nolint:gosec // A file of the repository.
			t.Fatal(err)
		}
	}
	return contents
}

// parsed gives the command that arguments call, and why it would not take them.
func parsed(arguments []string) (*cobra.Command, error) {
	root := command.New(command.Options{IOStreams: genericiooptions.NewTestIOStreamsDiscard()})
	cmd, rest, err := root.Find(arguments)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	return cmd, err
}

var (
	// skillCalls are the calls of this command in a skill: lines of code, and flags that
	// the text names.
	skillCalls = regexp.MustCompile(`(?m)^    kubectl-xconnection (.+)$`)
	skillFlags = regexp.MustCompile("`--([a-z-]+)[^`]*`")
	// quotedWord is a word of a line for a shell.
	quotedWord = regexp.MustCompile(`'[^']*'|\S+`)
)

// TestSkillsCallUsRight parses the calls that the skills tell an agent to make, and holds
// them to what an agent may: each thing that is published has a request id, and what is
// read comes through the agents' door, for which it needs no Secret.
func TestSkillsCallUsRight(t *testing.T) {
	found := map[string]int{}
	for file, content := range samples(t, "social-manager/skills/*/SKILL.md") {
		for _, match := range skillCalls.FindAllStringSubmatch(string(content), -1) {
			cmd, err := parsed(quotedWord.FindAllString(match[1], -1))
			if err != nil {
				t.Errorf("%s: %s: %v", file, match[1], err)
				continue
			}
			found[cmd.Name()]++
			if needed := map[string]string{"post": "request-id", "mentions": "door"}[cmd.Name()]; needed != "" && !cmd.Flags().Changed(needed) {
				t.Errorf("%s: %s goes without --%s", file, match[1], needed)
			}
		}
		for _, match := range skillFlags.FindAllStringSubmatch(string(content), -1) {
			if !anyHas(match[1], "post", "mentions") {
				t.Errorf("%s: no command has the flag --%s", file, match[1])
			}
		}
	}
	if found["post"] < 3 || found["mentions"] < 1 {
		t.Errorf("the skills call %v", found)
	}
}

// anyHas tells whether one of these commands has a flag.
func anyHas(flag string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		cmd, err := parsed([]string{name, "a"})
		return err == nil && cmd.Flags().Lookup(flag) != nil
	})
}
