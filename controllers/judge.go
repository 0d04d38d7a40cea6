// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/outcome"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// verdictOn is what the conditions say.
type verdictOn struct {
	ready     metav1.ConditionStatus
	reason    string
	message   string
	connected bool
	// connectedReason and connectedMessage are those of Ready unless set.
	connectedReason  string
	connectedMessage string
	// reconciling and stalled are abnormal, and present only while true.
	reconciling bool
	stalled     bool
}

// stands makes Connected say that the account is connected, whatever Ready says.
func (v *verdictOn) stands(s *scope) {
	v.connectedReason, v.connectedMessage = v1alpha1.ReasonConnected, connectedAs(s)
}

func connectedAs(s *scope) string { return fmt.Sprintf("The account %s is connected", handle(s)) }

func setConditions(status *v1alpha1.XConnectionStatus, s *scope) {
	v := judge(s)
	if v.connectedReason == "" {
		v.connectedReason, v.connectedMessage = v.reason, v.message
	}
	c := conditions{list: &status.Conditions, generation: s.conn.Generation, now: s.now}
	c.set(v1alpha1.ConditionReady, v.ready, v.reason, v.message)
	c.set(v1alpha1.ConditionConnected, boolStatus(v.connected), v.connectedReason, v.connectedMessage)
	c.setAbnormal(v1alpha1.ConditionReconciling, v.reconciling, v.reason, v.message)
	c.setAbnormal(v1alpha1.ConditionStalled, v.stalled, v.reason, v.message)
}

