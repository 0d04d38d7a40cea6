// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
)

var adoptColumns = []metav1.TableColumnDefinition{
	{Name: "Name", Type: "string", Format: "name"},
	{Name: "Username", Type: "string"},
	{Name: "Grant", Type: "string"},
	{Name: "Result", Type: "string"},
}

// showAdoptions prints what was done with each grant.
func (a *adopt) showAdoptions(results []adoption) error {
	table := &metav1.Table{ColumnDefinitions: adoptColumns}
	for _, result := range results {
		named := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: result.namespace, Name: result.name}}
		table.Rows = append(table.Rows, metav1.TableRow{
			Cells:  []any{result.name, orNone(result.username), result.secret, result.result},
			Object: runtime.RawExtension{Object: named},
		})
	}
	writer := printers.GetNewTabWriter(a.Out)
	printer := printers.NewTablePrinter(printers.PrintOptions{WithNamespace: a.all})
	if err := printer.PrintObj(table, writer); err != nil {
		return fmt.Errorf("making the table: %w", err)
	}
	if err := writer.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}
