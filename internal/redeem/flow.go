// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/utils/ptr"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// claimTries bounds the attempts to claim a nonce against other writers;
	// claimPatience is the wait between them while earlier tokens are being revoked.
	claimTries    = 5
	claimPatience = time.Second

	messageConnected = "The account is connected."
	messageMoved     = "The link that this consent began with is not valid any more: another consent or a change of the connection came first."
	messageDenied    = "X reports that the authorization was denied."
	messageLate      = "More than 15 minutes passed at X since the consent was begun."
	messageBroken    = "The operator stopped before this consent was finished: open the link again."
	messageForeign   = "The connection came from another cluster, and an administrator has not taken it over here."
	messageUnderWay  = "A consent for this connection is still being finished."
)

var (
	errRevoking = errors.New("earlier tokens of this connection are still being revoked: open the link again in a minute")
	errCrossed  = errors.New("tokens of the same account are being revoked for another connection: X is asked again when that is over")
)

// Consent implements Consenter.
func (r *Redeemer) Consent(ctx context.Context, request ConsentRequest) (ConsentResult, error) {
	var result ConsentResult
	var failure error
	id := newID()
	err := r.Keeper.Do(ctx, id, func(ctx context.Context) {
		result, failure = r.consent(ctx, request, id)
	})
	switch {
	case errors.Is(err, ErrStopping):
		return ConsentResult{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		// The browser left; the flow is finished without it.
		return ConsentResult{Message: messageUnderWay}, nil
	}
	return result, failure
}

func (r *Redeemer) consent(ctx context.Context, request ConsentRequest, id string) (ConsentResult, error) {
	start := r.Now()
	failpoint.Hit("consent-before-claim")
	g, early, err := r.claim(ctx, request, id)
	if err != nil || early != nil {
		return ptr.Deref(early, ConsentResult{}), err
	}
	failpoint.Hit("consent-after-claim")
	if code, message := request.vain(); code != "" {
		return r.conclude(ctx, g, request, grant.Outcome{Code: string(code), Message: message})
	}
	answer, err := r.X.Exchange(ctx, request.Credentials, xapi.ExchangeRequest{
		Code: request.Code, Verifier: request.Verifier, RedirectURI: request.RedirectURI,
	}, r.guard(start))
	failpoint.Hit("consent-after-answer")
	r.called("exchange", request.Credentials, start, err)
	if err != nil {
		return r.conclude(ctx, g, request, r.notExchanged(request, err))
	}
	g, err = r.keepCandidate(ctx, g, request, answer)
	failpoint.Hit("consent-after-candidate")
	switch {
	case err != nil:
		return ConsentResult{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case g == nil || g.Candidate == nil || g.Candidate.Nonce != request.Nonce:
		return r.concluded(g, request.Nonce), nil
	}
	_, result, err := r.settleCandidate(ctx, g, request.Pin)
	if err != nil {
		// The tokens are safe; the controller finishes.
		return ConsentResult{Message: messageUnderWay}, nil
	}
	return result, nil
}

// claim takes the nonce; a result that it gives ends the flow.
func (r *Redeemer) claim(ctx context.Context, request ConsentRequest, id string) (*grant.Grant, *ConsentResult, error) {
	var err error
	for range claimTries {
		var g *grant.Grant
		var early *ConsentResult
		g, early, err = r.claimOnce(ctx, request, id)
		if err == nil {
			return g, early, nil
		}
		switch {
		case errors.Is(err, errRevoking):
			pause(ctx, claimPatience)
		case errors.Is(err, grant.ErrConflict), errors.Is(err, grant.ErrAmbiguous):
			pause(ctx, keepFirst)
		default:
			return nil, nil, claimFailed(err)
		}
	}
	return nil, nil, claimFailed(err)
}

func claimFailed(err error) error {
	return fmt.Errorf("%w: claiming the consent: %w", ErrUnavailable, err)
}

func (r *Redeemer) claimOnce(ctx context.Context, request ConsentRequest, id string) (*grant.Grant, *ConsentResult, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	g, err := r.Store.GetLive(ctx, request.Owner)
	if errors.Is(err, grant.ErrNotFound) {
		return nil, &ConsentResult{Code: string(v1alpha1.ErrorAgentNotFound), Message: messageMoved}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if r.Store.Foreign(g) {
		return nil, &ConsentResult{Code: string(v1alpha1.ErrorSessionExpired), Message: messageForeign}, nil
	}
	now := r.Now().UTC().Round(0)
	var state grant.ClaimState
	var claim grant.Claim
	var refusal *ConsentResult
	g, err = r.Store.Update(ctx, g, func(g *grant.Grant) {
		if refusal = r.refusal(g, request, now); refusal == nil {
			state, claim = g.Claim(request.Nonce, id, now)
		}
	})
	switch {
	case err != nil:
		return nil, nil, err
	case refusal != nil:
		return nil, refusal, nil
	case state == grant.ClaimRevoking:
		return nil, nil, errRevoking
	case state == grant.ClaimBusy:
		return nil, &ConsentResult{Message: messageUnderWay}, nil
	case state == grant.ClaimedBefore:
		return nil, r.replayed(g, claim), nil
	default:
		return g, nil, nil
	}
}

// refusal gives the result of a consent that is not begun; nil if it is, or if its
// nonce came back before.
func (r *Redeemer) refusal(g *grant.Grant, request ConsentRequest, now time.Time) *ConsentResult {
	for _, earlier := range g.Consent.Claims {
		if earlier.Nonce == request.Nonce {
			return nil
		}
	}
	code, _ := request.vain()
	invited := g.Consent.Wanted && g.Consent.Epoch == request.Epoch &&
		(code != "" || g.Consent.App.ClientID == request.Credentials.ClientID)
	if !invited {
		return &ConsentResult{Code: string(v1alpha1.ErrorSessionExpired), Message: messageMoved}
	}
	return r.turnedAway(g, request, now)
}

// concluded gives the result of a flow whose candidate is gone: another process
// finished it, or something newer came first.
func (r *Redeemer) concluded(g *grant.Grant, nonce string) ConsentResult {
	if g != nil {
		for _, claim := range g.Consent.Claims {
			if claim.Nonce == nonce && claim.Code != "" {
				result := r.replayed(g, claim)
				result.Replayed = false
				return *result
			}
		}
	}
	return ConsentResult{Code: string(v1alpha1.ErrorSessionExpired), Message: messageMoved}
}

// replayed gives the result of the first time that the nonce came back.
func (r *Redeemer) replayed(g *grant.Grant, claim grant.Claim) *ConsentResult {
	result := &ConsentResult{Code: claim.Code, Replayed: true, Message: messageUnderWay}
	switch claim.Code {
	case "":
		kept := g.Candidate != nil && g.Candidate.Nonce == claim.Nonce
		if !kept && !claim.Live(r.Now()) {
			result.Code, result.Message = string(v1alpha1.ErrorInternalError), messageBroken
		}
	case CodeConnected:
		result.Message, result.Username = messageConnected, g.Account.Username
	default:
		result.Message = "This consent ended with the error " + claim.Code + "."
	}
	return result
}

// notExchanged is the outcome of a flow whose code X did not exchange.
func (r *Redeemer) notExchanged(request ConsentRequest, err error) grant.Outcome {
	failed := grant.Outcome{Code: r.ConsentCode(err), Message: err.Error()}
	if xapi.KindOf(err) == xapi.KindCredentials {
		failed.RefusedSecret = request.Credentials.ClientSecret.Hash()
	}
	return failed
}

// conclude records how a flow without tokens ended.
func (r *Redeemer) conclude(ctx context.Context, g *grant.Grant, request ConsentRequest, how grant.Outcome) (ConsentResult, error) {
	how.At = r.Now().UTC().Round(0)
	_, err := r.settle(ctx, g, settlement{
		owner:  g.Owner,
		change: func(g *grant.Grant) { g.Conclude(request.Nonce, how) },
	})
	if err != nil {
		return ConsentResult{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return ConsentResult{Code: how.Code, Message: how.Message}, nil
}

// Hear takes up that another process, which finishes consents, had X take or refuse an
// app's credentials. When it called X is not known, so that it says nothing of a limit.
func (r *Redeemer) Hear(creds xapi.Credentials, refused bool) {
	var err error
	if refused {
		err = &xapi.Error{Kind: xapi.KindCredentials}
	}
	if r.Gate.Report(creds, time.Time{}, err) {
		r.Report.AppChanged()
	}
}

// keepCandidate stores what X answered before anything else looks at it. If the
// invitation has moved on meanwhile, the answer is kept to be revoked.
func (r *Redeemer) keepCandidate(ctx context.Context, g *grant.Grant, request ConsentRequest, answer xapi.Tokens) (*grant.Grant, error) {
	now := r.Now().UTC().Round(0)
	tokens := consented(g, request.Credentials, answer)
	tokens.ReceivedAt, tokens.ConsentedAt, tokens.ExpiresAt = now, now, now.Add(answer.ExpiresIn)
	candidate := grant.Candidate{Tokens: tokens, Nonce: request.Nonce, Epoch: request.Epoch}
	return r.settle(ctx, g, settlement{
		owner:  g.Owner,
		change: func(g *grant.Grant) { g.PlaceCandidate(candidate, messageMoved, now) },
		answer: &tokenAnswer{last: g, set: grant.Retired{Tokens: tokens}, credentials: request.Credentials},
	})
}

// consented makes the set of tokens of a fresh consent, its times apart.
func consented(g *grant.Grant, creds xapi.Credentials, answer xapi.Tokens) grant.Tokens {
	app := g.Consent.App
	if !app.ClientSecret.IsZero() {
		app.ClientSecret = creds.ClientSecret
	}
	return grant.Tokens{
		App:          app,
		AccessToken:  answer.AccessToken,
		RefreshToken: answer.RefreshToken,
		TokenType:    answer.TokenType,
		Scope:        answer.Scope,
		Asked:        g.Consent.Scopes,
	}
}

// SettleCandidate asks X whose the candidate's tokens are, and promotes or refuses
// it. While X does not answer the candidate stays: the error is X's, and the same
// call finishes it later. The error ErrUnavailable is the store's, ErrStopping and
// ctx's are the process's, which ends.
func (r *Redeemer) SettleCandidate(ctx context.Context, g *grant.Grant, pin string) (*grant.Grant, ConsentResult, error) {
	after := g
	var result ConsentResult
	var failure error
	err := r.Keeper.Do(ctx, "candidate-"+newID(), func(ctx context.Context) {
		after, result, failure = r.settleCandidate(ctx, g, pin)
	})
	if err != nil {
		return g, ConsentResult{}, err
	}
	return after, result, failure
}

func (r *Redeemer) settleCandidate(ctx context.Context, g *grant.Grant, pin string) (*grant.Grant, ConsentResult, error) {
	nonce := g.Candidate.Nonce
	account, crossed, err := r.whoConsented(ctx, g)
	switch {
	case err != nil && !undisclosed(err):
		return g, ConsentResult{}, fmt.Errorf("asking X whose account consented: %w", err)
	case crossed:
		return g, ConsentResult{}, errCrossed
	}
	var result ConsentResult
	now := r.Now().UTC().Round(0)
	after, settleErr := r.settle(ctx, g, settlement{owner: g.Owner, change: func(g *grant.Grant) {
		if g.Candidate == nil || g.Candidate.Nonce != nonce {
			result = r.concluded(g, nonce)
			return
		}
		g.Candidate.Account = account
		result = r.judge(g, pin, err)
		g.Conclude(nonce, grant.Outcome{Code: result.Code, Message: result.Message, At: now})
	}})
	failpoint.Hit("consent-after-promote")
	if settleErr != nil {
		return g, ConsentResult{}, fmt.Errorf("%w: %w", ErrUnavailable, settleErr)
	}
	return after, result, nil
}

// whoConsented asks X whose the candidate's tokens are. crossed tells that tokens of the
// same app and account were being revoked for another connection meanwhile: X may
// end the candidate's with them, and is to be asked once more when that is over.
func (r *Redeemer) whoConsented(ctx context.Context, g *grant.Grant) (account grant.Account, crossed bool, err error) {
	before, err := r.Store.Revocations(ctx, g, r.Now())
	if err != nil {
		return account, false, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	user, asked := r.X.Me(ctx, g.Candidate.AccessToken)
	failpoint.Hit("consent-after-account")
	if asked != nil && !undisclosed(asked) {
		return account, false, asked
	}
	account = grant.Account{UserID: user.ID, Username: user.Username}
	after, err := r.Store.Revocations(ctx, g, r.Now())
	if err != nil {
		return account, false, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	of := grant.Grantee{ClientID: g.Candidate.App.ClientID, UserID: account.UserID}
	return account, slices.ContainsFunc(append(before, after...), of.Meets), asked
}

// judge promotes or refuses the candidate, whose account is known unless X would
// not tell it.
func (r *Redeemer) judge(g *grant.Grant, pin string, err error) ConsentResult {
	account := g.Candidate.Account
	pinned := pin != "" || g.Account.UserID != ""
	switch {
	case xapi.KindOf(err) == xapi.KindUnauthorized:
		message := "X does not accept the token that it gave at this consent."
		if !r.Now().Before(g.Candidate.ExpiresAt) {
			message = "X did not tell whose account consented before the token ended."
		}
		g.Refuse()
		return ConsentResult{Code: string(v1alpha1.ErrorTokenExchangeFailed), Message: message}
	case err != nil && pinned:
		g.Refuse()
		return ConsentResult{
			Code:    string(v1alpha1.ErrorAccountMismatch),
			Message: "X does not tell whose account consented: the scopes tweet.read and users.read are needed to check the account.",
		}
	case !g.PinHolds(account, pin):
		message := fmt.Sprintf("The account @%s consented, but this connection is for %s.", account.Username, wantedAccount(g, pin))
		g.Refuse()
		return ConsentResult{Code: string(v1alpha1.ErrorAccountMismatch), Message: message, Username: account.Username}
	default:
		g.Promote()
		return ConsentResult{Code: CodeConnected, Message: messageConnected, Username: account.Username}
	}
}

func wantedAccount(g *grant.Grant, pin string) string {
	if pin == "" {
		pin = g.Account.Username
	}
	return "@" + pin
}

// undisclosed tells whether X refuses, for good, to say whose token it is.
func undisclosed(err error) bool {
	kind := xapi.KindOf(err)
	return kind == xapi.KindUnauthorized || kind == xapi.KindForbidden
}
