// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// setting is what a world is like.
type setting struct {
	name string
	// does says it for people.
	does     string
	policies xsim.Policies
	replicas int
	// share is its part of the faults, in percent; all shares make 100.
	share int
	mix   mix
	// lifetime is that of X's access tokens: refreshes come at three quarters of it.
	lifetime time.Duration
}

// grace is how long X honours a spent token where it has a grace period.
const grace = xsim.Duration(10 * time.Minute)

// settings play X's policies against each other: what reuse of a token does, and
// how far a revocation reaches; and in all but one X does not notice a post that
// it has already. A pair of replicas takes 15 seconds to notice that
// its leader is gone, and so suffers fewer faults in the same time.
var settings = []setting{
	{
		name: "kill", does: "reuse ends the family, a revocation ends one token",
		policies: xsim.Policies{Reuse: xsim.ReuseKills, AllowDuplicates: true},
		replicas: 1, share: 38, lifetime: 30 * time.Second,
		mix: mix{step: 60, kill: 8, term: 4, x: 28},
	},
	{
		name: "grace", does: "reuse gives the same answer again within a grace period, a revocation ends all that the account gave the app",
		policies: xsim.Policies{Reuse: xsim.ReuseSame, Grace: grace, RevokeWholeAccount: true, RevokeAnswersEmpty: true, DeadTokenError: "invalid_grant", AllowDuplicates: true},
		replicas: 1, share: 38, lifetime: 30 * time.Second,
		mix: mix{step: 60, kill: 8, term: 4, x: 28},
	},
	{
		name: "kill-pair", does: "two replicas; reuse ends the family, a revocation ends the grant, a refresh ends the older access token",
		policies: xsim.Policies{Reuse: xsim.ReuseKills, RevokeWholeGrant: true, RefreshEndsAccess: true, CodeReplayEndsGrant: true, AllowDuplicates: true},
		replicas: 2, share: 6, lifetime: 40 * time.Second,
		mix: mix{step: 34, kill: 10, stop: 12, term: 12, x: 32},
	},
	{
		name: "grace-pair", does: "two replicas; reuse gives a further answer within a grace period, a revocation ends one token, earlier logins live on",
		policies: xsim.Policies{Reuse: xsim.ReuseNext, Grace: grace, KeepEarlierLogins: true},
		replicas: 2, share: 6, lifetime: 40 * time.Second,
		mix: mix{step: 34, kill: 10, stop: 12, term: 12, x: 32},
	},
	{
		// Twins on one account live here side by side, and one's revocation would end both.
		name: "whole", does: "earlier logins live on, and a revocation ends all that the account gave the app",
		policies: xsim.Policies{Reuse: xsim.ReuseKills, KeepEarlierLogins: true, RevokeWholeAccount: true, AllowDuplicates: true},
		replicas: 1, share: 12, lifetime: 30 * time.Second,
		mix: mix{step: 60, kill: 8, term: 4, x: 28},
	},
}
