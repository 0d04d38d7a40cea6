// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
)

const (
	// refreshTokenAge is X's customary lifetime of a refresh token: X reports none.
	// A grant is never ended because of it.
	refreshTokenAge = 180 * 24 * time.Hour
	// reauthorizeAhead is how long before that age a new consent is asked for.
	reauthorizeAhead = 14 * 24 * time.Hour
	// revokeDeadline is how long a deletion waits for X. After it the grant stays as
	// a tombstone, and the object goes.
	revokeDeadline = 2 * time.Minute
	// candidatePatience is how long the flow that stored a candidate is given to
	// finish it.
	candidatePatience = 5 * time.Second
	// conflictLook is when to look again at what is not watched: a Secret that is not
	// ours, a workload of a kind that the cluster does not have yet.
	conflictLook = time.Minute
)

// action is what a pass does next.
type action string

const (
	actionWait            action = "Wait"
	actionAddFinalizer    action = "AddFinalizer"
	actionCreateGrant     action = "CreateGrant"
	actionAdopt           action = "Adopt"
	actionInherit         action = "Inherit"
	actionDropMoved       action = "DropMoved"
	actionInvite          action = "Invite"
	actionSettleCandidate action = "SettleCandidate"
	actionPublish         action = "Publish"
	actionUnpublish       action = "Unpublish"
	actionUnpublishOld    action = "UnpublishOld"
	actionRefresh         action = "Refresh"
	actionForget          action = "Forget"
	actionRevoke          action = "Revoke"
	actionBury            action = "Bury"
	actionDeleteGrant     action = "DeleteGrant"
	actionRemoveFinalizer action = "RemoveFinalizer"
)

// decision is an action, or a time to wait for.
type decision struct {
	action action
	// at is when to decide again if the action is to wait; zero: when something
	// changes.
	at time.Time
	// request is the refresh request that a refresh answers.
	request string
}

func do(what action) decision            { return decision{action: what} }
func waitUntil(at ...time.Time) decision { return decision{action: actionWait, at: earliest(at...)} }
func (d decision) isWait() bool          { return d.action == actionWait }
func (d decision) orBy(at time.Time) decision {
	d.at = earliest(d.at, at)
	return d
}

// plan decides what to do next. It is pure.
func plan(s *scope) decision {
	switch {
	case !s.conn.DeletionTimestamp.IsZero():
		return planDeletion(s)
	case s.refused, s.unreadable != nil:
		return waitUntil()
	case !controllerutil.ContainsFinalizer(s.conn, v1alpha1.FinalizerRevoke):
		return do(actionAddFinalizer)
	case s.grant == nil:
		return do(actionCreateGrant)
	case s.adopted:
		return do(actionAdopt)
	case s.foreign:
		return waitUntil()
	case s.conn.Spec.State == v1alpha1.StateDisconnected:
		return planDisconnected(s)
	default:
		return planConnected(s)
	}
}

// planDeletion ends the grant, then lets the object go. Suspension does not stop
// it. A grant of another cluster is left alone, and so is one that can't be read.
func planDeletion(s *scope) decision {
	deadline := s.conn.DeletionTimestamp.Add(revokeDeadline)
	switch {
	case !controllerutil.ContainsFinalizer(s.conn, v1alpha1.FinalizerRevoke):
		return waitUntil()
	case s.unreadable != nil && s.now.Before(deadline):
		return waitUntil(deadline)
	case s.adopted:
		return do(actionAdopt)
	case s.grant == nil, s.foreign:
		return do(actionRemoveFinalizer)
	case s.grant.Tombstone != nil && tellsOfTokens(s.before):
		return waitForStatus(s)
	case s.grant.Tombstone != nil:
		return do(actionRemoveFinalizer)
	}
	ending := planEnding(s)
	switch {
	case ending.isWait() && ending.at.IsZero() && tellsOfTokens(s.before):
		return waitForStatus(s)
	case ending.isWait() && ending.at.IsZero():
		return do(actionDeleteGrant)
	case s.now.Before(deadline) && ending.isWait():
		return ending.orBy(deadline)
	case s.now.Before(deadline), goesOn(s, ending):
		return ending
	default:
		return do(actionBury)
	}
}

// waitForStatus ends the pass, which writes status: a grant that is gone while status
// tells of tokens is a lost one, whoever looks next. The cache should have it by then.
func waitForStatus(s *scope) decision { return waitUntil(s.now.Add(raceDelay)) }

// goesOn tells whether a deletion goes on after its deadline, which may have passed before
// anybody looked: what X has nothing to do with, and asking it once.
func goesOn(s *scope, ending decision) bool {
	return !ending.isWait() && (ending.action != actionRevoke || s.revoking.failures == 0)
}

