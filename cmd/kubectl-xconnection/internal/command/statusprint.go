// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

const formatWide = "wide"

// statusPrintFlags are cli-runtime's, with a table as the default.
type statusPrintFlags struct {
	*genericclioptions.PrintFlags
	noHeaders bool
}

func newStatusPrintFlags() *statusPrintFlags {
	flags := genericclioptions.NewPrintFlags("")
	// An XStatus is no object of the cluster that a name would lead to.
	flags.NamePrintFlags = nil
	return &statusPrintFlags{PrintFlags: flags}
}

func (p *statusPrintFlags) addFlags(cmd *cobra.Command) {
	p.AddFlags(cmd)
	cmd.Flags().Lookup("output").Usage = fmt.Sprintf("Output format. One of: (%s).", strings.Join(p.formats(), ", "))
	completeOneOf(cmd, "output", p.formats())
	cmd.Flags().BoolVar(&p.noHeaders, "no-headers", p.noHeaders, "If true, print the table without its headers.")
}

func (p *statusPrintFlags) formats() []string {
	formats := append(p.AllowedFormats(), formatWide)
	slices.Sort(formats)
	return formats
}

// human tells whether people are to read the output.
func (p *statusPrintFlags) human() bool {
	return *p.OutputFormat == formatWide || *p.OutputFormat == "" && *p.TemplatePrinterFlags.TemplateArgument == ""
}

// validate refuses a format that does not exist before anything is asked.
func (p *statusPrintFlags) validate() error {
	if p.human() {
		return nil
	}
	_, err := p.ToPrinter()
	if genericclioptions.IsNoCompatiblePrinterError(err) {
		return genericclioptions.NoCompatiblePrinterError{OutputFormat: p.OutputFormat, AllowedFormats: p.formats()}
	}
	return err
}

// showTable prints the table, painted if colours are welcome.
func (s *status) showTable(conns []v1alpha1.XConnection) error {
	var text bytes.Buffer
	writer := printers.GetNewTabWriter(&text)
	printer := printers.NewTablePrinter(printers.PrintOptions{
		NoHeaders: s.print.noHeaders, WithNamespace: s.all, Wide: *s.print.OutputFormat == formatWide,
	})
	if err := printer.PrintObj(statusTable(conns, s.Clock.Now()), writer); err != nil {
		return fmt.Errorf("making the table: %w", err)
	}
	if err := writer.Flush(); err != nil {
		return fmt.Errorf("making the table: %w", err)
	}
	table := text.String()
	if s.Screen.OutColours && !s.print.noHeaders {
		table = paintTable(table, conns)
	}
	if _, err := fmt.Fprint(s.Out, table); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}

// paintTable paints, in each row, what stands between two columns. The table is
// aligned before it is painted: colours would count as width.
func paintTable(table string, conns []v1alpha1.XConnection) string {
	lines := strings.Split(table, "\n")
	from := strings.Index(lines[0], strings.ToUpper(columnReady))
	to := strings.Index(lines[0], strings.ToUpper(columnSince))
	for i := range conns {
		line := lines[i+1]
		if from < 0 || to < from || len(line) < to {
			continue
		}
		cells := strings.TrimRight(line[from:to], " ")
		end := from + len(cells)
		lines[i+1] = line[:from] + terminal.Paint(statusColour(&conns[i]), cells) + line[end:]
	}
	return strings.Join(lines, "\n")
}
