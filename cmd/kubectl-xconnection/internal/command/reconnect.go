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

var (
	reconnectLong = templates.LongDesc(`
		Ask a person for consent again, while the present token keeps working.

		Use it to renew a consent that grows old, to give more scopes, or after the
		account's password changed. Prints the link and waits, as connect does. If
		nobody consents, nothing is lost.`)

	reconnectExample = templates.Examples(`
		# Renew the consent of a connection
		kubectl xconnection reconnect social-manager`)
)

func newReconnect(f *factory) *cobra.Command {
	c := newConsent(f)
	cmd := &cobra.Command{
		Use:                   "reconnect NAME",
		DisableFlagsInUseLine: true,
		Short:                 "Ask for consent again while the present token keeps working",
		Long:                  reconnectLong,
		Example:               reconnectExample,
		Args:                  oneName,
		ValidArgsFunction:     f.completeName,
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.reconnect(cmd.Context(), plainName(args[0])) },
	}
	c.addFlags(cmd)
	return cmd
}

func (c *consent) reconnect(ctx context.Context, name string) error {
	if err := c.validate(); err != nil {
		return err
	}
	client, conn, err := c.connection(ctx, name)
	if err != nil {
		return err
	}
	if err := checkUsable(conn); err != nil {
		return err
	}
	c.request = c.newRequest()
	asked, err := client.annotate(ctx, conn, v1alpha1.AnnotationReconnectRequestedAt, c.request)
	if err != nil {
		return fmt.Errorf("asking for a new consent of %s: %w", title(conn), err)
	}
	return c.walk(ctx, client, asked)
}

// newRequest is the value of a new request: the time, as Flux's tools write it.
func (f *factory) newRequest() string {
	return f.Clock.Now().UTC().Format(time.RFC3339Nano)
}
