// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// revokePatience is how long X's answer to a revocation is waited for.
const revokePatience = 2 * time.Minute

var (
	disconnectLong = templates.LongDesc(`
		Disconnect an XConnection: revoke its tokens at X, and forget them.

		The object is kept (spec.state: Disconnected), the Secret with the access token
		is removed, and the agent can't use the account any more. To connect again, a
		person must consent again. If the XConnection is managed from Git, change
		spec.state there instead. To remove the XConnection as well: kubectl delete.`)

	disconnectExample = templates.Examples(`
		# Revoke the tokens at X, and wait until it is done
		kubectl xconnection disconnect social-manager`)
)

// disconnect gives a connection up.
type disconnect struct {
	*factory
	waiting
	print *genericclioptions.PrintFlags
}

func newDisconnect(f *factory) *cobra.Command {
	d := &disconnect{
		factory: f, waiting: waiting{wait: true, timeout: revokePatience},
		print: resultFlags(),
	}
	cmd := &cobra.Command{
		Use:                   "disconnect NAME",
		DisableFlagsInUseLine: true,
		Short:                 "Revoke the tokens at X and forget them",
		Long:                  disconnectLong,
		Example:               disconnectExample,
		Args:                  oneName,
		ValidArgsFunction:     f.completeName,
		RunE:                  func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), plainName(args[0])) },
	}
	d.addFlags(cmd, "If true, wait until the tokens are revoked at X.")
	addResultFlags(cmd, d.print)
	return cmd
}

func (d *disconnect) run(ctx context.Context, name string) error {
	if err := d.validate(); err != nil {
		return err
	}
	client, conn, err := d.connection(ctx, name)
	if err != nil {
		return err
	}
	if done, err := disconnected(conn); done || err != nil {
		return d.alreadyOr(conn, err)
	}
	unwanted, err := client.patch(ctx, conn, map[string]any{"spec": map[string]any{"state": v1alpha1.StateDisconnected}})
	if err != nil {
		return fmt.Errorf("setting spec.state of %s: %w", title(conn), err)
	}
	if !d.wait {
		return d.result(unwanted, d.print, "disconnect requested")
	}
	tells := d.teller()
	conn, err = client.until(ctx, d.waiting, tells, unwanted, "the revocation", awaiting(tells, "Waiting for the tokens of %s to be revoked", disconnected))
	if err != nil {
		return err
	}
	return d.result(conn, d.print, "disconnected")
}

func (d *disconnect) alreadyOr(conn *v1alpha1.XConnection, err error) error {
	if err != nil {
		return err
	}
	return d.result(conn, d.print, "disconnected (unchanged)")
}

// disconnected tells whether the tokens are revoked and forgotten.
func disconnected(conn *v1alpha1.XConnection) (bool, error) {
	switch {
	case !conn.DeletionTimestamp.IsZero():
		return false, &problem{code: ExitError, what: title(conn) + " is being deleted: its tokens are revoked with it"}
	case !observed(conn) || conn.Spec.State != v1alpha1.StateDisconnected:
		return false, nil
	case isTrue(conn, v1alpha1.ConditionStalled):
		return false, notReady(conn)
	default:
		return ready(conn).Reason == v1alpha1.ReasonDisconnected, nil
	}
}
