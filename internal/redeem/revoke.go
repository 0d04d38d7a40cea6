// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
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
	// Grant is the grant as it is afterwards, after a failure too; nil if there is
	// none.
	Grant *grant.Grant
	// Kept is true if the set is kept to be revoked with the working set.
	Kept bool
	// Forgotten is true if the set was forgotten without asking X, for the sake of
	// another connection.
	Forgotten bool
}

// revokeWithin is how long after its beginning a revocation may still call X: after
// it, and the timeout of that call, a consent may begin.
const revokeWithin = 45 * time.Second

var errRevokedLate = errors.New("too much time passed since the revocation was begun")

// RevokeOne revokes the first of the grant's retired sets at X and removes it from
// the grant; one that can't be revoked now goes behind the others. Revoking again what
// was revoked is harmless: a crash in between costs nothing. Errors are X's, those of
// the options, or the store's; ErrConflict means that the grant changed since it was
// read, and that nothing was done.
func (r *Redeemer) RevokeOne(ctx context.Context, g *grant.Grant, options RevokeOptions) (RevokeResult, error) {
	var result RevokeResult
	var failure error
	id := newID()
	err := r.Keeper.Do(ctx, id, func(ctx context.Context) {
		result, failure = r.revokeOne(ctx, g, options, id)
	})
	if err != nil {
		return RevokeResult{}, err
	}
	return result, failure
}

func (r *Redeemer) revokeOne(ctx context.Context, g *grant.Grant, options RevokeOptions, id string) (RevokeResult, error) {
	retired := g.Retired[0]
	creds, shared, failure := r.mayRevoke(ctx, retired, options)
	if failure != nil {
		after, err := r.settle(ctx, g, settlement{
			owner:  g.Owner,
			change: func(g *grant.Grant) { g.PostponeRetired(retired) },
		})
		return RevokeResult{Grant: after}, errors.Join(failure, err)
	}
	if shared {
		var kept bool
		after, err := r.settle(ctx, g, settlement{
			owner:  g.Owner,
			change: func(g *grant.Grant) { kept = g.ForgoRetired(retired) },
		})
		return RevokeResult{Grant: after, Kept: kept, Forgotten: !kept}, err
	}
	start := r.Now()
	begun, err := r.beginRevocation(ctx, g, id, start)
	if err != nil {
		return RevokeResult{Grant: g}, err
	}
	failpoint.Hit("revoke-before-call")
	failure = r.revokeSet(ctx, creds, retired.Tokens, start)
	failpoint.Hit("revoke-after-call")
	after, err := r.settle(ctx, begun, settlement{owner: g.Owner, change: func(g *grant.Grant) {
		g.EndRevocation(id)
		if failure == nil {
			g.DropRetired(retired)
		} else {
			g.PostponeRetired(retired)
		}
	}})
	failpoint.Hit("revoke-after-persist")
	return RevokeResult{Grant: after}, errors.Join(failure, err)
}

// beginRevocation keeps consents out, under the version of the grant that was decided
// on: one that came first is a conflict.
func (r *Redeemer) beginRevocation(ctx context.Context, g *grant.Grant, id string, start time.Time) (*grant.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	begun, err := r.Store.Update(ctx, g, func(g *grant.Grant) { g.BeginRevocation(id, start.UTC().Round(0)) })
	if err != nil {
		return nil, fmt.Errorf("writing the intent to revoke: %w", err)
	}
	return begun, nil
}

// mayRevoke finds what a revocation needs: whose tokens they are, whether another
// connection lives on the account, and the app's credentials.
func (r *Redeemer) mayRevoke(ctx context.Context, retired grant.Retired, options RevokeOptions) (creds xapi.Credentials, shared bool, err error) {
	account := retired.Account
	if account.UserID == "" {
		user, err := r.X.Me(ctx, retired.AccessToken)
		switch kind := xapi.KindOf(err); {
		case err == nil:
			account.UserID = user.ID
		case kind != xapi.KindUnauthorized && kind != xapi.KindForbidden && kind != xapi.KindNotFound:
			return creds, false, fmt.Errorf("asking X whose tokens are to be revoked: %w", err)
		}
	}
	shared, err = options.Shared(ctx, retired.App.ClientID, account)
	if err != nil || shared {
		return creds, shared, err
	}
	creds, err = options.Credentials(ctx, retired.App)
	if err != nil {
		return creds, false, fmt.Errorf("finding the app's credentials: %w", err)
	}
	return creds, false, nil
}

// revokeSet revokes the refresh token first and then the access token: whether
// one takes the other with it is not known.
func (r *Redeemer) revokeSet(ctx context.Context, creds xapi.Credentials, tokens grant.Tokens, start time.Time) error {
	if !tokens.RefreshToken.IsZero() {
		if err := r.revokeToken(ctx, creds, tokens.RefreshToken, xapi.HintRefreshToken, start); err != nil {
			return fmt.Errorf("revoking the refresh token: %w", err)
		}
	}
	failpoint.Hit("revoke-between-calls")
	if err := r.revokeToken(ctx, creds, tokens.AccessToken, xapi.HintAccessToken, start); err != nil {
		return fmt.Errorf("revoking the access token: %w", err)
	}
	return nil
}

func (r *Redeemer) revokeToken(ctx context.Context, creds xapi.Credentials, token secret.Token, hint xapi.TokenHint, start time.Time) error {
	if r.passed(start, revokeWithin) {
		return errRevokedLate
	}
	err := r.X.Revoke(ctx, creds, token, hint)
	r.Report.Called("revoke", err)
	return err
}
