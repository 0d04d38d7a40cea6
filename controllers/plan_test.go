// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
)

// someTime is random, so that a stray clock reading in a decision shows.
var someTime = time.Unix(1_500_000_000+rand.Int64N(1_000_000_000), 0).UTC()

// uidDue gives a uid whose connection is refreshed at a time, or up to half a second
// earlier, and at each interval before and after.
func uidDue(at time.Time) types.UID {
	for i := 0; ; i++ {
		g := &grant.Grant{Owner: grant.Owner{UID: types.UID(fmt.Sprint("uid-", i))}, Tokens: &grant.Tokens{
			ReceivedAt: at.Add(-time.Second / 2), ExpiresAt: at.Add(24 * time.Hour),
		}}
		if !grant.NextRefresh(g, v1alpha1.DefaultRefreshInterval, at).After(at) {
			return g.Owner.UID
		}
	}
}

// halfAnHourAgo is the uid of connections that were refreshed then.
var halfAnHourAgo = uidDue(someTime.Add(-30 * time.Minute))

// connectedScope is a connection in good order, refreshed half an hour ago.
func connectedScope() *scope {
	conn := &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "customer", Name: "agent", UID: halfAnHourAgo, Generation: 1,
			Finalizers: []string{v1alpha1.FinalizerRevoke},
		},
		Spec: v1alpha1.XConnectionSpec{Scopes: []string{"tweet.read", "users.read"}, State: v1alpha1.StateConnected},
	}
	app := grant.App{ClientID: "client", XApp: "acme", SecretName: "acme-app"}
	g := &grant.Grant{
		Owner:    grant.Owner{Namespace: "customer", Name: "agent", UID: halfAnHourAgo},
		Rotation: 2,
		Account:  grant.Account{UserID: "1", Username: "jane"},
		Tokens: &grant.Tokens{
			App:          app,
			AccessToken:  secret.New("access"),
			RefreshToken: secret.New("refresh"),
			Asked:        conn.EffectiveScopes(),
			ConsentedAt:  someTime.Add(-24 * time.Hour),
			ReceivedAt:   someTime.Add(-30 * time.Minute),
			RefreshedAt:  someTime.Add(-30 * time.Minute),
			ExpiresAt:    someTime.Add(90 * time.Minute),
		},
	}
	s := &scope{now: someTime, conn: conn, before: conn.DeepCopy(), grant: g, app: newApp(app)}
	s.token = desiredToken(conn, g, nil)
	return s
}

func newApp(a grant.App) app { return app{App: a} }

func deleted(s *scope, ago time.Duration) {
	at := metav1.NewTime(s.now.Add(-ago))
	s.conn.DeletionTimestamp = &at
}

func TestPlan(t *testing.T) {
	for _, test := range planCases() {
		t.Run(test.name, func(t *testing.T) {
			s := connectedScope()
			test.change(s)
			got := plan(s)
			if got.action != test.want {
				t.Errorf("the plan is %s, not %s", got.action, test.want)
			}
			if wait := got.at.Sub(s.now).Round(time.Second); test.wait != 0 && wait != test.wait {
				t.Errorf("the next look is in %s, not in %s", wait, test.wait)
			}
		})
	}
}

type planCase struct {
	name   string
	change func(*scope)
	want   action
	// wait is checked if it is set.
	wait time.Duration
}

func planCases() []planCase {
	return slices.Concat(planLife(), planMoved(), planTokens(), planDeletions(), planRevocations(), planDisconnections())
}

