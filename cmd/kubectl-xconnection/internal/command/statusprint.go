// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// showTable prints the table, painted if colours are welcome.
func (s *status) showTable(conns []v1alpha1.XConnection) error {
	var text bytes.Buffer
	err := showTable(&text, statusTable(conns, s.Clock.Now()), printers.PrintOptions{
		NoHeaders: s.print.noHeaders, WithNamespace: s.all, Wide: *s.print.OutputFormat == formatWide,
	})
	if err != nil {
		return err
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
