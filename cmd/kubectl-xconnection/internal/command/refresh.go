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

// refreshPatience is how long a refresh is waited for: one a minute is made on
// request, and X may take its time.
const refreshPatience = 2 * time.Minute

var (
	refreshLong = templates.LongDesc(`
		Ask the operator to refresh the access token now.

		The operator refreshes by itself, every 90 minutes unless spec.refreshInterval
		says otherwise: this is for debugging, and to try again a refresh token that X
		refused. At most one refresh a minute is made on request.`)

	refreshExample = templates.Examples(`
		# Refresh now, and wait until it is done
		kubectl xconnection refresh social-manager --wait`)
)

// refresh asks for a refresh.
type refresh struct {
	*factory
	waiting
	print *genericclioptions.PrintFlags
	// request is the value of the request; rotation is the count before it.
	request  string
	rotation int64
}

func newRefresh(f *factory) *cobra.Command {
	r := &refresh{
		factory: f, waiting: waiting{timeout: refreshPatience},
		print: resultFlags(),
	}
	cmd := &cobra.Command{
		Use:                   "refresh NAME",
		DisableFlagsInUseLine: true,
		Short:                 "Refresh the access token now",
		Long:                  refreshLong,
		Example:               refreshExample,
		Args:                  oneName,
		ValidArgsFunction:     f.completeName,
		RunE:                  func(cmd *cobra.Command, args []string) error { return r.run(cmd.Context(), plainName(args[0])) },
	}
	r.addFlags(cmd, "If true, wait until the token was refreshed.")
	addResultFlags(cmd, r.print)
	return cmd
}

func (r *refresh) run(ctx context.Context, name string) error {
	if err := r.validate(); err != nil {
		return err
	}
	client, conn, err := r.connection(ctx, name)
	if err != nil {
		return err
	}
	if err := checkRefreshable(conn); err != nil {
		return err
	}
	r.request, r.rotation = r.newRequest(), conn.Status.Rotation
	asked, err := client.annotate(ctx, conn, v1alpha1.AnnotationRefreshRequestedAt, r.request)
	if err != nil {
		return fmt.Errorf("asking for a refresh of %s: %w", title(conn), err)
	}
	if !r.wait {
		return r.result(asked, r.print, "refresh requested")
	}
	tells := r.teller()
	conn, err = client.until(ctx, r.waiting, tells, asked, "the refresh", awaiting(tells, "Waiting for the refresh of %s", r.step))
	if err != nil {
		return err
	}
	return r.result(conn, r.print, "refreshed")
}

// checkRefreshable refuses what has no token to refresh. A dead one may be tried
// again.
func checkRefreshable(conn *v1alpha1.XConnection) error {
	if err := checkUsable(conn); err != nil {
		return err
	}
	if conn.Status.TokenExpiresAt == nil {
		return &problem{
			code: ExitNotReady,
			what: fmt.Sprintf("%s has no token to refresh: %s", title(conn), because(conn)),
			next: nextStep(conn),
		}
	}
	return nil
}

// step tells whether the refresh was made.
func (r *refresh) step(conn *v1alpha1.XConnection) (bool, error) {
	if err := checkRefreshable(conn); err != nil {
		return false, err
	}
	handled := conn.Status.LastHandledRefreshAt == r.request
	switch {
	case handled && conn.Status.Rotation > r.rotation:
		return true, nil
	case handled:
		return false, failedRefresh(conn)
	case isTrue(conn, v1alpha1.ConditionStalled):
		return false, notReady(conn)
	default:
		return false, nil
	}
}

// failedRefresh says what came of a refresh that gave no new token.
func failedRefresh(conn *v1alpha1.XConnection) error {
	if !isReady(conn) {
		return notReady(conn)
	}
	return &problem{
		code: ExitError,
		what: fmt.Sprintf("the token of %s was not refreshed: %s", title(conn), because(conn)),
		next: "The present token is valid until it ends; the operator tries again by itself.",
	}
}
