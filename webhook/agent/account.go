// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/webhook"
)

// account is a connection that stands: the X account, and the access token of this
// moment. It is read anew for each call, so that a rotation never matters.
type account struct {
	uid      types.UID
	tenant   string
	clientID string
	userID   string
	username string
	scope    string
	access   secret.Token
	expires  time.Time
}

// connection reads the XConnection. The caller's right was asked for before.
func (d *Door) connection(ctx context.Context, key types.NamespacedName) (*v1alpha1.XConnection, error) {
	missing := &fault{reason: reasonNotFound, message: fmt.Sprintf(
		"There is no XConnection %q in the namespace %q that this operator serves.", key.Name, key.Namespace)}
	if !webhook.Serves(d.Namespaces, key.Namespace) {
		return nil, missing
	}
	conn := &v1alpha1.XConnection{}
	err := d.Cached.Get(ctx, key, conn)
	switch {
	case apierrors.IsNotFound(err):
		return nil, missing
	case err != nil:
		return nil, fmt.Errorf("reading the XConnection: %w", err)
	}
	return conn, nil
}

// account gives the account behind an XConnection, or a fault that says why there is
// none now.
func (d *Door) account(ctx context.Context, key types.NamespacedName) (*account, error) {
	conn, err := d.connection(ctx, key)
	if err != nil {
		return nil, err
	}
	g, err := d.Grants.Get(ctx, conn.UID)
	if err != nil && !errors.Is(err, grant.ErrNotFound) {
		return nil, fmt.Errorf("reading the grant: %w", err)
	}
	return accountOf(conn, g, d.Now())
}

// accountOf judges a connection and its grant; it is pure.
func accountOf(conn *v1alpha1.XConnection, g *grant.Grant, now time.Time) (*account, error) {
	if standing := grant.StandingOf(conn, g, now); standing.Problem != "" {
		f := &fault{reason: v1alpha1.ReasonNotConnected, message: fmt.Sprintf("The XConnection %q can't be used: it %s.", conn.Name, standing.Problem)}
		if standing.Mends {
			f.retryAt = now.Add(mendsFor)
		}
		return nil, f
	}
	return &account{
		uid: conn.UID, tenant: conn.Namespace, clientID: g.Tokens.App.ClientID,
		userID: g.Account.UserID, username: g.Account.Username,
		scope: g.Tokens.Scope, access: g.Tokens.AccessToken, expires: g.Tokens.ExpiresAt,
	}, nil
}

// renewed tells whether the grant holds another access token by now than the one
// that was used, and takes it if so: the cache may lag behind a rotation.
func (d *Door) renewed(ctx context.Context, a *account) bool {
	g, err := d.Grants.GetLive(ctx, a.uid)
	if err != nil || g.Tokens == nil || g.Tokens.AccessToken.Equal(a.access) {
		return false
	}
	a.access, a.expires = g.Tokens.AccessToken, g.Tokens.ExpiresAt
	return true
}
