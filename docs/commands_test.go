// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/agentconnect/x-operator/internal/envtest"
)

// known are the programs that a page may call without a check of what follows.
var known = []string{
	"apt-get", "argocd", "cosign", "curl", "docker", "export", "flux", "git", "go", "gzip", "ln", "openssl", "playground", "sha256sum", "tail", "tar",
}

// TestCommands checks every command in the pages: programs are known, make's targets
// and files of the repository exist, and kubectl, with our plugin, has the
// subcommands and flags.
func TestCommands(t *testing.T) {
	shell := newShell(t)
	checked, programs := map[string]bool{}, map[string]bool{}
	for _, p := range pages(t) {
		for _, code := range p.blocks {
			for _, command := range code.commands() {
				words := split(command.text)
				if len(words) == 0 || checked[command.text] {
					continue
				}
				checked[command.text], programs[words[0]] = true, true
				if err := shell.check(t.Context(), words); err != nil {
					t.Errorf("%s:%d: %s: %v", p.path, command.line, command.text, err)
				}
			}
		}
	}
	for _, program := range []string{"kubectl", "make", "helm"} {
		if !programs[program] {
			t.Errorf("no page calls %s: are they read at all?", program)
		}
	}
}

// TestCommandsAreChecked proves that the test above can fail.
func TestCommandsAreChecked(t *testing.T) {
	shell := newShell(t)
	for command, good := range map[string]bool{
		"kubectl get xapps -o yaml":                true,
		"kubectl -n a rollout restart deployment":  true,
		"kubectl xconnection refresh a --wait":     true,
		"kubectl apply -k config/overlays/ingress": true,
		"make demo": true,
		"helm install a charts/x-operator --set b=c": true,
		"kubectl gett xapps":                         false,
		"kubectl get xapps --ot yaml":                false,
		"kubectl rollout restrat deployment":         false,
		"kubectl xconnection conect a":               false,
		"kubectl xconnection connect a --wiat":       false,
		"kubectl apply -k config/overlays/egress":    false,
		"make demos":                     false,
		"helm install a charts/operator": false,
		"kubcetl get xapps":              false,
		"kubectl apply -f config/samples/x_v1alpha1_xconn.yaml": false,
	} {
		if err := shell.check(t.Context(), split(command)); (err == nil) != good {
			t.Errorf("%s: %v", command, err)
		}
	}
}

var consoleLanguages = []string{"", "console", "sh", "bash", "shell"}

// commands are a block's lines for a shell. Where some begin with "$ " the others are
// output; a block without a language counts if its first line calls a program.
func (b block) commands() []found {
	if !slices.Contains(consoleLanguages, b.language) {
		return nil
	}
	prompted := regexp.MustCompile(`(?m)^\$ `).MatchString(b.text)
	if b.language == "" && !prompted && !regexp.MustCompile(`^(kubectl|make|helm|hack/\S+|go) `).MatchString(b.text) {
		return nil
	}
	var all []found
	lines := strings.Split(b.text, "\n")
	for i := 0; i < len(lines); i++ {
		first, line := i, lines[i]
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + strings.TrimSpace(lines[i])
		}
		command, isCommand := strings.CutPrefix(line, "$ ")
		if (isCommand || !prompted) && strings.TrimSpace(command) != "" {
			all = append(all, found{b.line + first + 1, command})
		}
	}
	return all
}

var word = regexp.MustCompile(`(?:"(?:\\.|[^"])*"|'[^']*'|[^\s"'])+`)

// split gives the words of a command: up to a comment, a pipe or a redirection.
// Assignments before it are left out, and an assignment alone has none.
func split(command string) []string {
	var words []string
	for _, text := range word.FindAllString(command, -1) {
		if text == "|" || text == "&&" || strings.HasPrefix(text, ">") || strings.HasPrefix(text, "#") {
			break
		}
		if len(words) == 0 && regexp.MustCompile(`^[A-Za-z_]+=`).MatchString(text) {
			continue
		}
		words = append(words, strings.Trim(text, `"'`))
	}
	return words
}

// buildPlugin builds our kubectl plugin for all tests.
var buildPlugin = sync.OnceValue(func() error {
	build := exec.Command("go", "build", "-o", filepath.Join(pluginFolder, "kubectl-xconnection"), "../cmd/kubectl-xconnection") //nolint:gosec // Our own plugin.
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the plugin: %w\n%s", err, output)
	}
	return nil
})

// shell knows what can be called.
type shell struct {
	kubectl string
	// path has the plugin's folder in front.
	path    string
	targets []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	kubectl := envtest.Cluster(t).Binary("kubectl")
	if err := buildPlugin(); err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	s := &shell{kubectl: kubectl, path: pluginFolder + ":" + filepath.Dir(kubectl) + ":" + os.Getenv("PATH")}
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		s.targets = append(s.targets, match[1])
	}
	return s
}

func (s *shell) check(ctx context.Context, words []string) error {
	if err := filesExist(words); err != nil {
		return err
	}
	switch program := words[0]; {
	case program == "kubectl":
		return s.checkKubectl(ctx, words[1:])
	case program == "make":
		return s.checkMake(words[1:])
	case program == "helm", slices.Contains(known, program):
		return nil
	case strings.Contains(program, "/"):
		_, err := os.Stat(filepath.Join(root, program))
		return err
	default:
		return fmt.Errorf("no page should call %q, or the test should know it", program)
	}
}

// checkKubectl asks for help after all words: kubectl refuses what it does not know
// before it prints any. Help of a group, such as rollout, means that the word after
// the group is not one of its commands.
func (s *shell) checkKubectl(ctx context.Context, words []string) error {
	cmd := exec.CommandContext(ctx, s.kubectl, append(slices.Clone(words), "--help")...) //nolint:gosec // A command of our pages, for its help.
	cmd.Env = append(os.Environ(), "PATH="+s.path)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl: %s", strings.TrimSpace(string(output)))
	}
	group := strings.Contains(string(output), "Available Commands:")
	if group && !slices.ContainsFunc(words, func(word string) bool { return word == "-f" || word == "-k" }) {
		return fmt.Errorf("kubectl prints a list of commands: one of the words is none")
	}
	return nil
}

func (s *shell) checkMake(words []string) error {
	for _, target := range words {
		if !strings.Contains(target, "=") && !slices.Contains(s.targets, target) {
			return fmt.Errorf("make has no target %q", target)
		}
	}
	return nil
}

// filesExist looks for the words that name something in the repository.
func filesExist(words []string) error {
	for _, text := range words {
		path := strings.TrimPrefix(text, "./")
		if !regexp.MustCompile(`^(api|charts|cmd|config|controllers|docs|hack|internal|test|webhook)/[\w./-]+$`).MatchString(path) {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, strings.TrimSuffix(path, "/..."))); err != nil {
			return fmt.Errorf("there is no %s", path)
		}
	}
	return nil
}
