// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/secret"
)

// flow is an answer of X that belongs to the browser which brings it.
type flow struct {
	answer
	state  seal.State
	cookie secret.Token
	// late is true if the state's time is over: nothing is exchanged any more, but the
	// app behind the redirect URL and the object's owner are told.
	late bool
}

// callback answers X's redirect. Until verify is through, nothing is read from the
// API server, nothing is written and nobody is redirected.
func (d *door) callback(r *http.Request) reply {
	answered, err := parseAnswer(r.URL.RawQuery)
	if err != nil {
		return d.failed(err, about{})
	}
	verified, err := d.verify(r, answered)
	if err != nil {
		return d.failed(err, about{})
	}
	// A browser that goes away must not cost the code that it brought: the work is
	// finished without it.
	ctx := context.WithoutCancel(r.Context())
	found, err := d.lookUp(ctx, verified)
	if err != nil {
		return d.failed(err, about{})
	}
	result, err := d.conclude(ctx, found, verified)
	return d.finish(found, verified, result, err)
}

// verify holds an answer to its state, and the state to the browser's cookie.
func (d *door) verify(r *http.Request, answered answer) (flow, error) {
	state, err := d.Keyring.Open(answered.state)
	late := errors.Is(err, seal.ErrExpired)
	if err != nil && !late {
		return flow{}, refuse(v1alpha1.ErrorSessionExpired, "It was not begun here, or so long ago that it can no longer be told.")
	}
	cookie, ok := d.cookieFrom(r, state.UID)
	bound := ok && state.BoundTo(cookie)
	switch {
	case late && !bound:
		return flow{}, refuse(v1alpha1.ErrorSessionExpired, "More than 15 minutes have passed since it was begun.")
	case !bound:
		return flow{}, refuse(v1alpha1.ErrorSessionExpired, "It was not begun in this browser, or the browser did not keep its cookie.")
	}
	return flow{answered, state, cookie, late}, nil
}

func (d *door) lookUp(ctx context.Context, verified flow) (invitation, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return d.live(ctx, types.UID(verified.state.UID))
}

// conclude hands the answer to whoever redeems it, if the invitation still holds.
// An answer that was concluded before has the result of that time: its epoch may
// be over just because it ended well.
func (d *door) conclude(ctx context.Context, found invitation, verified flow) (redeem.ConsentResult, error) {
	if earlier, ok := concluded(found.grant, verified.state.NonceHash()); ok {
		return earlier, nil
	}
	if err := stillInvited(found, verified.state); err != nil {
		return redeem.ConsentResult{}, err
	}
	request := redeem.ConsentRequest{
		Owner:       found.connection.UID,
		Nonce:       verified.state.NonceHash(),
		Epoch:       verified.state.Epoch,
		Denied:      verified.denied,
		Late:        verified.late,
		Code:        verified.code,
		Verifier:    verified.state.Verifier(verified.cookie),
		RedirectURI: d.Address.Callback(),
		Pin:         found.connection.Spec.Username,
	}
	if request.Denied == "" && !request.Late {
		credentials, err := d.credentials(ctx, found.grant.Consent.App)
		if err != nil {
			return redeem.ConsentResult{}, err
		}
		request.Credentials = credentials
	}
	result, err := d.Consenter.Consent(ctx, request)
	if err != nil {
		return redeem.ConsentResult{}, fmt.Errorf("finishing the consent: %w", err)
	}
	return result, nil
}

// concluded gives the result of an answer that came back before and was finished.
func concluded(g *grant.Grant, nonce string) (redeem.ConsentResult, bool) {
	for _, claim := range g.Consent.Claims {
		if claim.Nonce != nonce || claim.Code == "" {
			continue
		}
		result := redeem.ConsentResult{Code: claim.Code, Replayed: true}
		if claim.Code == redeem.CodeConnected {
			result.Username = g.Account.Username
		}
		return result, true
	}
	return redeem.ConsentResult{}, false
}

// stillInvited checks what may have changed while the person was at X.
func stillInvited(found invitation, state seal.State) error {
	if !found.connection.DeletionTimestamp.IsZero() {
		return refuse(v1alpha1.ErrorAgentNotFound, "The connection is being deleted.")
	}
	now := found.standing(state.Epoch)
	if now == standingOpen && state.ForClient(found.grant.Consent.App.ClientID) {
		return nil
	}
	return refuse(v1alpha1.ErrorSessionExpired, changed[now])
}

// changed says what happened to the invitation meanwhile.
var changed = map[standing]string{
	standingOpen:         "The connection now uses another X app.",
	standingReplaced:     "A newer link was made while you were at X.",
	standingConnected:    "The connection was finished another way while you were at X.",
	standingDisconnected: "The connection was switched off while you were at X.",
	standingSuspended:    "The connection was paused while you were at X.",
	standingNotWanted:    "The connection is no longer waiting for anybody.",
}

// finish tells the person how the flow ended: at the redirect URL if there is one,
// else with a page. A failure of ours stays here: the link may simply be opened
// again, and the app behind the redirect URL can do nothing about it.
func (d *door) finish(found invitation, verified flow, result redeem.ConsentResult, err error) reply {
	subject := d.about(found, verified.state.Epoch)
	var told *refusal
	switch {
	case errors.As(err, &told):
		result = redeem.ConsentResult{Code: string(told.code), Message: told.detail}
	case err != nil:
		return d.failed(err, subject)
	}
	d.Log.Info("A consent came back", "namespace", subject.Namespace, "name", subject.Name,
		"result", result.Code, "replayed", result.Replayed)
	if result.Code == "" {
		return finishing(subject)
	}
	if location, ok := withResult(found.connection.Spec.RedirectURL, result); ok {
		return reply{result: result.Code, location: location}
	}
	return ended(result, subject)
}
