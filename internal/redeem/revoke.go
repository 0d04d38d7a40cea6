// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"fmt"

	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// CredentialsOf gives an app's credentials as X takes them.
func CredentialsOf(app grant.App) xapi.Credentials {
	return xapi.Credentials{ClientID: app.ClientID, ClientSecret: app.ClientSecret}
}

// RevokeOptions say how a retired set is revoked.
type RevokeOptions struct {
	// Credentials finds the credentials of the app that the set was issued under.
	Credentials func(context.Context, grant.App) (xapi.Credentials, error)
	// Shared tells whether another live grant has the same client id and account: X
	// is then not asked, since how far its revocation reaches is not known.
	Shared func(ctx context.Context, clientID string, account grant.Account) (bool, error)
}

// RevokeResult is what came of revoking one retired set.
type RevokeResult struct {
	Grant *grant.Grant
	// Forgotten is true if the set was forgotten without asking X, for the sake of
	// another connection.
	Forgotten bool
}

// RevokeOne revokes the first of the grant's retired sets at X and removes it from
// the grant. Revoking again what was revoked is harmless: a crash in between
// costs nothing. Errors are X's, those of the options, or the store's.
func (r *Redeemer) RevokeOne(ctx context.Context, g *grant.Grant, options RevokeOptions) (RevokeResult, error) {
	var result RevokeResult
	var failure error
	err := r.Keeper.Do(ctx, "revoke-"+newID(), func(ctx context.Context) {
		result, failure = r.revokeOne(ctx, g, options)
	})
	if err != nil {
		return RevokeResult{}, err
	}
	return result, failure
}

func (r *Redeemer) revokeOne(ctx context.Context, g *grant.Grant, options RevokeOptions) (RevokeResult, error) {
	retired := g.Retired[0]
	failpoint.Hit("revoke-before-call")
	forgotten, err := r.revokeRetired(ctx, retired, options)
	failpoint.Hit("revoke-after-call")
	if err != nil {
		return RevokeResult{}, err
	}
	after, err := r.settle(ctx, g, settlement{
		owner:  g.Owner,
		change: func(g *grant.Grant) { g.DropRetired(retired) },
	})
	failpoint.Hit("revoke-after-persist")
	return RevokeResult{Grant: after, Forgotten: forgotten}, err
}

func (r *Redeemer) revokeRetired(ctx context.Context, retired grant.Retired, options RevokeOptions) (forgotten bool, err error) {
	account := retired.Account
	if account.UserID == "" {
		user, err := r.X.Me(ctx, retired.AccessToken)
		switch kind := xapi.KindOf(err); {
		case err == nil:
			account.UserID = user.ID
		case kind != xapi.KindUnauthorized && kind != xapi.KindForbidden && kind != xapi.KindNotFound:
			return false, fmt.Errorf("asking X whose tokens are to be revoked: %w", err)
		}
	}
	shared, err := options.Shared(ctx, retired.App.ClientID, account)
	if err != nil || shared {
		return shared, err
	}
	creds, err := options.Credentials(ctx, retired.App)
	if err != nil {
		return false, fmt.Errorf("finding the app's credentials: %w", err)
	}
	return false, r.revokeSet(ctx, creds, retired.Tokens)
}

// revokeSet revokes the refresh token first and then the access token: whether
// one takes the other with it is not known.
func (r *Redeemer) revokeSet(ctx context.Context, creds xapi.Credentials, tokens grant.Tokens) error {
	if !tokens.RefreshToken.IsZero() {
		err := r.X.Revoke(ctx, creds, tokens.RefreshToken, xapi.HintRefreshToken)
		r.Report.Called("revoke", err)
		if err != nil {
			return fmt.Errorf("revoking the refresh token: %w", err)
		}
	}
	failpoint.Hit("revoke-between-calls")
	err := r.X.Revoke(ctx, creds, tokens.AccessToken, xapi.HintAccessToken)
	r.Report.Called("revoke", err)
	if err != nil {
		return fmt.Errorf("revoking the access token: %w", err)
	}
	return nil
}