func planLife() []planCase {
	return []planCase{
		{name: "all is well", change: func(*scope) {}, want: actionWait, wait: time.Hour},
		{name: "no finalizer", change: func(s *scope) { s.conn.Finalizers = nil }, want: actionAddFinalizer},
		{name: "no grant", change: func(s *scope) { s.grant = nil }, want: actionCreateGrant},
		{name: "the operator's namespace", change: func(s *scope) { s.refused, s.conn.Finalizers = true, nil }, want: actionWait},
		{name: "a grant of another cluster", change: func(s *scope) { s.foreign = true; s.now = s.now.Add(2 * time.Hour) }, want: actionWait},
		{name: "an adopted grant", change: func(s *scope) { s.foreign, s.adopted = true, true }, want: actionAdopt},
		{name: "a grant that can't be read", change: func(s *scope) { s.grant, s.unreadable = nil, grant.ErrUnreadable }, want: actionWait},
		{name: "due", change: func(s *scope) { s.now = s.now.Add(time.Hour) }, want: actionRefresh},
		{name: "due, suspended", change: func(s *scope) { s.now = s.now.Add(time.Hour); s.conn.Spec.Suspend = true }, want: actionWait},
		{name: "due, without an app", change: func(s *scope) { s.now = s.now.Add(time.Hour); s.app.problem = &appProblem{} }, want: actionWait},
		{name: "due, held back", change: func(s *scope) {
			s.now = s.now.Add(time.Hour)
			s.hold, s.holdUntil = redeem.HoldLimited, s.now.Add(time.Minute)
		}, want: actionWait, wait: time.Minute},
		{name: "another app", change: func(s *scope) { s.app.ClientID = "another" }, want: actionInvite},
		{name: "due, another app, invited", change: func(s *scope) {
			s.now = s.now.Add(time.Hour)
			s.app.ClientID = "another"
			s.grant.Invite(invitation(s))
		}, want: actionWait, wait: 30 * time.Minute},
		{name: "another account wanted", change: func(s *scope) { s.conn.Spec.Username = "john" }, want: actionInvite},
		{name: "more scopes", change: func(s *scope) { s.conn.Spec.Scopes = append(s.conn.Spec.Scopes, "tweet.write") }, want: actionInvite},
		{name: "almost 180 days", change: func(s *scope) { s.grant.Tokens.ConsentedAt = s.now.Add(-166 * 24 * time.Hour) }, want: actionInvite},
		{name: "a verdict", change: func(s *scope) { s.grant.Journal.Verdict = &grant.Verdict{} }, want: actionInvite},
		{name: "no refresh token", change: func(s *scope) { s.grant.Tokens.RefreshToken = secret.Token{} }, want: actionInvite},
		{name: "a fresh candidate", change: func(s *scope) { addCandidate(s, time.Second) }, want: actionWait, wait: candidatePatience - time.Second},
		{name: "a candidate left behind", change: func(s *scope) { addCandidate(s, time.Minute) }, want: actionSettleCandidate},
		{name: "something retired", change: retire, want: actionRevoke},
		{name: "something retired, a consent under way", change: func(s *scope) {
			retire(s)
			s.grant.Consent.Claims = []grant.Claim{{Nonce: "n", At: s.now.Add(-5 * time.Second)}}
		}, want: actionWait, wait: 40 * time.Second},
		{name: "something retired, whose consent's account is not known", change: func(s *scope) {
			retire(s)
			addCandidate(s, time.Second)
		}, want: actionWait, wait: candidatePatience - time.Second},
		{name: "something retired, suspended with a candidate", change: func(s *scope) {
			retire(s)
			addCandidate(s, time.Minute)
			s.conn.Spec.Suspend = true
		}, want: actionWait, wait: 90 * time.Minute},
		{name: "a candidate, a revocation failed", change: func(s *scope) {
			retire(s)
			addCandidate(s, time.Minute)
			s.revoking.at = s.now.Add(time.Minute)
		}, want: actionSettleCandidate},
		{name: "something retired, nobody invited yet", change: func(s *scope) { retire(s); s.grant.Tokens, s.token = nil, nil }, want: actionRevoke},
		{name: "something retired, X away, nobody invited yet", change: func(s *scope) {
			retire(s)
			s.grant.Tokens, s.token, s.revoking.at = nil, nil, s.now.Add(time.Second)
		}, want: actionInvite},
	}
}