// tellsOfTokens tells whether an object's status says that there are tokens.
func tellsOfTokens(conn *v1alpha1.XConnection) bool {
	ready := meta.FindStatusCondition(conn.Status.Conditions, v1alpha1.ConditionReady)
	return conn.Status.Connected || ready != nil && ready.Reason == v1alpha1.ReasonNotRevoked
}

// planDisconnected ends the grant and the token Secret; the object stays.
func planDisconnected(s *scope) decision {
	if s.grant.Tokens != nil {
		return planEnding(s)
	}
	token := planToken(s)
	if !token.isWait() {
		return token
	}
	return planEnding(s).orBy(token.at)
}

// planToken keeps the token Secret as the grant wants it, at the pace of the retries,
// and deletes one whose token was given up. It waits without a time if all is well.
func planToken(s *scope) decision {
	var next action
	switch {
	case givenUp(s, s.token):
		next = actionUnpublish
	case needsPublishing(s):
		next = actionPublish
	case givenUp(s, s.oldToken), s.oldToken != nil && s.token != nil:
		next = actionUnpublishOld
	default:
		return waitUntil()
	}
	if s.now.Before(s.publishing.at) {
		return waitUntil(s.publishing.at)
	}
	return do(next)
}

// planEnding gives up the tokens and the invitation, once no attempt at them is under way, and
// revokes what was given up. It waits without a time once nothing is left, and nothing can come.
func planEnding(s *scope) decision {
	if s.moved != nil {
		return do(actionDropMoved)
	}
	if s.grant.Tokens != nil || s.grant.Candidate != nil || s.grant.Consent.Wanted {
		if at := unfinishedUntil(s); s.now.Before(at) {
			return waitUntil(at)
		}
		return do(actionForget)
	}
	if at := s.grant.ClaimedUntil(s.now); s.now.Before(at) {
		// X's answer to a consent that is under way must find the grant: not every process
		// that gets one may make a grant.
		return waitUntil(at)
	}
	return planRevocation(s)
}

// unfinishedUntil is until when the holder of an unfinished attempt is waited for.
func unfinishedUntil(s *scope) time.Time {
	if s.grant.Journal.Attempt == nil || s.grant.Tokens == nil {
		return time.Time{}
	}
	due := grant.Due(s.grant, grant.Terms{}, s.seen, s.now)
	if due.Step == grant.StepWait {
		return due.At
	}
	return time.Time{}
}

// planRevocation revokes retired sets one by one, at the pace of the retries.
func planRevocation(s *scope) decision {
	switch {
	case s.now.Before(s.grant.RevokingUntil(s.now)):
		// Another process is in the middle of one, or ended in it.
		return waitUntil(s.grant.RevokingUntil(s.now))
	case len(s.grant.Retired) == 0:
		return waitUntil()
	case s.now.Before(s.revoking.at):
		return waitUntil(s.revoking.at)
	case s.now.Before(s.grant.ClaimedUntil(s.now)):
		// X may end an account's tokens all together: a revocation must not meet a
		// consent that is under way.
		return waitUntil(s.grant.ClaimedUntil(s.now))
	case s.grant.Candidate != nil:
		// Whose it is is not known yet: it may be of the retired set's account.
		return waitUntil()
	default:
		return do(actionRevoke)
	}
}

// planConnected keeps a connection, in the order of urgency: what a person has
// just consented to, what agents read, the invitation, the refresh, and last the
// revocation of what is not used any more. Before the first invitation it comes
// first, so that it does not meet the consent.
func planConnected(s *scope) decision {
	idle, token, revocation := planIdle(s), planToken(s), planRevocation(s)
	switch {
	case inherits(s):
		return do(actionInherit)
	case inherited(s):
		return do(actionDropMoved)
	case s.grant.Candidate != nil && !s.conn.Spec.Suspend && !s.now.Before(candidateAt(s)):
		return do(actionSettleCandidate)
	case !token.isWait():
		return token
	case s.grant.Tokens == nil && !s.grant.Consent.Wanted && !revocation.isWait():
		return revocation
	case s.grant.Candidate == nil && !s.grant.Invited(invitation(s)):
		return do(actionInvite)
	}
	refresh := planRefresh(s)
	if !refresh.isWait() {
		return refresh
	}
	if !revocation.isWait() {
		return revocation
	}
	idle.at = earliest(idle.at, token.at, refresh.at, revocation.at)
	return idle
}

