// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// This file is "Redeeming a refresh token": decide, intent, call, keep, persist, publish.

// planRefresh decides whether a refresh is due: by the clock, or because an
// earlier attempt did not come to an end, or, some time later, because X no
// longer accepts what is stored, which only a refresh can find out.
func (m *mover) planRefresh(who ref) {
	w := &m.from
	task := Task{At: intending, For: forRefresh, Sent: w.Grant.Token}
	if !m.rules.Has(IntentBeforeCall) {
		task.At = calling
	}
	switch {
	case m.slotTaken():
	case w.Grant.Intent.For != none:
		task.TookOver = w.Grant.Intent.Over || w.overtime(w.Grant.Intent)
		m.start(who, "takes over: the attempt in the journal is unfinished", task)
	case w.Grant.Uncertain:
		task.TookOver = true
		m.start(who, "decides to try again, as the rotation is uncertain", task)
	case !w.X.alive(w.Grant.Token):
		m.start(who, "decides to refresh, much later", task)
	case w.Left.Refreshes > 0:
		next := *w
		next.Left.Refreshes--
		task.Fresh = true
		*next.task(who) = task
		m.may(who.name(), "decides to refresh, as it is due", next)
	}
}

// intend takes the journal's slot. The write proves that the store can be
// written, fences the others, and gives the grant fresh.
func (m *mover) intend(who ref) {
	t := m.from.task(who)
	if t.Fresh || !m.rules.Has(IntentUnderVersion) {
		m.write(who, "writes its intent", func(w *World) { m.takeSlot(w, who) })
		return
	}
	next := m.from
	if m.from.hasSlot(who) {
		t := next.task(who)
		t.At, t.Fresh, t.Serial = calling, true, next.Grant.Serial
		m.add(who.name(), "reads its own attempt in the journal: the intent is written", next)
		return
	}
	next.rest(who)
	m.add(who.name(), "meets a conflict and leaves the slot to others", next)
}

// takeSlot writes the intent. A candidate that is to be revoked can't be promoted
// from here on.
func (m *mover) takeSlot(w *World, who ref) {
	t, g := w.task(who), &w.Grant
	if g.Intent.For == forRefresh {
		g.Uncertain = true
	}
	g.Intent = Intent{For: t.For, Holder: who.replica, Token: t.Sent}
	g.Serial++
	t.At, t.Serial = calling, g.Serial
	if t.Sent == g.Candidate && m.rules.Has(RejectedBeforeRevoked) {
		g.Rejected = true
	}
}

// giveSlotBack clears the intent if it is this task's; another's stands.
func (w *World) giveSlotBack(who ref) {
	if w.hasSlot(who) {
		w.Grant.Intent = Intent{}
	}
}

// call sends the request, unless the guard forbids it at the last moment.
func (m *mover) call(who ref) {
	t := m.from.task(who)
	guard := GuardBeforeWrite
	if t.For == forRevoke {
		guard = GuardCoversRevocation
	}
	if t.Late && m.rules.Has(guard) {
		next := m.from
		next.task(who).At = clearing
		m.add(who.name(), "is too late after its intent: the guard aborts, nothing is sent", next)
		return
	}
	if t.For == forRevoke {
		m.revoke(who)
		return
	}
	m.redeem(who)
}

// redeem is the refresh call. X may answer, or the request or the answer is lost.
func (m *mover) redeem(who ref) {
	sent := m.from.task(who).Sent
	begun := m.from
	begun.judgeSpending(begun.task(who))
	begun.X.refresh(sent, func(x X, got Token) {
		next := begun
		next.X = x
		next.answered(who, got)
		m.add(who.name(), "sends the refresh token, and X answers", next)
		if m.from.faultLeft() {
			m.answerLost(who, next)
		}
	})
	if m.from.faultLeft() {
		next := m.from
		next.Left.Faults--
		next.task(who).unknown()
		m.add(who.name(), "sends the refresh token; it never reaches X, and the call times out", next)
	}
}

func (w *World) answered(who ref, got Token) {
	t := w.task(who)
	if got == 0 {
		t.At = refused
		return
	}
	t.At, t.Mine = holding, got
}

func (t *Task) unknown() { t.At, t.Mine, t.Unknown = clearing, 0, true }

// answerLost is a connection that breaks after X answered.
func (m *mover) answerLost(who ref, next World) {
	next.Left.Faults--
	t := next.task(who)
	if !m.rules.Has(NoResend) {
		next.judgeSpending(t)
		m.add(who.name(), "sends the refresh token; X's answer is lost, and the transport sends it again", next)
		return
	}
	next.lose(t)
	t.unknown()
	m.add(who.name(), "sends the refresh token; X's answer is lost", next)
}

// hold stores the answer of a refresh, whatever it takes.
func (m *mover) hold(who ref) {
	t, g := m.from.task(who), &m.from.Grant
	switch {
	case who.kind == door:
		m.holdCandidate(who)
	case t.Fresh && m.from.hasSlot(who) && !m.rules.Has(IntentClearedInSameWrite):
		m.write(who, "clears its intent", func(w *World) { w.Grant.Intent = Intent{} })
	case t.Fresh || g.Exists && !m.rules.Has(PersistUnderVersion):
		m.write(who, "stores the answer", func(w *World) { m.persist(w, who) })
	default:
		next := m.from
		does := m.compare(&next, who)
		m.add(who.name(), does, next)
	}
}

