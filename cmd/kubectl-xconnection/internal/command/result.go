// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// resultFlags are the output flags of commands that change an object.
func resultFlags() *genericclioptions.PrintFlags {
	return genericclioptions.NewPrintFlags("").WithTypeSetter(scheme)
}

func addResultFlags(cmd *cobra.Command, flags *genericclioptions.PrintFlags) {
	flags.AddFlags(cmd)
	completeOneOf(cmd, "output", flags.AllowedFormats())
}

// result prints an object that was changed, as kubectl does: its name and what was
// done to it, or the object in the wanted format.
func (f *factory) result(object subject, flags *genericclioptions.PrintFlags, done string) error {
	flags.NamePrintFlags.Operation = done
	printer, err := flags.ToPrinter()
	if err != nil {
		return err
	}
	if err := printer.PrintObj(object, f.Out); err != nil {
		return fmt.Errorf("printing %s: %w", title(object), err)
	}
	return nil
}
