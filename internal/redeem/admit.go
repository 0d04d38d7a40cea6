// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// Each consent with a code is one call with the app's credentials, which all tenants of
// a shared app need: whoever brings invented codes again and again would have X limit
// the app for all. The grant remembers 16 claims for so long: no more are admitted, so
// that denials, which cost no call, push no failure out of it.
const (
	consentsWithin = 15 * time.Minute
	failedConsents = 5
	vainConsents   = 16

	messageTooMany = "Too many consents of this connection failed in a short time: wait a quarter of an hour, then open the link again."
)

// turnedAway gives the result of a consent that may not go on now; nil if it may.
// Nothing is spent and nothing recorded.
func (r *Redeemer) turnedAway(g *grant.Grant, request ConsentRequest, now time.Time) *ConsentResult {
	vain, failed := vainLately(g, now)
	code, _ := request.vain()
	switch {
	case vain >= vainConsents, failed >= failedConsents && code == "":
		return &ConsentResult{Code: string(v1alpha1.ErrorSessionExpired), Message: messageTooMany}
	case code != "":
		return nil
	default:
		return r.heldBack(request.Credentials, now)
	}
}

// vainLately counts the flows that came back since the last one that connected an
// account, and those of them whose code X did not take. What X did not answer, or
// gave for the wrong account, nobody can invent.
func vainLately(g *grant.Grant, now time.Time) (vain, failed int) {
	for _, claim := range g.Consent.Claims {
		if claim.Code == CodeConnected || now.Sub(claim.At).Abs() >= consentsWithin {
			break
		}
		vain++
		if claim.Code == string(v1alpha1.ErrorTokenExchangeFailed) {
			failed++
		}
	}
	return vain, failed
}

// heldBack gives the result of a consent while X limits the app; nil while it does
// not. An X that is away, or refused the credentials, is tried: a person waits.
func (r *Redeemer) heldBack(creds xapi.Credentials, now time.Time) *ConsentResult {
	kinds := map[Hold]xapi.Kind{HoldLimited: xapi.KindRateLimited, HoldCapped: xapi.KindUsageCap}
	kind, held := kinds[r.Gate.Look(creds)]
	if !held {
		return nil
	}
	until := r.Gate.Until(creds, now).UTC().Format("15:04 UTC on 2 January")
	return &ConsentResult{
		Code:    r.ConsentCode(&xapi.Error{Kind: kind}),
		Message: fmt.Sprintf("X limits the app that this connection uses: open the link again after %s.", until),
	}
}
