// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"time"

	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// ask makes a call to X that reads, within X's limits as far as they are known, and
// takes up what the answer says of them. A token that was rotated a moment ago is no
// failure: the call is made again with the new one. The error is a fault.
func (d *Door) ask(ctx context.Context, a *account, endpoint string, read func(context.Context, *xapi.Client) error) error {
	err := d.askOnce(ctx, a, endpoint, read)
	if xapi.KindOf(err) == xapi.KindUnauthorized && d.renewed(ctx, a) {
		err = d.askOnce(ctx, a, endpoint, read)
	}
	var told *fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return told
	default:
		return faultOf(err, d.Now())
	}
}

func (d *Door) askOnce(ctx context.Context, a *account, endpoint string, read func(context.Context, *xapi.Client) error) error {
	call := pace.Call{Endpoint: endpoint, App: a.clientID, Account: a.userID, Tenant: a.tenant}
	if hold, until := d.Pacer.Take(call); hold != pace.HoldNone {
		return held(hold, until)
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var limits xapi.Limits
	err := read(ctx, d.X.Telling(func(_ string, _ int, _ time.Duration, told xapi.Limits) { limits = told }))
	d.Pacer.Report(call, limits, err)
	return err
}
