// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"net/http"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// tokenCall is the name of that call, and resultOK the result of any that succeeds,
// for Options.Called.
const (
	tokenCall = "token"
	resultOK  = "ok"
)

// giveToken answers with the current access token and its facts, under the names
// that they have in the token Secret. It is for clients that call X themselves; they
// ask again before it ends.
func (d *Door) giveToken(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readTimeout)
	defer cancel()
	c := callOf(ctx)
	a, err := d.account(ctx, c.connection)
	if err != nil {
		d.refuse(w, tokenCall, c, err)
		return
	}
	d.Called(tokenCall, resultOK)
	d.writeJSON(w, http.StatusOK, map[string]string{
		v1alpha1.TokenKeyAccessToken: a.access.Reveal(),
		v1alpha1.TokenKeyTokenType:   "bearer",
		v1alpha1.TokenKeyExpiresAt:   stamp(a.expires),
		v1alpha1.TokenKeyScope:       a.scope,
		v1alpha1.TokenKeyUsername:    a.username,
		v1alpha1.TokenKeyUserID:      a.userID,
	})
}
