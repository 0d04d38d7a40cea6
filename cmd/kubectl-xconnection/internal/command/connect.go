// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// consentPatience is how long a consent is waited for: as long as one may take.
const consentPatience = 15 * time.Minute

var (
	connectLong = templates.LongDesc(`
		Connect an XConnection to an X account.

		Prints the link that a person opens to consent, to standard output and alone,
		and waits until the account is connected. On a terminal the link is opened in
		the browser as well. Whoever opens it chooses the account, unless spec.username
		pins one: give it to nobody else.

		If an account is connected already there is no link, and nothing to do. A
		disconnected XConnection is wanted again first (spec.state: Connected); if it is
		managed from Git, change it there instead.`)

	connectExample = templates.Examples(`
		# Print the link, open it, and wait until the account is connected
		kubectl xconnection connect social-manager

		# Only print the link, to send it to the person who owns the account
		kubectl xconnection connect social-manager --wait=false --open=false`)
)

func newConnect(f *factory) *cobra.Command {
	c := newConsent(f)
	cmd := &cobra.Command{
		Use:                   "connect NAME",
		DisableFlagsInUseLine: true,
		Short:                 "Connect an X account: show the link and wait for the consent",
		Long:                  connectLong,
		Example:               connectExample,
		Args:                  oneName,
		ValidArgsFunction:     f.completeName,
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.connect(cmd.Context(), plainName(args[0])) },
	}
	c.addFlags(cmd)
	return cmd
}

func newConsent(f *factory) *consent {
	return &consent{
		factory: f, waiting: waiting{wait: true, timeout: consentPatience},
		tells: f.teller(), browse: f.Screen.Out,
	}
}

func (c *consent) addFlags(cmd *cobra.Command) {
	c.waiting.addFlags(cmd, "If true, wait until the account is connected; if false, only until there is a link.")
	cmd.Flags().BoolVar(&c.browse, "open", c.browse, "If true, open the link in the browser. Default: if standard output is a terminal.")
}

func (c *consent) connect(ctx context.Context, name string) error {
	if err := c.validate(); err != nil {
		return err
	}
	client, conn, err := c.connection(ctx, name)
	if err != nil {
		return err
	}
	if conn, err = c.wantAgain(ctx, client, conn); err != nil {
		return err
	}
	return c.walk(ctx, client, conn)
}

// wantAgain wants a connection again that was given up.
func (c *consent) wantAgain(ctx context.Context, client *connections, conn *v1alpha1.XConnection) (*v1alpha1.XConnection, error) {
	if conn.Spec.State != v1alpha1.StateDisconnected || !conn.DeletionTimestamp.IsZero() {
		return conn, nil
	}
	wanted, err := client.patch(ctx, conn, map[string]any{"spec": map[string]any{"state": v1alpha1.StateConnected}})
	if err != nil {
		return nil, fmt.Errorf("setting spec.state of %s: %w", title(conn), err)
	}
	c.tells.Say("%s was disconnected and is wanted again: spec.state is Connected", title(conn))
	return wanted, nil
}
