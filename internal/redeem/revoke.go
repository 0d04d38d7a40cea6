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
	// Shared tells whether the grant itself lives on an app and account, or another one
	// does, as it was when the grant was written or later; of an account that is not known,
	// whether one may. X is then not asked, since how far its revocation reaches is not
	// known.
	Shared func(ctx context.Context, g *grant.Grant, of grant.Grantee) (bool, error)
	// Overdue is true if others' consents are not waited for any more whose account X does
	// not tell. Whoever consents again and again would keep everybody's tokens alive; it
	// may be that one of them has to consent once more.
	Overdue bool
	// Forgo is told of a set that is forgotten without asking X, for the sake of another
	// connection: before it is, if nothing can keep it, so that no crash leaves it unsaid.
	// It may be told twice. unknown is true if nobody knows whose the set is: another
	// connection with the same app may be of the same account. Default: nobody is told.
	Forgo func(unknown bool)
}

func (o RevokeOptions) forgo(of grant.Grantee) {
	if o.Forgo != nil {
		o.Forgo(of.UserID == "")
	}
}

// RevokeResult is what came of revoking one retired set.
type RevokeResult struct {
	// Grant is the grant as it is afterwards, after a failure too; nil if there is
	// none.
	Grant *grant.Grant
	// Kept is true if the set is kept to be revoked with the working set.
	Kept bool
	// Forgotten is true if the set was forgotten without asking X, for the sake of
	// another connection: see RevokeOptions.Forgo.
	Forgotten bool
}

// revokeWithin is how long after its beginning a revocation may still call X: after
// it, and the timeout of that call, a consent may begin.
const revokeWithin = 45 * time.Second

var (
	errRevokedLate = errors.New("too much time passed since the revocation was begun")
	errUndecided   = errors.New("a person just consented for another connection with the same app, and X did not tell yet for which account")
)

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
	of, creds, shared, failure := r.mayRevoke(ctx, g, retired, options)
	// X names an account only while the access token lives: what it said is kept.
	named := retired
	named.Account.UserID = of.UserID
	if failure != nil {
		after, err := r.settle(ctx, g, settlement{
			owner:  g.Owner,
			change: func(g *grant.Grant) { g.PostponeRetired(named) },
		})
		return RevokeResult{Grant: after}, errors.Join(failure, err)
	}
	begun := g
	if !shared {
		start := r.Now()
		var err error
		if begun, err = r.beginRevocation(ctx, g, id, of, start); err != nil {
			return RevokeResult{Grant: g}, err
		}
		shared, failure = r.lookAgain(ctx, begun, of, options)
		if failure == nil && !shared {
			failpoint.Hit("revoke-before-call")
			failure = r.revokeSet(ctx, creds, retired.Tokens, start)
			failpoint.Hit("revoke-after-call")
		}
	}
	forgoes := failure == nil && shared
	toldFirst := forgoes && begun.Tokens == nil
	if toldFirst {
		options.forgo(of)
	}
	var kept bool
	after, err := r.settle(ctx, begun, settlement{owner: g.Owner, change: func(g *grant.Grant) {
		g.EndRevocation(id)
		switch {
		case failure != nil:
			g.PostponeRetired(named)
		case shared:
			kept = g.ForgoRetired(named)
		default:
			g.DropRetired(retired)
		}
	}})
	failpoint.Hit("revoke-after-persist")
	forgotten := forgoes && !kept
	if forgotten && !toldFirst {
		options.forgo(of)
	}
	return RevokeResult{Grant: after, Kept: kept, Forgotten: forgotten}, errors.Join(failure, err)
}

// lookAgain looks at the other grants once more when all can see that this revocation is
// under way: whose consent came first may live on the account by now, and who comes
// later waits for the revocation's end. Candidates come first: one that is gone when they
// are looked at is a working set, which the second look finds.
func (r *Redeemer) lookAgain(ctx context.Context, begun *grant.Grant, of grant.Grantee, options RevokeOptions) (shared bool, err error) {
	if !options.Overdue {
		undecided, err := r.Store.Undecided(ctx, begun, of.ClientID, r.Now())
		if err == nil && undecided {
			err = errUndecided
		}
		if err != nil {
			return false, fmt.Errorf("looking for consents to the same app: %w", err)
		}
	}
	return options.Shared(ctx, begun, of)
}

// beginRevocation keeps consents out, under the version of the grant that was decided
// on: one that came first is a conflict, and so is another process's revocation.
func (r *Redeemer) beginRevocation(ctx context.Context, g *grant.Grant, id string, of grant.Grantee, start time.Time) (*grant.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	mine := false
	begun, err := r.Store.Update(ctx, g, func(g *grant.Grant) { mine = g.BeginRevocation(id, of, start.UTC().Round(0)) })
	if err == nil && !mine {
		err = grant.ErrConflict
	}
	if err != nil {
		return nil, fmt.Errorf("writing the intent to revoke: %w", err)
	}
	return begun, nil
}

// mayRevoke finds what a revocation needs: whose tokens they are, whether another
// connection lives on the account, and the app's credentials.
func (r *Redeemer) mayRevoke(ctx context.Context, g *grant.Grant, retired grant.Retired, options RevokeOptions) (of grant.Grantee, creds xapi.Credentials, shared bool, err error) {
	if of, err = r.granteeOf(ctx, retired); err != nil {
		return of, creds, false, err
	}
	shared, err = options.Shared(ctx, g, of)
	if err != nil || shared {
		return of, creds, shared, err
	}
	creds, err = options.Credentials(ctx, retired.App)
	if err != nil {
		return of, creds, false, fmt.Errorf("finding the app's credentials: %w", err)
	}
	return of, creds, false, nil
}

// granteeOf finds whose tokens they are; without an account if X does not tell.
func (r *Redeemer) granteeOf(ctx context.Context, retired grant.Retired) (grant.Grantee, error) {
	of := grant.Grantee{ClientID: retired.App.ClientID, UserID: retired.Account.UserID}
	if of.UserID != "" {
		return of, nil
	}
	user, err := r.X.Me(ctx, retired.AccessToken)
	switch kind := xapi.KindOf(err); {
	case err == nil:
		of.UserID = user.ID
	case kind != xapi.KindUnauthorized && kind != xapi.KindForbidden && kind != xapi.KindNotFound:
		return of, fmt.Errorf("asking X whose tokens are to be revoked: %w", err)
	}
	return of, nil
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
	err := r.X.Revoke(ctx, creds, token, hint, func() error {
		if r.passed(start, revokeWithin) {
			return errRevokedLate
		}
		return nil
	})
	r.Report.Called("revoke", err)
	return err
}