func planMoved() []planCase {
	return []planCase{
		{name: "a moved grant", change: moveHere, want: actionInherit},
		{name: "a moved grant, a consent under way", change: func(s *scope) {
			moveHere(s)
			s.grant.Invite(invitation(s))
			s.grant.Consent.Claims = []grant.Claim{{Nonce: "n", At: s.now.Add(-5 * time.Second)}}
		}, want: actionWait, wait: 40 * time.Second},
		{name: "a moved grant, a consent to be finished", change: func(s *scope) {
			moveHere(s)
			addCandidate(s, time.Minute)
		}, want: actionSettleCandidate},
		{name: "a moved grant, connected and disconnected here before", change: func(s *scope) { moveHere(s); s.grant.Rotation, s.token = 3, nil }, want: actionInvite},
		{name: "a moved grant, taken over", change: move, want: actionDropMoved},
		{name: "a moved grant, another account connected", change: func(s *scope) { move(s); s.moved.Account.UserID = "2" }, want: actionWait},
		{name: "a moved grant, never to be connected here", change: func(s *scope) { moveHere(s); disconnect(s); s.token = nil }, want: actionDropMoved},
		{name: "a moved grant that owes a revocation alone", change: func(s *scope) { moveHere(s); s.moved.Tokens, s.token = nil, nil }, want: actionDropMoved},
	}
}

func planTokens() []planCase {
	return []planCase{
		{name: "a former token Secret", change: func(s *scope) { s.oldToken = s.token }, want: actionUnpublishOld},
		{name: "a former token Secret, the new one not made", change: func(s *scope) { s.oldToken, s.token = s.token, nil }, want: actionPublish},
		{name: "no token Secret", change: func(s *scope) { s.token = nil }, want: actionPublish},
		{name: "somebody else's token Secret", change: func(s *scope) { s.token, s.tokenConflict = nil, "it is foreign" }, want: actionWait, wait: conflictLook},
		{name: "a token Secret that can't be written", change: func(s *scope) {
			s.token, s.publishing.at = nil, s.now.Add(time.Second)
		}, want: actionWait, wait: time.Second},
		{name: "a token Secret that can't be written, due", change: func(s *scope) {
			s.now = s.now.Add(time.Hour)
			s.token, s.publishing.at = nil, s.now.Add(time.Second)
		}, want: actionRefresh},
		{name: "a former token Secret that can't be deleted, due", change: func(s *scope) {
			s.now = s.now.Add(time.Hour)
			s.oldToken, s.publishing.at = s.token, s.now.Add(time.Second)
		}, want: actionRefresh},
		{name: "a token Secret whose token was given up", change: func(s *scope) { s.grant.Tokens = nil }, want: actionUnpublish},
		{name: "a token Secret whose grant was lost", change: func(s *scope) { s.grant.Tokens, s.grant.Rotation = nil, 0 }, want: actionInvite},
		{name: "an edited token Secret", change: func(s *scope) { s.token.Data["more"] = []byte("x") }, want: actionPublish},
	}
}

func planDeletions() []planCase {
	return []planCase{
		{name: "deleted", change: func(s *scope) { deleted(s, time.Second) }, want: actionForget},
		{name: "deleted, a moved grant taken over", change: func(s *scope) { deleted(s, time.Second); move(s) }, want: actionDropMoved},
		{name: "deleted, an adopted grant", change: func(s *scope) { deleted(s, time.Second); s.foreign, s.adopted = true, true }, want: actionAdopt},
		{name: "deleted, without our finalizer", change: func(s *scope) { deleted(s, 0); s.conn.Finalizers = nil }, want: actionWait},
		{name: "deleted, suspended", change: func(s *scope) { deleted(s, 0); s.conn.Spec.Suspend = true }, want: actionForget},
		{name: "deleted, foreign", change: func(s *scope) { deleted(s, 0); s.foreign = true }, want: actionRemoveFinalizer},
		{name: "deleted, no grant", change: func(s *scope) { deleted(s, 0); s.grant = nil }, want: actionRemoveFinalizer},
		{name: "deleted, an attempt under way", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Journal.Attempt = &grant.Attempt{}
			s.seen = grant.Seen{First: s.now}
		}, want: actionWait, wait: revokeDeadline - time.Second},
		{name: "deleted, its attempt's holder missing", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Journal.Attempt = &grant.Attempt{}
			s.seen = grant.Seen{First: s.now, Missing: true}
		}, want: actionWait, wait: time.Minute},
		{name: "deleted, its attempt's holder gone", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Journal.Attempt = &grant.Attempt{}
			s.seen = grant.Seen{First: s.now, Gone: true}
		}, want: actionForget},
		{name: "deleted, a grant that can't be read", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant, s.unreadable = nil, grant.ErrUnreadable
		}, want: actionWait, wait: revokeDeadline - time.Second},
		{name: "deleted, a grant that can't be read, past the deadline", change: func(s *scope) {
			deleted(s, revokeDeadline)
			s.grant, s.unreadable = nil, grant.ErrUnreadable
		}, want: actionRemoveFinalizer},
	}
}

