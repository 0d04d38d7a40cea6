// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// This file is "Consent": claim, exchange, candidate, users/me, promote or
// reject.

// Person is the human in front of a browser.
type Person struct {
	// Account approved the consent; none while nobody did.
	Account Account
	// Epoch is the invitation that the link was made for.
	Epoch uint8
}

// epochOf gives the invitation that the token's login answered. A real attempt
// remembers the epoch of the grant that it began with.
func (w *World) epochOf(t Token) uint8 {
	if t.login() == newLogin {
		return w.Person.Epoch
	}
	return 0
}

// callBack is the browser bringing the code to any replica, perhaps twice.
func (m *mover) callBack() {
	w := &m.from
	if w.Left.Callbacks == 0 || w.Person.Account == 0 {
		return
	}
	for replica := range w.Replicas {
		who := ref{uint8(replica), door}
		r := w.Replicas[replica]
		if r.Paused || r.Stopping || r.Tasks[door].At != idle || !w.consentWanted() {
			continue
		}
		next := *w
		next.Left.Callbacks--
		*next.task(who) = Task{At: claiming, Fresh: true}
		m.may("the browser", [replicas]string{"brings the code to A's door", "brings the code to B's door"}[replica], next)
	}
}

// consentWanted is what the callback verifies before anything else.
func (w *World) consentWanted() bool {
	return w.Grant.Exists && w.Object.wantsTokens() && w.Grant.Epoch == w.Person.Epoch
}

// claim makes the nonce this task's own.
func (m *mover) claim(who ref) {
	t, g := m.from.task(who), &m.from.Grant
	next := m.from
	switch {
	case m.revocationUnderWay() && m.rules.Has(ClaimAndRevokeExclude):
		// It waits: a revocation that X carries out later could end the new login.
	case t.Fresh && (!g.Claim.Made || !m.rules.Has(ClaimNonceOnce)) || !m.rules.Has(ClaimUnderVersion):
		m.write(who, "claims the nonce", func(w *World) { w.takeClaim(who) })
	case m.from.claimIsMine(who) || g.Claim.Made && !m.rules.Has(ClaimCarriesAttemptID):
		t := next.task(who)
		t.At, t.Fresh = exchanging, true
		m.add(who.name(), "reads the nonce as claimed by itself", next)
	case m.from.consentWanted() && (!g.Claim.Made || !m.rules.Has(ClaimNonceOnce)):
		next.task(who).Fresh = true
		m.add(who.name(), "meets a conflict and reads again", next)
	default:
		next.rest(who)
		m.add(who.name(), "shows the first result, or that the link is void", next)
	}
}

func (w *World) takeClaim(who ref) {
	w.Grant.Claim = Claim{Made: true, Holder: who.replica}
	w.task(who).At = exchanging
}

func (w *World) claimIsMine(who ref) bool {
	c := w.Grant.Claim
	return c.Made && !c.Done && !c.Over && c.Holder == who.replica
}

// revocationUnderWay tells whether X may be asked to revoke at any moment, or a
// candidate waits for that.
func (m *mover) revocationUnderWay() bool {
	g := m.from.Grant
	return g.Intent.For == forRevoke && m.slotTaken() || g.Candidate != 0 && g.Rejected
}

// exchange redeems the code. A door that was paused finds it too old: X's code
// lives 30 seconds, and the claim 45.
func (m *mover) exchange(who ref) {
	if m.from.task(who).Late {
		next := m.from
		next.rest(who)
		m.add(who.name(), "sends the code, which is too old by now", next)
		return
	}
	begun := m.from
	begun.judgeCode()
	begun.X.exchange(m.from.Person.Account, func(x X, got Token) {
		next := begun
		next.X = x
		t := next.task(who)
		t.At, t.Mine = holding, got
		m.add(who.name(), "sends the code, and X answers", next)
		if m.from.faultLeft() {
			next.Left.Faults--
			next.lose(t)
			next.rest(who)
			m.add(who.name(), "sends the code; X's answer is lost", next)
		}
	})
	if m.from.faultLeft() {
		next := m.from
		next.Left.Faults--
		next.rest(who)
		m.add(who.name(), "sends the code; it never reaches X", next)
	}
}

