// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

var (
	statusLong = templates.LongDesc(`
		Show how XConnections stand.

		With names, the exit code is 2 if one of them is not ready, and standard error
		says why and what to do. Without names all of the namespace are listed, and the
		exit code tells only whether that went well.

		For programs, -o json and -o yaml give the kind XStatus: metadata.name and
		metadata.namespace, connected, username, connectedAt, tokenExpiresAt,
		refreshTokenExpiresAt, ready, reason and message. With one name it is one
		object, otherwise a list under items. Times are RFC 3339, and what is not known
		is left out. For the objects themselves use kubectl get xconnections.`)

	statusExample = templates.Examples(`
		# All connections of the namespace
		kubectl xconnection status

		# Those of one customer in all namespaces, with the operator's words
		kubectl xconnection status -A -l customer=acme -o wide

		# The names of those that are not ready
		kubectl xconnection status -o json | jq -r '.items[] | select(.ready | not) | .metadata.name'`)
)

// status shows how connections stand.
type status struct {
	*factory
	print    *listPrintFlags
	all      bool
	selector string
}

func newStatus(f *factory) *cobra.Command {
	s := &status{factory: f, print: newListPrintFlags()}
	cmd := &cobra.Command{
		Use:                   "status [NAME...]",
		DisableFlagsInUseLine: true,
		Short:                 "Show whether accounts are connected, whose, and until when",
		Long:                  statusLong,
		Example:               statusExample,
		ValidArgsFunction:     f.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.run(cmd.Context(), cmd, plainNames(args))
		},
	}
	s.print.addFlags(cmd)
	cmd.Flags().BoolVarP(&s.all, "all-namespaces", "A", s.all, "If true, list the XConnections of all namespaces.")
	cmd.Flags().StringVarP(&s.selector, "selector", "l", s.selector,
		"Label selector to filter on, such as -l customer=acme. Supports '=', '==', '!=', 'in', 'notin'.")
	return cmd
}

func (s *status) run(ctx context.Context, cmd *cobra.Command, names []string) error {
	if err := s.validate(cmd, names); err != nil {
		return err
	}
	client, namespace, err := s.connections()
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return s.runNamed(ctx, client, namespace, names)
	}
	if s.all {
		namespace = ""
	}
	conns, err := client.list(ctx, namespace, s.selector)
	if err != nil {
		return err
	}
	if len(conns) == 0 && s.print.human() {
		s.nothing(namespace)
		return nil
	}
	return s.show(conns, false)
}

func (s *status) validate(cmd *cobra.Command, names []string) error {
	switch {
	case len(names) > 0 && s.all:
		return usageError(cmd, "XConnections can't be named across all namespaces: leave out -A or the names")
	case len(names) > 0 && s.selector != "":
		return usageError(cmd, "XConnections can't be both named and selected: leave out -l or the names")
	default:
		return s.print.validate()
	}
}

// runNamed shows what it finds, then says what is missing or not ready.
func (s *status) runNamed(ctx context.Context, client *connections, namespace string, names []string) error {
	var conns []v1alpha1.XConnection
	var errs, unready []error
	for _, name := range names {
		conn, err := client.get(ctx, namespace, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		conns = append(conns, *conn)
		if !isReady(conn) {
			unready = append(unready, notReady(conn))
		}
	}
	if len(conns) > 0 {
		if err := s.show(conns, len(names) == 1); err != nil {
			return err
		}
	}
	return errors.Join(append(errs, unready...)...)
}

// nothing says that there is nothing, in kubectl's words.
func (s *status) nothing(namespace string) {
	if namespace == "" {
		_, _ = fmt.Fprintln(s.ErrOut, "No resources found")
		return
	}
	_, _ = fmt.Fprintf(s.ErrOut, "No resources found in %s namespace.\n", namespace)
}

func (s *status) show(conns []v1alpha1.XConnection, single bool) error {
	if s.print.human() {
		return s.showTable(conns)
	}
	printer, err := s.print.ToPrinter()
	if err != nil {
		return err
	}
	object, err := statusObject(conns, single)
	if err != nil {
		return err
	}
	if err := printer.PrintObj(object, s.Out); err != nil {
		return fmt.Errorf("printing the status: %w", err)
	}
	return nil
}