// planRevocations are those of deletions whose tokens are given up, and what comes after.
func planRevocations() []planCase {
	return []planCase{
		{name: "deleted, given up", change: func(s *scope) { deleted(s, time.Second); s.grant.Tokens = nil; retire(s) }, want: actionRevoke},
		{name: "deleted, X away", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Tokens = nil
			retire(s)
			s.revoking.at = s.now.Add(7 * time.Second)
		}, want: actionWait, wait: 7 * time.Second},
		{name: "deleted, X away past the deadline", change: func(s *scope) {
			deleted(s, revokeDeadline)
			s.grant.Tokens, s.revoking.failures = nil, 1
			retire(s)
		}, want: actionBury},
		{name: "deleted, seen past the deadline", change: func(s *scope) { deleted(s, time.Hour) }, want: actionForget},
		{name: "deleted, X not asked before the deadline", change: func(s *scope) { deleted(s, time.Hour); s.grant.Tokens = nil; retire(s) }, want: actionRevoke},
		{name: "deleted, never connected, seen past the deadline", change: func(s *scope) { deleted(s, time.Hour); s.grant.Tokens = nil }, want: actionDeleteGrant},
		{name: "deleted, an attempt under way past the deadline", change: func(s *scope) {
			deleted(s, revokeDeadline)
			s.grant.Journal.Attempt, s.seen = &grant.Attempt{}, grant.Seen{First: s.now}
		}, want: actionBury},
		{name: "deleted, a moved grant that can't be taken over", change: func(s *scope) {
			deleted(s, time.Second)
			move(s)
			s.moved.Account.UserID = "another"
		}, want: actionDropMoved},
		{name: "deleted, revoked", change: func(s *scope) { deleted(s, time.Second); s.grant.Tokens = nil }, want: actionDeleteGrant},
		{name: "deleted, revoked, which status does not say yet", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Tokens, s.before.Status.Connected = nil, true
		}, want: actionWait},
		{name: "deleted, revoked at last, which status does not say yet", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Tokens = nil
			s.before.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonNotRevoked}}
		}, want: actionWait},
		{name: "deleted, a consent under way", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Tokens = nil
			s.grant.Consent.Claims = []grant.Claim{{Nonce: "n", At: s.now.Add(-5 * time.Second)}}
		}, want: actionWait, wait: 40 * time.Second},
		{name: "deleted, a consent that came to nothing", change: func(s *scope) {
			deleted(s, time.Second)
			s.grant.Tokens = nil
			s.grant.Consent.Claims = []grant.Claim{{Nonce: "n", At: s.now.Add(-45 * time.Second)}}
		}, want: actionDeleteGrant},
		{name: "deleted, buried", change: func(s *scope) { deleted(s, time.Hour); s.grant.Tombstone = &grant.Tombstone{} }, want: actionRemoveFinalizer},
		{name: "deleted, buried, which status does not say yet", change: func(s *scope) {
			deleted(s, time.Hour)
			s.grant.Tombstone = &grant.Tombstone{}
			s.before.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonNotRevoked}}
		}, want: actionWait},
	}
}

