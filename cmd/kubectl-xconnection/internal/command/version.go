// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/agentconnect/x-operator/internal/version"
)

// newVersion prints which build the plugin is. It asks no cluster.
func newVersion(options Options) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this plugin",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(options.Out, program, version.Get())
			return err
		},
	}
}