// persist puts the answer in the place of the token that was redeemed.
func (m *mover) persist(w *World, who ref) {
	t := w.task(who)
	w.judgeStoring(t.Mine)
	g := &w.Grant
	g.Exists = true
	g.Token, g.Uncertain, g.Dead = t.Mine, false, false
	g.TokenSerial, g.Serial = t.Serial, max(g.Serial, t.Serial)
	if m.rules.Has(ClearOnlyOwnIntent) {
		w.giveSlotBack(who)
	} else {
		g.Intent = Intent{}
	}
	w.rest(who)
}

// compare is what a holder does after a conflict or a write without an answer:
// it reads, and goes by the content.
func (m *mover) compare(w *World, who ref) string {
	t, g := w.task(who), &w.Grant
	switch {
	case !m.rules.Has(CompareContentOnConflict):
		w.drop(who)
		return "meets a conflict and takes its answer for outdated"
	case !g.Exists:
		return m.compareMissing(w, who)
	case g.Token == t.Mine:
		w.rest(who)
		return "reads that its answer is stored"
	case g.Token == t.Sent:
		return m.compareRedeemed(w, who)
	case g.Token == 0:
		return m.compareEmpty(w, who)
	}
	return m.compareOther(w, who)
}

// compareMissing: the grant is not there.
func (m *mover) compareMissing(w *World, who ref) string {
	t := w.task(who)
	switch {
	case w.Object.wantsTokens() && m.rules.Has(CreateWhenMissing):
		t.Fresh = true
		return "finds no grant, but the connection lives: it will create the grant"
	case !w.Object.wantsTokens() && m.rules.Has(RevokeMineWhenDeleted):
		t.At = revokingMine
		return "finds no grant, and the connection is deleted: it will revoke its answer"
	}
	w.drop(who)
	return "finds no grant and drops its answer"
}

// compareRedeemed: the stored token is the one that this attempt has spent.
func (m *mover) compareRedeemed(w *World, who ref) string {
	t := w.task(who)
	another := w.Grant.Intent.For != none && !w.hasSlot(who)
	if another && !m.rules.Has(WriteMineOverAnyIntent) {
		w.drop(who)
		return "finds another's intent and drops its answer"
	}
	t.Fresh = true
	return "reads the token that it has spent: its own answer belongs there"
}

// compareEmpty: the grant is there and holds no token, which is not newer than
// anything. The connection was Disconnected, or the grant was lost and made anew.
func (m *mover) compareEmpty(w *World, who ref) string {
	t := w.task(who)
	switch {
	case !m.rules.Has(EmptyIsNotNewer):
		w.drop(who)
		return "takes a grant without a token for a newer one and drops its answer"
	case w.Object.wantsTokens() && w.epochOf(t.Mine) == w.Grant.Epoch:
		t.Fresh = true
		return "finds the grant without a token: its own answer belongs there"
	}
	t.At, t.Fresh = returning, true
	return "finds that the tokens were forgotten: its answer must be revoked"
}

// compareOther: some other token is stored.
func (m *mover) compareOther(w *World, who ref) string {
	t := w.task(who)
	switch {
	case t.Serial > w.Grant.TokenSerial && m.rules.Has(LaterAttemptWins):
		t.Fresh = true
		return "reads a token of an earlier attempt than its own"
	case !m.rules.Has(DropMineIfNewer):
		t.Fresh = true
		return "does not mind that a newer token is stored"
	}
	w.drop(who)
	return "finds a newer token and drops its answer"
}

// refused records X's verdict, once it is certain what it is about.
func (m *mover) refused(who ref) {
	t := m.from.task(who)
	switch {
	case t.Fresh:
		m.write(who, "records that the token it sent is dead", func(w *World) { w.verdict(who) })
	case !m.rules.Has(VerdictOnlyAfterReread):
		m.write(who, "records, without looking, that the grant is dead", func(w *World) {
			w.Grant.Dead = true
			w.giveSlotBack(who)
			w.rest(who)
		})
	default:
		m.readAgain(who)
	}
}

func (w *World) verdict(who ref) {
	if w.Grant.Token == w.task(who).Sent {
		w.Grant.Dead, w.Grant.Uncertain = true, false
	}
	w.giveSlotBack(who)
	w.rest(who)
}

// readAgain looks at the grant after a conflict; without the slot there is
// nothing left to say.
func (m *mover) readAgain(who ref) {
	next := m.from
	if m.from.hasSlot(who) {
		next.task(who).Fresh = true
		m.add(who.name(), "meets a conflict and reads again", next)
		return
	}
	next.rest(who)
	m.add(who.name(), "meets a conflict: the slot is no longer its own", next)
}

// clear gives the slot back when there is nothing to store. What was sent
// without an answer leaves the rotation uncertain: no verdict.
func (m *mover) clear(who ref) {
	t := m.from.task(who)
	if !t.Fresh {
		m.readAgain(who)
		return
	}
	does := "clears its intent: nothing was spent"
	if t.Unknown {
		does = "clears its intent: the outcome is unknown"
	}
	m.write(who, does, func(w *World) {
		if t.Unknown {
			w.Grant.Uncertain = true
			w.Grant.Dead = !m.rules.Has(OnlyXsVerdictEnds)
		}
		w.giveSlotBack(who)
		w.rest(who)
	})
}

// publish writes the agent's token Secret from what it read of the grant, which
// may be old by now: the Secret never goes back to a lower rotation.
func (m *mover) publish(who ref) {
	next := m.from
	sent := next.task(who).Sent
	next.rest(who)
	if sent < next.Published && m.rules.Has(PublishNeverGoesBack) {
		m.add(who.name(), "finds a later rotation published", next)
		return
	}
	if sent < next.Published {
		next.breach(PublishedOlder)
	}
	next.Published = sent
	m.add(who.name(), "publishes the access token", next)
}