// candidateAt is when to finish a consent here: its own flow, which the person
// waits for, is given time to do it.
func candidateAt(s *scope) time.Time {
	own := s.grant.Candidate.ReceivedAt.Add(candidatePatience)
	if s.settling.at.After(own) {
		return s.settling.at
	}
	return own
}

// planIdle is when to look again if there is nothing to do: when status would
// change by time alone, and for what can't be watched.
func planIdle(s *scope) decision {
	var times []time.Time
	if t := s.grant.Tokens; t != nil {
		for _, at := range []time.Time{t.ExpiresAt, reauthorizeFrom(t)} {
			if s.now.Before(at) {
				times = append(times, at)
			}
		}
	}
	if s.moved != nil {
		times = append(times, s.grant.ClaimedUntil(s.now))
	}
	if s.grant.Candidate != nil && !s.conn.Spec.Suspend {
		times = append(times, candidateAt(s))
	}
	if s.tokenConflict != "" || s.agentMissing != "" || s.agentUnseen {
		times = append(times, s.now.Add(conflictLook))
	}
	return waitUntil(times...)
}

// planRefresh decides on the refresh token. Without an app that may be used, with
// another app than the one that issued it, or for scopes that its XApp does not allow
// any more, it is not redeemed.
func planRefresh(s *scope) decision {
	if s.conn.Spec.Suspend || s.app.problem != nil || appChanged(s) || len(withdrawnScopes(s)) > 0 {
		return waitUntil()
	}
	due := grant.Due(s.grant, terms(s.conn), s.seen, s.now)
	switch due.Step {
	case grant.StepNone:
		return waitUntil()
	case grant.StepWait:
		return waitUntil(due.At)
	}
	if s.hold != redeem.HoldNone && s.now.Before(s.holdUntil) {
		return waitUntil(s.holdUntil)
	}
	return decision{action: actionRefresh, request: due.Request}
}

func terms(conn *v1alpha1.XConnection) grant.Terms {
	return grant.Terms{
		Interval: conn.RefreshInterval(),
		Request:  asked(conn, v1alpha1.AnnotationRefreshRequestedAt),
	}
}

// invitation gives what grant.Invite takes: whether a person's consent is wanted
// now, for which app and which scopes, and the reconnect request that it answers.
func invitation(s *scope) (wanted bool, a grant.App, scopes []string, reconnect string) {
	reconnect = asked(s.conn, v1alpha1.AnnotationReconnectRequestedAt)
	wanted = s.app.problem == nil && !s.conn.Spec.Suspend && consentReason(s) != ""
	return wanted, s.app.App, s.conn.EffectiveScopes(), reconnect
}

// consentReason says why a person's consent is wanted; empty if it is not.
func consentReason(s *scope) string {
	t := s.grant.Tokens
	reconnect := asked(s.conn, v1alpha1.AnnotationReconnectRequestedAt)
	switch {
	case t == nil:
		return "No account is connected yet"
	case s.grant.Journal.Verdict != nil:
		return "X does not accept the refresh token any more"
	case t.RefreshToken.IsZero():
		return "X gave no refresh token"
	case appChanged(s):
		return "The X app of this connection changed"
	case len(withdrawnScopes(s)) > 0:
		return "The XApp does not allow all scopes any more that were consented to"
	case !s.grant.PinHolds(s.grant.Account, s.conn.Spec.Username):
		return "Another account is wanted than the one that is connected"
	case reconnect != "" && reconnect != s.grant.Consent.AnsweredReconnect:
		return "A new consent was requested"
	case asksMore(t.Asked, s.conn.EffectiveScopes()):
		return "More scopes are wanted than were consented to"
	case !s.now.Before(reauthorizeFrom(t)):
		return "The last consent is almost 180 days old"
	default:
		return ""
	}
}

func appChanged(s *scope) bool {
	return s.grant.Tokens != nil && s.app.problem == nil && s.grant.Tokens.App.ClientID != s.app.ClientID
}

// withdrawnScopes are those that the tokens were consented for and that their XApp does
// not allow any more. To take them out of spec.scopes takes them out of no token.
func withdrawnScopes(s *scope) []string {
	if s.grant.Tokens == nil || s.app.xapp == nil {
		return nil
	}
	return s.app.xapp.RefusedScopes(s.grant.Tokens.Asked)
}

func asksMore(asked, wanted []string) bool {
	return slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(asked, scope) })
}

func reauthorizeFrom(t *grant.Tokens) time.Time {
	return t.ConsentedAt.Add(refreshTokenAge - reauthorizeAhead)
}

// earliest gives the first of the times that are set.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, at := range times {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
