// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// prefixes are what a name may carry, as other commands print and take it.
var prefixes = []string{
	"xconnection.x.agentconnect.dev/", "xconnections.x.agentconnect.dev/",
	"xconnection/", "xconnections/", "xconn/",
}

// postPrefixes are what an XPost's name may carry.
var postPrefixes = []string{
	"xpost.x.agentconnect.dev/", "xposts.x.agentconnect.dev/", "xpost/", "xposts/",
}

// oneName accepts exactly one name.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError(cmd, "exactly one NAME is required, and %d were given", len(args))
	}
	return nil
}

// plainName takes the kind off a name such as xconnection.x.agentconnect.dev/agent.
func plainName(argument string) string { return without(prefixes, argument) }

// plainPostName takes the kind off the name of an XPost.
func plainPostName(argument string) string { return without(postPrefixes, argument) }

func without(prefixes []string, argument string) string {
	for _, prefix := range prefixes {
		if name, ok := strings.CutPrefix(strings.ToLower(argument), prefix); ok {
			return name
		}
	}
	return argument
}

func plainNames(arguments []string) []string {
	names := make([]string, 0, len(arguments))
	for _, argument := range arguments {
		names = append(names, plainName(argument))
	}
	return names
}

// usageError is a wrong call, in kubectl's words.
func usageError(cmd *cobra.Command, format string, arguments ...any) error {
	return &problem{
		code: ExitError,
		what: fmt.Sprintf(format, arguments...),
		next: fmt.Sprintf("See '%s --help' for usage.", cmd.CommandPath()),
	}
}
