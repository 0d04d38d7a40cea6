// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"time"
)

// Reuse is what happens when a spent refresh token is presented again.
type Reuse string

// The policies of reuse.
const (
	// ReuseKills ends the whole family, access tokens included. It is the default.
	ReuseKills Reuse = "kill"
	// ReuseRefused refuses the spent token and nothing more.
	ReuseRefused Reuse = "refuse"
	// ReuseSame gives the first answer again within the grace period, as long as
	// nobody has used it; later it kills.
	ReuseSame Reuse = "same"
	// ReuseNext gives a further answer within the grace period, beside the first;
	// later it kills.
	ReuseNext Reuse = "next"
)

// Policies are the sides that X may take where its behaviour is not documented or
// reports differ. The zero Policies are the likeliest, or the harshest.
type Policies struct {
	// Reuse is ReuseKills by default.
	Reuse Reuse `json:"reuse,omitempty"`
	// Grace is how long after it was spent ReuseSame and ReuseNext honour a token.
	Grace Duration `json:"grace,omitempty"`
	// KeepEarlierLogins lets the refresh token of an account's earlier login with
	// the same app live on; by default a new login ends it.
	KeepEarlierLogins bool `json:"keepEarlierLogins,omitempty"`
	// RevokeWholeGrant makes the revocation of one token end all of its grant; by
	// default it ends that token alone.
	RevokeWholeGrant bool `json:"revokeWholeGrant,omitempty"`
	// RevokeWholeAccount makes it end all that the account has given the app, of other
	// logins too.
	RevokeWholeAccount bool `json:"revokeWholeAccount,omitempty"`
	// RevokeAnswersEmpty answers a revocation with no body.
	RevokeAnswersEmpty bool `json:"revokeAnswersEmpty,omitempty"`
	// RefreshEndsAccess ends earlier access tokens at a refresh; by default they
	// live until they expire.
	RefreshEndsAccess bool `json:"refreshEndsAccess,omitempty"`
	// DeadTokenError is the error code for a dead refresh token or code:
	// "invalid_request" by default, or "invalid_grant".
	DeadTokenError string `json:"deadTokenError,omitempty"`
	// OmitRefreshToken answers a refresh without a refresh token; the one that was
	// sent then stays good.
	OmitRefreshToken bool `json:"omitRefreshToken,omitempty"`
	// CodeReplayEndsGrant ends the grant whose code is presented a second time
	// (RFC 6749, section 4.1.2); by default the code is refused and nothing more.
	CodeReplayEndsGrant bool `json:"codeReplayEndsGrant,omitempty"`
	// DenialDescribed adds an error_description to a denied consent.
	DenialDescribed bool `json:"denialDescribed,omitempty"`
	// AllowDuplicates takes a post of the same text again; by default it is refused
	// for 24 hours, unless the first one is deleted.
	AllowDuplicates bool `json:"allowDuplicates,omitempty"`
	// AllowAnyReply drops the rule that self-serve apps may answer only who has
	// mentioned or quoted the account.
	AllowAnyReply bool `json:"allowAnyReply,omitempty"`
	// OmitLimitHeaders leaves the rate limit headers out of every answer.
	OmitLimitHeaders bool `json:"omitLimitHeaders,omitempty"`
}

// Validate refuses values that mean nothing.
func (p Policies) Validate() error {
	switch p.Reuse {
	case "", ReuseKills, ReuseRefused, ReuseSame, ReuseNext:
	default:
		return fmt.Errorf("reuse can't be %q; choose kill, refuse, same or next", p.Reuse)
	}
	switch p.DeadTokenError {
	case "", invalidRequest, "invalid_grant":
	default:
		return fmt.Errorf("deadTokenError can't be %q; choose invalid_request or invalid_grant", p.DeadTokenError)
	}
	return nil
}

// Lifetimes are how long what is issued lives. A zero field means X's own.
type Lifetimes struct {
	// Code is 30 seconds by default.
	Code Duration `json:"code,omitempty"`
	// Access is 2 hours by default.
	Access Duration `json:"access,omitempty"`
	// Refresh is 180 days by default, counted from the login and not from the last
	// refresh: the harder reading of what X says.
	Refresh Duration `json:"refresh,omitempty"`
}

func (l Lifetimes) withDefaults() Lifetimes {
	defaults := []struct {
		field *Duration
		value time.Duration
	}{{&l.Code, 30 * time.Second}, {&l.Access, 2 * time.Hour}, {&l.Refresh, 180 * 24 * time.Hour}}
	for _, d := range defaults {
		if *d.field == 0 {
			*d.field = Duration(d.value)
		}
	}
	return l
}

// SetPolicies changes the policies, from the next call on.
func (s *Server) SetPolicies(policies Policies) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies = policies
}

// SetLifetimes changes the lifetimes of what is issued from now on.
func (s *Server) SetLifetimes(lifetimes Lifetimes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetimes = lifetimes.withDefaults()
}
