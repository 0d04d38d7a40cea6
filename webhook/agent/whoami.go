// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
)

type nothing struct{}

// identity is who the tools act as.
type identity struct {
	Connection string `json:"connection" jsonschema:"the XConnection, as namespace/name"`
	Usable     bool   `json:"usable" jsonschema:"whether posts can be published and read now"`
	Problem    string `json:"problem,omitempty" jsonschema:"why it is not usable, and what to do"`
	Username   string `json:"username,omitempty" jsonschema:"the X account's handle, without @"`
	UserID     string `json:"userID,omitempty" jsonschema:"the X account's id"`
	ProfileURL string `json:"profileURL,omitempty"`
	Caller     string `json:"caller" jsonschema:"who you are to Kubernetes"`
	MayPublish bool   `json:"mayPublish"`
	MayDelete  bool   `json:"mayDelete"`
}

// whoami tells what the operator knows: X is not asked.
func (d *Door) whoami(ctx context.Context, c call, _ nothing) (identity, error) {
	who := identity{Connection: c.connection.String(), Caller: c.user.Username}
	var err error
	if who.MayPublish, err = d.rights.allows(ctx, c, mayPost); err != nil {
		return who, err
	}
	if who.MayDelete, err = d.rights.allows(ctx, c, mayDelete); err != nil {
		return who, err
	}
	conn, err := d.connection(ctx, c.connection)
	if err != nil {
		return who, err
	}
	if who.Username, who.UserID = conn.Status.Username, conn.Status.UserID; who.Username != "" {
		who.ProfileURL = "https://x.com/" + who.Username
	}
	_, err = d.account(ctx, c.connection)
	var told *fault
	if errors.As(err, &told) {
		who.Problem, err = told.Error(), nil
	}
	who.Usable = err == nil && told == nil
	return who, err
}
