// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// withdraw is an XApp that does not allow any more what was consented to, and a spec that
// does not ask for it any more.
func withdraw(s *scope) {
	s.grant.Tokens.Asked = append(s.grant.Tokens.Asked, "dm.read")
	s.app.xapp = &v1alpha1.XApp{Spec: v1alpha1.XAppSpec{AllowedScopes: []string{"tweet.read", "users.read"}}}
}

// TestWithdrawnScopes: tokens with a scope that the XApp withdrew are not refreshed, until
// a person consents without it; to take it out of the spec changes no token.
func TestWithdrawnScopes(t *testing.T) {
	s := connectedScope()
	withdraw(s)
	if got := plan(s); got.action != actionInvite {
		t.Errorf("the plan is %s, want an invitation", got.action)
	}
	s.grant.Invite(invitation(s))
	s.now = s.now.Add(time.Hour)
	if got := plan(s); got.action != actionWait {
		t.Errorf("once it is due the plan is %s, want to wait", got.action)
	}
	if got := judge(s); !strings.Contains(got.message, "dm.read") {
		t.Errorf("the message names no scope: %s", got.message)
	}
	s.app.xapp.Spec.AllowedScopes = append(s.app.xapp.Spec.AllowedScopes, "dm.read")
	s.grant.Invite(invitation(s))
	if got := plan(s); got.action != actionRefresh {
		t.Errorf("once it is allowed again the plan is %s, want a refresh", got.action)
	}
}

// A missing workload hides no trouble, and is told before anybody consents.
func TestMissingAgentHidesNothing(t *testing.T) {
	s := connectedScope()
	s.agentMissing = "the Deployment \"d\" does not exist"
	s.grant.Journal.Uncertain = 1
	if got := judge(s); !strings.HasPrefix(got.message, "The Deployment \"d\" does not exist. A refresh was begun") {
		t.Errorf("the message is %q", got.message)
	}
	s.grant.Tokens = nil
	if got := judge(s); got.reason != v1alpha1.ReasonConsentRequired || !strings.HasSuffix(got.message, "consent. The Deployment \"d\" does not exist") {
		t.Errorf("before a consent it is %s, %q", got.reason, got.message)
	}
}
