// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// CodeConnected is the outcome of a consent that ended well; every other outcome
// is a code of the error catalogue (x_error).
const CodeConnected = "connected"

// ErrUnavailable means that the store could not be read or written before the
// code was spent: the person may open the link again.
var ErrUnavailable = errors.New("the store of grants cannot be reached")

// ConsentRequest is what came back from X through the callback, after state and
// cookie were verified.
type ConsentRequest struct {
	// Owner is the uid of the XConnection.
	Owner types.UID
	// Nonce is the hash of the state's nonce; Epoch is the invitation's.
	Nonce string
	Epoch int64
	// Denied is X's "error" parameter; Code is then absent.
	Denied string
	// Late is true if the person came back after the state's time was over: nothing is
	// exchanged, and the outcome says so.
	Late bool
	// Code is the authorization code.
	Code        secret.Token
	Verifier    secret.Token
	RedirectURI string
	// Credentials are the app's that the state was sealed for.
	Credentials xapi.Credentials
	// Pin is spec.username, or empty.
	Pin string
}

// vain gives the outcome of a flow that comes to nothing whatever X would say; empty for
// one whose code is to be exchanged.
func (r ConsentRequest) vain() (code v1alpha1.ErrorCode, message string) {
	switch {
	case r.Late:
		return v1alpha1.ErrorSessionExpired, messageLate
	case r.Denied != "":
		return v1alpha1.ErrorAuthorizationDenied, messageDenied
	default:
		return "", ""
	}
}

// ConsentResult is how the flow ended.
type ConsentResult struct {
	// Code is CodeConnected or a code of the error catalogue; empty while a flow is
	// still under way: this one, whose account X has not told yet, or another.
	Code string
	// Message says for people what happened; it holds no secret.
	Message string
	// Username is the account's handle, if known.
	Username string
	// Replayed is true if this nonce had come back before: the result is that of
	// the first time.
	Replayed bool
}

// Consenter finishes consent flows.
type Consenter interface {
	// Consent claims the nonce in the grant, redeems the code, stores the answer as
	// a candidate, asks X whose it is and promotes or refuses it. The outcome is
	// stored in the grant's consent record. It fails only with ErrUnavailable, and
	// then nothing was spent.
	Consent(ctx context.Context, request ConsentRequest) (ConsentResult, error)
}
