// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
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
	return showTable(a.Out, table, printers.PrintOptions{WithNamespace: a.all})
}
