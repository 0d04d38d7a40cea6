// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// completionPatience is how long a shell waits for names.
const completionPatience = 3 * time.Second

// noFiles tells the shell that file names are no answer.
const noFiles = cobra.ShellCompDirectiveNoFileComp

// completeName offers XConnections for a command that takes one.
func (f *factory) completeName(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	return f.completeNames(cmd, args, prefix)
}

// completeNames offers the XConnections of the namespace that are not named yet,
// each with how it stands.
func (f *factory) completeNames(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	client, namespace, err := f.connections()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	conns, err := client.list(ctx, namespace, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var offered []string
	for i := range conns {
		conn := &conns[i]
		if strings.HasPrefix(conn.Name, prefix) && !slices.Contains(args, conn.Name) {
			offered = append(offered, cobra.CompletionWithDesc(conn.Name, ready(conn).Reason))
		}
	}
	return offered, noFiles
}

// completePost offers the XPosts of the namespace, each with how it stands.
func (f *factory) completePost(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	client, namespace, err := f.posts()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := client.list(ctx, namespace)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var offered []string
	for i := range list {
		if strings.HasPrefix(list[i].Name, prefix) {
			offered = append(offered, cobra.CompletionWithDesc(list[i].Name, ready(&list[i]).Reason))
		}
	}
	return offered, noFiles
}

// completeNamespaces offers the namespaces for -n.
func (f *factory) completeNamespaces(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	core, err := f.core()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list, err := core.Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, namespace := range list.Items {
		names = append(names, namespace.Name)
	}
	return beginning(names, prefix), noFiles
}

// completeFlag says what a flag of a command may be. It fails only for a flag that
// is not there.
func completeFlag(cmd *cobra.Command, flag string, complete cobra.CompletionFunc) {
	utilruntime.Must(cmd.RegisterFlagCompletionFunc(flag, complete))
}

// completeOneOf says that a flag is one of these words.
func completeOneOf(cmd *cobra.Command, flag string, words []string) {
	completeFlag(cmd, flag, func(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		return beginning(words, prefix), noFiles
	})
}

// beginning keeps the words that begin with a prefix: not every shell does.
func beginning(words []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return !strings.HasPrefix(word, prefix) })
}