func planDisconnections() []planCase {
	return []planCase{
		{name: "disconnected", change: disconnect, want: actionForget},
		{name: "disconnected, a moved grant taken over", change: func(s *scope) { disconnect(s); move(s) }, want: actionDropMoved},
		{name: "disconnected, given up", change: func(s *scope) { disconnect(s); s.grant.Tokens = nil }, want: actionUnpublish},
		{name: "disconnected, a former token Secret", change: func(s *scope) {
			disconnect(s)
			s.grant.Tokens, s.token, s.oldToken = nil, nil, s.token
		}, want: actionUnpublishOld},
		{name: "disconnected, unpublished", change: func(s *scope) { disconnect(s); s.grant.Tokens, s.token = nil, nil; retire(s) }, want: actionRevoke},
		{name: "disconnected, a token Secret that can't be deleted", change: func(s *scope) {
			disconnect(s)
			s.grant.Tokens, s.publishing.at = nil, s.now.Add(time.Second)
			retire(s)
		}, want: actionRevoke},
		{name: "disconnected, a token Secret that can't be deleted, revoked", change: func(s *scope) {
			disconnect(s)
			s.grant.Tokens, s.publishing.at = nil, s.now.Add(time.Second)
		}, want: actionWait, wait: time.Second},
		{name: "disconnected, done", change: func(s *scope) { disconnect(s); s.grant.Tokens, s.token = nil, nil }, want: actionWait},
	}
}

func disconnect(s *scope) { s.conn.Spec.State = v1alpha1.StateDisconnected }

func move(s *scope) {
	moved, tokens := *s.grant, *s.grant.Tokens
	moved.Tokens = &tokens
	s.moved = &moved
}

// moveHere is a connection that never was connected here, and its moved grant.
func moveHere(s *scope) {
	move(s)
	s.grant.Tokens, s.grant.Rotation = nil, 0
}

func retire(s *scope) {
	s.grant.Retired = []grant.Retired{{Tokens: grant.Tokens{AccessToken: secret.New("old")}}}
}

func addCandidate(s *scope, ago time.Duration) {
	s.grant.Candidate = &grant.Candidate{Tokens: grant.Tokens{ReceivedAt: s.now.Add(-ago)}}
}

// TestStatus: what conditions say, and whether anything disconnects.
func TestStatus(t *testing.T) {
	for _, test := range statusCases() {
		t.Run(test.name, func(t *testing.T) {
			s := connectedScope()
			test.change(s)
			v := judge(s)
			if v.ready != test.ready || v.reason != test.reason || v.connected != test.connected {
				t.Errorf("Ready is %s, %s, connected %v; not %s, %s, %v", v.ready, v.reason, v.connected, test.ready, test.reason, test.connected)
			}
			if v.stalled && v.reconciling {
				t.Error("stalled and reconciling at once")
			}
		})
	}
}

type statusCase struct {
	name      string
	change    func(*scope)
	ready     metav1.ConditionStatus
	reason    string
	connected bool
}

