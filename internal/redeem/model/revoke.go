// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// This file is "Revoke": of a grant that nobody wants any more, and of a
// candidate that was rejected.

// owed gives the token that X must be asked to revoke next, if any.
func (w *World) owed() Token {
	g := w.Grant
	switch {
	case g.Intent.For == forRevoke && g.holds(g.Intent.Token):
		return g.Intent.Token // begun and not finished: nobody knows what X did
	case g.Candidate != 0 && (g.Rejected || !w.Object.wantsTokens()):
		return g.Candidate
	case !w.Object.wantsTokens():
		return g.Token
	}
	return 0
}

// planRevoke begins a revocation once nobody is in the middle of something.
func (m *mover) planRevoke(who ref) {
	task := Task{At: intending, For: forRevoke, Sent: m.from.owed()}
	if !m.rules.Has(RevokeTakesSlot) {
		task.At = calling
		m.start(who, "begins to revoke, without the slot", task)
		return
	}
	claimed := m.from.claimTaken() && m.rules.Has(ClaimAndRevokeExclude)
	if !m.slotTaken() && !claimed {
		m.start(who, "begins to revoke", task)
	}
}

// revoke asks X, unless another grant of the same account works: the scope of a
// revocation is not known, and it could end that one too.
func (m *mover) revoke(who ref) {
	sent := m.from.task(who).Sent
	if m.from.sharesAccount(sent) && m.rules.Has(RevokeOnlyIfAlone) {
		next := m.from
		next.Books.forgotten(sent)
		next.task(who).At = forgetting
		m.add(who.name(), "does not ask X to revoke, as the account is in use; it only forgets", next)
		return
	}
	m.from.X.revoke(sent, func(x X) {
		next := m.from
		next.X = x
		next.judgeRevocation(m.from.X, sent)
		next.task(who).At = forgetting
		m.add(who.name(), "revokes the token at X", next)
		if m.from.faultLeft() {
			next.Left.Faults--
			next.rest(who)
			m.add(who.name(), "revokes the token at X; the answer is lost, and the intent stays", next)
		}
	})
}

// sharesAccount tells whether a wanted grant works with another token of the
// same account.
func (w *World) sharesAccount(t Token) bool {
	g := w.Grant
	candidate := g.Candidate != 0 && !g.Rejected && g.Candidate != t && w.sameAccount(g.Candidate, t)
	working := g.Token != 0 && g.Token != t && w.sameAccount(g.Token, t)
	return w.Object.wantsTokens() && (candidate || working)
}

func (w *World) sameAccount(a, b Token) bool {
	return w.X.Logins[a.login()].Account == w.X.Logins[b.login()].Account
}

// forget takes the revoked token out of the grant, and deletes the grant of a
// deleted connection with its last token.
func (m *mover) forget(who ref) {
	t := m.from.task(who)
	next := m.from
	switch {
	case t.Fresh || !m.rules.Has(DeletePreconditions) && m.from.Object.deleted():
		m.write(who, "forgets the revoked token", func(w *World) { m.settleRevocation(w, who) })
	case m.from.Grant.holds(t.Sent) && m.mayForget(who):
		next.task(who).Fresh = true
		m.add(who.name(), "meets a conflict and reads again", next)
	case m.from.Grant.holds(t.Sent):
		next.rest(who)
		m.add(who.name(), "meets a conflict: another has the slot and decides about the token", next)
	default:
		next.task(who).At = clearing
		m.add(who.name(), "meets a conflict: another token has come meanwhile", next)
	}
}

// mayForget tells whether the token is still this task's to take out: whoever has
// the slot now may be in the middle of a call with it.
func (m *mover) mayForget(who ref) bool {
	return m.from.hasSlot(who) || !m.rules.Has(RevokeTakesSlot) || !m.rules.Has(ForgetOnlyInSlot)
}

// settleRevocation is one write: the token goes, and with it the slot, or the
// whole grant.
func (m *mover) settleRevocation(w *World, who ref) {
	t, g := w.task(who), &w.Grant
	rest := *g
	rest.remove(t.Sent)
	unconditional := !t.Fresh // only where the precondition is switched off
	switch {
	case w.Object.deleted() && (rest.empty() || unconditional):
		w.judgeRemoval()
		*g = Grant{}
	default:
		w.forgotten(t.Sent)
		g.remove(t.Sent)
		w.giveSlotBack(who)
	}
	w.rest(who)
}

// remove deletes the grant of a deleted connection when nothing is in it.
func (m *mover) remove(who ref) {
	if m.from.task(who).Fresh || !m.rules.Has(DeletePreconditions) {
		m.write(who, "deletes the empty grant", func(w *World) {
			w.judgeRemoval()
			w.Grant = Grant{}
			w.rest(who)
		})
		return
	}
	next := m.from
	next.rest(who)
	m.add(who.name(), "meets a conflict and does not delete the grant", next)
}

// mustClose tells whether a Disconnected connection's epoch has to move, so that
// nothing from before can fill the grant again.
func (m *mover) mustClose() bool {
	w := &m.from
	first := m.rules.Has(EpochMovesFirst) || w.owed() == 0
	return w.Object == disconnected && w.Grant.Epoch == 0 && first
}

// close moves the epoch.
func (m *mover) close(who ref) {
	if m.from.task(who).Fresh {
		m.write(who, "moves the epoch", func(w *World) {
			w.Grant.Epoch = 1
			w.rest(who)
		})
		return
	}
	next := m.from
	next.rest(who)
	m.add(who.name(), "meets a conflict and looks again", next)
}

// giveBack stores an answer that came too late as a rejected candidate: from
// there it is revoked like any other, under the slot.
func (m *mover) giveBack(who ref) {
	w := &m.from
	t := w.task(who)
	next := *w
	switch {
	case t.Fresh && w.Grant.Candidate == 0 && !w.claimTaken():
		m.write(who, "stores its answer, to be revoked", func(w *World) {
			w.Grant.Candidate, w.Grant.Rejected = w.task(who).Mine, true
			w.giveSlotBack(who)
			w.rest(who)
		})
	case !w.Grant.Exists:
		next.task(who).At = revokingMine
		m.add(who.name(), "finds no grant: it will revoke its answer", next)
	case w.Grant.holds(t.Mine):
		next.rest(who)
		m.add(who.name(), "reads that its answer is stored", next)
	case w.Grant.Token > t.Mine:
		next.drop(who)
		m.add(who.name(), "finds a newer login and drops its answer", next)
	case !t.Fresh:
		next.task(who).Fresh = true
		m.add(who.name(), "meets a conflict and reads again", next)
	}
	// Otherwise it waits for the consent under way: what comes of it may
	// supersede this answer.
}

// revokeMine revokes an answer whose grant was deleted for good.
func (m *mover) revokeMine(who ref) {
	t := m.from.task(who)
	m.from.X.revoke(t.Mine, func(x X) {
		next := m.from
		next.X = x
		next.judgeRevocation(m.from.X, t.Mine)
		next.rest(who)
		m.add(who.name(), "revokes its answer at X", next)
	})
}
