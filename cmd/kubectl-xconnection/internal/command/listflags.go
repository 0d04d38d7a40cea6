// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
)

const formatWide = "wide"

// listPrintFlags are cli-runtime's output flags, with a table as the default.
type listPrintFlags struct {
	*genericclioptions.PrintFlags
	noHeaders bool
}

func newListPrintFlags() *listPrintFlags {
	flags := genericclioptions.NewPrintFlags("")
	// What is listed is no object of the cluster that a name would lead to.
	flags.NamePrintFlags = nil
	return &listPrintFlags{PrintFlags: flags}
}

func (p *listPrintFlags) addFlags(cmd *cobra.Command) {
	p.AddFlags(cmd)
	cmd.Flags().Lookup("output").Usage = fmt.Sprintf("Output format. One of: (%s).", strings.Join(p.formats(), ", "))
	completeOneOf(cmd, "output", p.formats())
	cmd.Flags().BoolVar(&p.noHeaders, "no-headers", p.noHeaders, "If true, print the table without its headers.")
}

func (p *listPrintFlags) formats() []string {
	formats := append(p.AllowedFormats(), formatWide)
	slices.Sort(formats)
	return formats
}

// human tells whether people are to read the output.
func (p *listPrintFlags) human() bool {
	return *p.OutputFormat == formatWide || *p.OutputFormat == "" && *p.TemplatePrinterFlags.TemplateArgument == ""
}

// showTable prints a table for people, in aligned columns.
func showTable(out io.Writer, table *metav1.Table, options printers.PrintOptions) error {
	writer := printers.GetNewTabWriter(out)
	if err := printers.NewTablePrinter(options).PrintObj(table, writer); err != nil {
		return fmt.Errorf("making the table: %w", err)
	}
	if err := writer.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}

// validate refuses a format that does not exist before anything is asked.
func (p *listPrintFlags) validate() error {
	if p.human() {
		return nil
	}
	_, err := p.ToPrinter()
	if genericclioptions.IsNoCompatiblePrinterError(err) {
		return genericclioptions.NoCompatiblePrinterError{OutputFormat: p.OutputFormat, AllowedFormats: p.formats()}
	}
	return err
}
