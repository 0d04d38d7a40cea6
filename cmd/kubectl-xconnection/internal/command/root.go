// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"k8s.io/kubectl/pkg/util/templates"
)

const (
	// program is the file's name; kubectl finds plugins by it.
	program = "kubectl-xconnection"
	// completer is the name under which kubectl asks a plugin for completions.
	completer = "kubectl_complete-xconnection"
	// invocation is how people call it.
	invocation = "kubectl xconnection"
)

var (
	rootLong = templates.LongDesc(`
		Connect agents to X accounts, and look after the connections.

		An XConnection stands for one agent's X account. A person consents once, in a
		browser; from then on the X operator keeps a fresh access token in a Secret.
		This plugin needs no rights beyond those on XConnections (for adopt: on the
		operator's namespace), and never shows a token.

		Results are printed to standard output, everything else to standard error.
		Exit codes, for scripts:

		 *   0: done
		 *   1: an error, such as a wrong flag, a missing object or a missing right
		 *   2: the connection is not ready, or somebody must act first
		 *   3: --timeout passed; what was asked for stands
		 * 130: interrupted`)

	rootExample = templates.Examples(`
		# Connect an account: prints a link, opens it, and waits for the consent
		kubectl xconnection connect social-manager

		# Publish a post, and wait until it is at X
		kubectl xconnection post social-manager --text 'Hello'

		# How do the connections of all namespaces stand?
		kubectl xconnection status -A

		# In a script: is it ready, and whose account is it?
		kubectl xconnection status social-manager -o jsonpath='{.username}'`)
)

// Run runs the plugin and gives the exit code.
func Run(ctx context.Context, arguments []string, options Options) int {
	root := New(options)
	root.SetArgs(arguments)
	// client-go logs what it tries again: errors are told here, once, at the end.
	return report(ctx, root.ExecuteContext(klog.NewContext(ctx, klog.Logger{})), options)
}

// Arguments gives the arguments of a process. Under the name by which kubectl asks
// for completions (a link to the plugin will do), it completes.
func Arguments(argv []string) []string {
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	if name == completer {
		return append([]string{cobra.ShellCompRequestCmd}, argv[1:]...)
	}
	return argv[1:]
}

// New makes the root command.
func New(options Options) *cobra.Command {
	f := newFactory(options)
	root := &cobra.Command{
		Use:           program,
		Short:         "Connect agents to X accounts",
		Long:          rootLong,
		Example:       rootExample,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: invocation},
		SilenceErrors: true,
		Run:           func(cmd *cobra.Command, _ []string) { _ = cmd.Help() },
	}
	root.SetIn(options.In)
	root.SetOut(options.Out)
	root.SetErr(options.ErrOut)
	f.flags.AddFlags(root.PersistentFlags())
	groups := templates.CommandGroups{
		{Message: "Consent Commands:", Commands: []*cobra.Command{newConnect(f), newReconnect(f), newDisconnect(f)}},
		{Message: "Posting Commands:", Commands: []*cobra.Command{newPost(f), newApprove(f), newReject(f), newMentions(f), newProxy(f)}},
		{Message: "Operating Commands:", Commands: []*cobra.Command{newStatus(f), newRefresh(f), newAdopt(f)}},
	}
	groups.Add(root)
	templates.ActsAsRootCommand(root, []string{"options"}, groups...)
	root.AddCommand(newGlobalOptions(options), newVersion(options))
	completeFlag(root, "namespace", f.completeNamespaces)
	return root
}

// newGlobalOptions lists the flags of every command, as kubectl's does.
func newGlobalOptions(options Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "options",
		Short: "Print the list of flags inherited by all commands",
		Run:   func(cmd *cobra.Command, _ []string) { _ = cmd.Usage() },
	}
	cmd.SetOut(options.Out)
	cmd.SetErr(options.Out)
	templates.UseOptionsTemplates(cmd)
	return cmd
}