func boolStatus(value bool) metav1.ConditionStatus {
	if value {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}

// judge finds the first of these that has something to say: what rules the object
// out, what its owner wants, what stands in the way of a connection, how the
// connection stands, and how its refreshes go.
func judge(s *scope) verdictOn {
	checks := []func(*scope) (verdictOn, bool){
		judgeRefused,
		judgeGrant,
		judgeWish,
		judgeApp,
		judgeConsent,
		judgeVerdict,
		judgeToken,
		judgeAgent,
		judgeRefresh,
	}
	for _, check := range checks {
		if v, says := check(s); says {
			return v
		}
	}
	v := connected(s, v1alpha1.ReasonConnected, connectedAs(s))
	if reason := consentReason(s); reason != "" {
		v = connected(s, v1alpha1.ReasonReauthorizationDue, reason+": open status.authorizeURL to consent again; the present token keeps working."+lastFailure(s))
	}
	return v
}

func judgeRefused(s *scope) (verdictOn, bool) {
	return verdictOn{
		ready:   metav1.ConditionFalse,
		reason:  v1alpha1.ReasonInvalidConfig,
		message: "XConnections are not allowed in the operator's own namespace: create it in another one",
		stalled: true,
	}, s.refused
}

func judgeGrant(s *scope) (verdictOn, bool) {
	switch {
	case s.unreadable != nil:
		return verdictOn{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonFor(v1alpha1.ErrorInternalError), stalled: true,
			message: unreadableMessage(s),
		}, true
	case s.grant == nil:
		return verdictOn{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonProgressing,
			message: "The operator prepares the connection", reconciling: true,
		}, true
	case s.foreign && !s.adopted:
		return verdictOn{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalidConfig, stalled: true,
			message: "The stored grant comes from another cluster, a backup or a clone: it is not used until an administrator adopts it",
		}, true
	default:
		return verdictOn{}, false
	}
}

func unreadableMessage(s *scope) string {
	name := grant.SecretName(s.conn.UID)
	if errors.Is(s.unreadable, grant.ErrNewerSchema) {
		return fmt.Sprintf("The stored grant, the Secret %s in the operator's namespace, was written by a newer version of the operator: an administrator must install that version again", name)
	}
	return fmt.Sprintf("The stored grant can't be read: an administrator must repair or delete the Secret %s in the operator's namespace; once it is deleted, a person consents again", name)
}

func judgeWish(s *scope) (verdictOn, bool) {
	v := verdictOn{ready: metav1.ConditionFalse, connected: alive(s)}
	switch {
	case !s.conn.DeletionTimestamp.IsZero() || s.conn.Spec.State == v1alpha1.StateDisconnected:
		v.reason, v.message, v.connected = v1alpha1.ReasonDisconnected, "No account is connected, and no tokens are kept", false
		if s.publishing.err != nil && cmp.Or(s.token, s.oldToken) != nil {
			v.message += ". " + capital(s.publishing.err.Error())
		}
		if s.grant.Tombstone == nil && (len(s.grant.Retired) > 0 || s.grant.Tokens != nil) {
			v.reason, v.message, v.reconciling = v1alpha1.ReasonNotRevoked, "X is yet to be asked to revoke the tokens", true
			if s.revoking.err != nil {
				v.message = "The tokens are not revoked yet: " + s.revoking.err.Error()
				v.stalled = takesPerson(s.revoking.err)
				v.reconciling = !v.stalled
			}
		}
		return v, true
	case s.conn.Spec.Suspend:
		v.reason, v.message = v1alpha1.ReasonSuspended, "spec.suspend is true: X is not called for this connection"
		if v.connected {
			v.stands(s)
		}
		return v, true
	default:
		return verdictOn{}, false
	}
}

// takesPerson tells whether a revocation can't go on until somebody mends the app's
// credentials.
func takesPerson(err error) bool {
	return errors.Is(err, grant.ErrNoCredentials) || xapi.KindOf(err) == xapi.KindCredentials
}

func judgeApp(s *scope) (verdictOn, bool) {
	v := verdictOn{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalidConfig, connected: alive(s)}
	if v.connected {
		v.stands(s)
	}
	switch {
	case s.app.problem != nil:
		v.message, v.stalled = capital(s.app.problem.message), s.app.problem.stalled
		return v, true
	case s.app.hold == redeem.HoldRefused && s.grant.Tokens != nil:
		v.message, v.stalled = outcome.OfKind(xapi.KindCredentials).Advice, true
		return v, true
	default:
		return verdictOn{}, false
	}
}

const messageNotConnected = "No account is connected"

// judgeConsent speaks while there is nothing but an invitation, or an answer to it.
func judgeConsent(s *scope) (verdictOn, bool) {
	switch {
	case s.grant.Tokens != nil:
		return verdictOn{}, false
	case s.grant.Candidate != nil:
		v := verdictOn{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonProgressing, reconciling: true,
			message: "A person consented: the operator asks X whose account it is",
		}
		if s.settling.err != nil {
			v.message = "A person consented, but it is not settled yet whose account it is: " + s.settling.err.Error()
		}
		return v, true
	case s.tokenConflict != "":
		// A person's consent would be of no use to agents.
		v, says := judgeToken(s)
		v.connected, v.connectedReason, v.connectedMessage = false, v1alpha1.ReasonConsentRequired, messageNotConnected
		return v, says
	}
	v := verdictOn{
		ready:            metav1.ConditionFalse,
		reason:           v1alpha1.ReasonConsentRequired,
		message:          withNote("A person must open the link in status.authorizeURL and consent", s.agentMissing),
		connectedReason:  v1alpha1.ReasonConsentRequired,
		connectedMessage: messageNotConnected,
	}
	if last := s.grant.Consent.Outcome; last != nil && last.Code != redeem.CodeConnected {
		v.reason = consentReasonFor(last)
		v.message = last.Message + " Open the link in status.authorizeURL to try again."
	}
	return v, true
}

// judgeVerdict speaks when only a person's consent helps although there are tokens.
func judgeVerdict(s *scope) (verdictOn, bool) {
	v := verdictOn{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonReauthorizationRequired}
	switch {
	case s.grant.Journal.Verdict != nil:
		v.message = outcome.OfKind(xapi.KindDeadToken).Advice
	case s.grant.Tokens.RefreshToken.IsZero() && !s.now.Before(s.grant.Tokens.ExpiresAt):
		v.message = "The access token ended, and X gave no refresh token: open the link in status.authorizeURL to consent again."
	case appChanged(s):
		v.message = fmt.Sprintf("The account consented to %s, and this connection is to use %s: open the link in status.authorizeURL to consent again.",
			appTitle(s.grant.Tokens.App), appTitle(s.app.App))
		v.connected = alive(s)
	case len(withdrawnScopes(s)) > 0:
		v.message = fmt.Sprintf("The XApp %q does not allow the scopes %s any more, which the tokens have: open the link in status.authorizeURL to consent again without them.",
			s.app.xapp.Name, strings.Join(withdrawnScopes(s), ", "))
		v.connected = alive(s)
	case !s.grant.PinHolds(s.grant.Account, s.conn.Spec.Username):
		v.reason = v1alpha1.ReasonAccountMismatch
		v.message = fmt.Sprintf("The account %s is connected, and spec.username wants @%s: open the link in status.authorizeURL to consent with that one.",
			handle(s), s.conn.Spec.Username)
		v.connected = alive(s)
	default:
		return verdictOn{}, false
	}
	v.message += lastFailure(s)
	return v, true
}

// appTitle names an app for people, which of two Own apps does not tell them apart.
func appTitle(of grant.App) string {
	if of.XApp == "" {
		return "an X app of your own (client id " + of.ClientID + ")"
	}
	return fmt.Sprintf("the XApp %q (client id %s)", of.XApp, of.ClientID)
}

// lastFailure is a sentence on how the last consent failed, if it did: an account
// that stays connected must not hide it.
func lastFailure(s *scope) string {
	last := s.grant.Consent.Outcome
	if last == nil || last.Code == redeem.CodeConnected {
		return ""
	}
	return fmt.Sprintf(" The last consent failed (%s): %s", consentReasonFor(last), last.Message)
}

// judgeToken speaks while agents do not find the token. What the API server refuses
// is for somebody to mend; anything else may pass.
func judgeToken(s *scope) (verdictOn, bool) {
	var message string
	reason := v1alpha1.ReasonTokenSecretConflict
	switch {
	case s.tokenConflict != "":
		message = fmt.Sprintf("The Secret %q is not this connection's own, and is not touched: %s. Delete it, or choose another spec.tokenSecretName",
			s.conn.TokenSecretName(), s.tokenConflict)
	case s.publishing.err != nil && needsPublishing(s):
		message = "Agents do not find the token: " + s.publishing.err.Error()
		if !apierrors.IsForbidden(s.publishing.err) && !apierrors.IsInvalid(s.publishing.err) {
			reason = v1alpha1.ReasonProgressing
		}
	default:
		return verdictOn{}, false
	}
	v := connected(s, reason, message)
	v.ready, v.reconciling = metav1.ConditionFalse, reason == v1alpha1.ReasonProgressing
	v.stalled = !v.reconciling
	return v, true
}

// judgeAgent speaks of a missing workload while the token is valid, and hides no trouble
// with it. It is not stalled: the workload is often applied together with the connection.
func judgeAgent(s *scope) (verdictOn, bool) {
	if s.agentMissing == "" || !s.now.Before(s.grant.Tokens.ExpiresAt) {
		return verdictOn{}, false
	}
	_, trouble := refreshTrouble(s)
	v := connected(s, v1alpha1.ReasonAgentNotFound, withNote(capital(s.agentMissing), cmp.Or(trouble, consentReason(s))))
	v.ready = metav1.ConditionFalse
	return v, true
}

// withNote adds a second thing that people should know to a message, if there is one.
func withNote(message, note string) string {
	if note == "" {
		return message
	}
	return message + ". " + capital(note)
}

// judgeRefresh speaks while refreshes fail. As long as the token is valid the
// connection is ready all the same.
func judgeRefresh(s *scope) (verdictOn, bool) {
	reason, message := refreshTrouble(s)
	valid := s.now.Before(s.grant.Tokens.ExpiresAt)
	if reason == "" && valid {
		return verdictOn{}, false
	}
	if reason == "" {
		reason, message = v1alpha1.ReasonProgressing, "The access token ended: the operator refreshes it"
	}
	v := connected(s, reason, message)
	v.ready, v.reconciling = boolStatus(valid), true
	if reason == v1alpha1.ReasonUsageCapExceeded && !valid {
		v.reconciling, v.stalled = false, true
	}
	return v, true
}

// refreshTrouble says what is wrong with the refreshes, if anything is.
func refreshTrouble(s *scope) (reason, message string) {
	journal := s.grant.Journal
	unfinished := journal.Attempt != nil && !s.seen.Mine
	switch {
	case journal.Uncertain > 0 || unfinished:
		return v1alpha1.ReasonRotationUncertain,
			"A refresh was begun and its answer is not known: the operator asks X again; the present token keeps working until it ends"
	case s.hold != redeem.HoldNone:
		return heldReason(s.hold)
	case journal.LastFailure.Kind != "":
		row := outcome.OfKind(xapi.Kind(journal.LastFailure.Kind))
		return row.Reason, row.Advice + " (" + journal.LastFailure.Message + ")"
	default:
		return "", ""
	}
}

func heldReason(hold redeem.Hold) (reason, message string) {
	kinds := map[redeem.Hold]xapi.Kind{
		redeem.HoldLimited: xapi.KindRateLimited,
		redeem.HoldCapped:  xapi.KindUsageCap,
		redeem.HoldRefused: xapi.KindCredentials,
		redeem.HoldAway:    xapi.KindUnknown,
	}
	row := outcome.OfKind(kinds[hold])
	return row.Reason, row.Advice
}

// connected is a verdict on a connection that stands: Connected says so whatever
// Ready says.
func connected(s *scope, reason, message string) verdictOn {
	v := verdictOn{ready: metav1.ConditionTrue, reason: reason, message: message, connected: true}
	if s.grant == nil || s.grant.Tokens == nil {
		return v
	}
	switch reason {
	case v1alpha1.ReasonConnected, v1alpha1.ReasonReauthorizationDue, v1alpha1.ReasonRotationUncertain:
	default:
		v.stands(s)
	}
	return v
}

// alive tells whether there are tokens that X has not declared dead.
func alive(s *scope) bool { return s.grant != nil && grantAlive(s.grant) }

func grantAlive(g *grant.Grant) bool { return g.Tokens != nil && g.Journal.Verdict == nil }

func handle(s *scope) string {
	if s.grant.Account.Username == "" {
		return "that consented"
	}
	return "@" + s.grant.Account.Username
}
