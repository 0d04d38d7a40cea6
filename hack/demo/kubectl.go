// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// patience bounds each wait, as kubectl's --timeout takes it.
const patience = "90s"

// call is one run of kubectl.
type call struct {
	arguments []string
	stdin     string
	// shown is the command line that is printed; by default that of arguments.
	shown string
	// most bounds the lines of output that are printed; 0 is all.
	most int
}

// kubectl shows a command and its output, and returns the output.
func (d *demo) kubectl(ctx context.Context, arguments ...string) (string, error) {
	return d.call(ctx, call{arguments: arguments})
}

func (d *demo) call(ctx context.Context, c call) (string, error) {
	if c.shown == "" {
		c.shown = "kubectl " + strings.Join(quoteAll(c.arguments), " ")
	}
	d.out.command(c.shown)
	cmd := d.command(ctx, d.plane.Binary("kubectl"), c.arguments...)
	cmd.Stdin = strings.NewReader(c.stdin)
	var printed, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &complaints
	err := cmd.Run()
	d.out.output(complaints.String()+printed.String(), c.most)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.shown, err)
	}
	return strings.TrimSpace(printed.String()), nil
}

// command is a child process in the repository's folder, as this cluster's
// administrator.
func (d *demo) command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, arguments...) //nolint:gosec // Go or one of the control plane's binaries.
	cmd.Dir = d.root
	cmd.Env = os.Environ()
	if d.plane != nil {
		// kubectl finds its plugin there.
		cmd.Env = append(cmd.Env, "PATH="+filepath.Join(d.root, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
		// The caches of a cluster that is gone soon stay out of the home folder.
		cmd.Env = append(cmd.Env, "KUBECONFIG="+d.plane.Kubeconfig(), "KUBECACHEDIR="+filepath.Join(d.dir, "kube-cache"))
	}
	return cmd
}

// wait waits with kubectl until something holds of an object.
func (d *demo) wait(ctx context.Context, object, what string) error {
	_, err := d.kubectl(ctx, "wait", object, "--for="+what, "--timeout="+patience)
	return err
}

// readyFor is what kubectl waits for to see a reason of the condition Ready.
func readyFor(reason string) string {
	return `jsonpath={.status.conditions[?(@.type=="Ready")].reason}=` + reason
}

// applySample applies a sample after filling in what its author left open, as a
// person does in an editor; the values are not shown.
func (d *demo) applySample(ctx context.Context, file string, blanks ...string) error {
	path := filepath.Join("config", "samples", file)
	content, err := os.ReadFile(filepath.Join(d.root, path)) //nolint:gosec // A file of the repository.
	if err != nil {
		return err
	}
	sample := strings.NewReplacer(blanks...).Replace(string(content))
	if strings.Contains(sample, "REPLACE-WITH") {
		return fmt.Errorf("%s has a placeholder that the demo does not know", path)
	}
	shown := "kubectl apply -f " + path
	if len(blanks) > 0 {
		shown += "   # with the credentials of the app filled in"
	}
	_, err = d.call(ctx, call{arguments: []string{"apply", "-f", "-"}, stdin: sample, shown: shown})
	return err
}
