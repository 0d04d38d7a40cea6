// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"net/http"
	"regexp"

	"github.com/agentconnect/x-operator/internal/secret"
)

// IDPattern is what X's description of the API says an id is.
const IDPattern = `^[0-9]{1,19}$`

var (
	anID = regexp.MustCompile(IDPattern)
	// aHandle is a user name. X's new ones have at most 15 characters.
	aHandle = regexp.MustCompile(`^[A-Za-z0-9_]{1,50}$`)
)

// Me tells whose account an access token is for. It needs the scopes tweet.read
// and users.read.
func (c *Client) Me(ctx context.Context, access secret.Token) (User, error) {
	var got struct {
		Data wireUser `json:"data"`
	}
	out := c.apiCall(EndpointMe, http.MethodGet, "/2/users/me", nil, access)
	err := c.ask(ctx, out, &got, func() bool {
		return anID.MatchString(got.Data.ID) && aHandle.MatchString(got.Data.Username)
	})
	if err != nil {
		return User{}, err
	}
	return User(got.Data), nil
}

// wireUser is a user as X writes one.
type wireUser struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}