// holdCandidate stores the answer to the code beside the working grant.
func (m *mover) holdCandidate(who ref) {
	t, g := m.from.task(who), &m.from.Grant
	next := m.from
	switch {
	case !m.rules.Has(CandidateBeforeUsersMe):
		next.drop(who)
		m.add(who.name(), "asks users/me, which fails, with nothing stored", next)
	case t.Fresh:
		m.write(who, "stores the answer as a candidate", func(w *World) { w.storeCandidate(who) })
	case g.holds(t.Mine), g.Claim.Done && m.rules.Has(ClaimAnsweredInSameWrite):
		next.rest(who)
		m.add(who.name(), "reads that its answer is stored", next)
	case !g.Exists && m.from.Object.deleted():
		does := m.compareMissing(&next, who)
		m.add(who.name(), does, next)
	case g.Candidate != 0 && m.rules.Has(OneCandidateAtATime):
		// It waits until the candidate that is there has been dealt with.
	default:
		next.task(who).Fresh = true
		m.add(who.name(), "meets a conflict and reads again", next)
	}
}

// storeCandidate also answers the claim, so that this can't happen twice.
func (w *World) storeCandidate(who ref) {
	t, g := w.task(who), &w.Grant
	w.judgeForgetting(g.Candidate)
	g.Exists = true
	g.Claim.Done = true
	g.Candidate, g.Rejected = t.Mine, false
	*t = Task{At: judging, Sent: t.Mine}
}

// planJudgement finishes a consent whose door did not.
func (m *mover) planJudgement(who ref) {
	if m.rules.Has(ControllerFinishesCandidate) {
		m.start(who, "finds a candidate that nobody judged", Task{At: judging, Sent: m.from.Grant.Candidate})
	}
}

// judge asks X whose the candidate is, and promotes or rejects it. The door
// does, and if it can't, any worker.
func (m *mover) judge(who ref) {
	g := m.from.Grant
	next := m.from
	switch {
	case m.from.task(who).Fresh || !m.rules.Has(PromoteUnderVersion):
		m.write(who, "asks users/me and judges the candidate", func(w *World) { m.settleCandidate(w, who) })
	case g.Candidate == 0 || g.Rejected:
		next.rest(who)
		m.add(who.name(), "finds the candidate judged", next)
	default:
		next.task(who).Fresh = true
		m.add(who.name(), "meets a conflict and reads again", next)
	}
}

// settleCandidate promotes the candidate of the right account and invitation, and
// rejects any other: the controller revokes it then.
func (m *mover) settleCandidate(w *World, who ref) {
	g, candidate := &w.Grant, w.task(who).Sent
	w.rest(who)
	current := w.Person.Epoch == g.Epoch || !m.rules.Has(PromoteOnlyThisEpoch)
	if current && w.X.Logins[candidate.login()].Account == pinned {
		m.promote(w, candidate)
		return
	}
	g.Rejected = true
	if !m.rules.Has(MismatchRevokesCandidateAlone) {
		w.judgeMismatch()
		g.Token = 0
	}
}

// promote makes the candidate the working grant. It takes a number, as an attempt
// does: an answer to an attempt from before is then known to be older. The intent
// goes with the token that it was about.
func (m *mover) promote(w *World, candidate Token) {
	g := &w.Grant
	w.judgeStoring(candidate)
	g.Token, g.Candidate = candidate, 0
	g.Uncertain, g.Dead, g.Intent = false, false, Intent{}
	if m.rules.Has(PromotionTakesSerial) {
		g.Serial++
		g.TokenSerial = g.Serial
	}
}