func statusCases() []statusCase {
	failed := func(kind string) func(*scope) {
		return func(s *scope) { s.grant.Journal.Failures, s.grant.Journal.LastFailure.Kind = 1, kind }
	}
	expired := func(change func(*scope)) func(*scope) {
		return func(s *scope) { change(s); s.now = s.now.Add(2 * time.Hour) }
	}
	yes, no := metav1.ConditionTrue, metav1.ConditionFalse
	return []statusCase{
		{"all is well", func(*scope) {}, yes, v1alpha1.ReasonConnected, true},
		{"X is away", failed("Unknown"), yes, v1alpha1.ReasonXUnavailable, true},
		{"X is away, the token ended", expired(failed("Unknown")), no, v1alpha1.ReasonXUnavailable, true},
		{"limited", failed("RateLimited"), yes, v1alpha1.ReasonRateLimited, true},
		{"capped, the token ended", expired(failed("UsageCap")), no, v1alpha1.ReasonUsageCapExceeded, true},
		{"uncertain", func(s *scope) { s.grant.Journal.Uncertain = 1 }, yes, v1alpha1.ReasonRotationUncertain, true},
		{"dead", func(s *scope) { s.grant.Journal.Verdict = &grant.Verdict{} }, no, v1alpha1.ReasonReauthorizationRequired, false},
		{"old", func(s *scope) { s.grant.Tokens.ConsentedAt = s.now.Add(-170 * 24 * time.Hour) }, yes, v1alpha1.ReasonReauthorizationDue, true},
		{"no refresh token", func(s *scope) { s.grant.Tokens.RefreshToken = secret.Token{} }, yes, v1alpha1.ReasonReauthorizationDue, true},
		{"no refresh token, the token ended", expired(func(s *scope) {
			s.grant.Tokens.RefreshToken = secret.Token{}
		}), no, v1alpha1.ReasonReauthorizationRequired, false},
		{"another app", func(s *scope) { s.app.ClientID = "another" }, no, v1alpha1.ReasonReauthorizationRequired, true},
		// X has not declared them dead: with the former app they could be refreshed.
		{"another app, the token ended", expired(func(s *scope) {
			s.app.ClientID = "another"
		}), no, v1alpha1.ReasonReauthorizationRequired, true},
		{"refused app", func(s *scope) { s.app.hold = redeem.HoldRefused }, no, v1alpha1.ReasonInvalidConfig, true},
		{"no app", func(s *scope) { s.app.problem = &appProblem{message: "none"} }, no, v1alpha1.ReasonInvalidConfig, true},
		{"no agent", func(s *scope) { s.agentMissing = "none" }, no, v1alpha1.ReasonAgentNotFound, true},
		{"no agent, capped, the token ended", expired(func(s *scope) {
			failed("UsageCap")(s)
			s.agentMissing = "none"
		}), no, v1alpha1.ReasonUsageCapExceeded, true},
		{"scopes that the XApp withdrew", func(s *scope) { withdraw(s) }, no, v1alpha1.ReasonReauthorizationRequired, true},
		{"conflict", func(s *scope) { s.tokenConflict = "foreign" }, no, v1alpha1.ReasonTokenSecretConflict, true},
		{"conflict before any consent", func(s *scope) { s.grant.Tokens, s.tokenConflict = nil, "foreign" }, no, v1alpha1.ReasonTokenSecretConflict, false},
		{"a token Secret over quota", func(s *scope) {
			s.token, s.publishing.err = nil, apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "t", errors.New("quota"))
		}, no, v1alpha1.ReasonTokenSecretConflict, true},
		{"a token Secret not written yet", func(s *scope) { s.token, s.publishing.err = nil, errors.New("no leader") }, no, v1alpha1.ReasonProgressing, true},
		{"a token Secret that could not be written", func(s *scope) { s.publishing.err = errors.New("no leader") }, yes, v1alpha1.ReasonConnected, true},
		{"suspended", func(s *scope) { s.conn.Spec.Suspend = true }, no, v1alpha1.ReasonSuspended, true},
		{"disconnected", func(s *scope) { disconnect(s); s.grant.Tokens = nil }, no, v1alpha1.ReasonDisconnected, false},
		{"not revoked", func(s *scope) { disconnect(s); s.grant.Tokens = nil; retire(s) }, no, v1alpha1.ReasonNotRevoked, false},
		{"no consent yet", func(s *scope) { s.grant.Tokens = nil }, no, v1alpha1.ReasonConsentRequired, false},
		{"denied", func(s *scope) {
			s.grant.Tokens = nil
			s.grant.Consent.Outcome = &grant.Outcome{Code: "authorization_denied"}
		}, no, v1alpha1.ReasonAuthorizationDenied, false},
		{"foreign", func(s *scope) { s.foreign = true }, no, v1alpha1.ReasonInvalidConfig, false},
		{"a grant that can't be read", func(s *scope) { s.grant, s.unreadable = nil, grant.ErrUnreadable }, no, v1alpha1.ReasonInternalError, false},
		{"no grant", func(s *scope) { s.grant = nil }, no, v1alpha1.ReasonProgressing, false},
	}
}
