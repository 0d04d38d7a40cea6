// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// Breach is what must never happen. X's books judge: what X accepts and what it
// was sent, not what the operator believes.
type Breach uint8

// The breaches.
const (
	sound Breach = iota
	SpentTwice
	AnswerLost
	WorkingGrantLost
	DeadSilently
	Stuck
	LeftBehind
	Resurrected
	Overwritten
	PublishedOlder
)

// String says what happened.
func (b Breach) String() string {
	return [...]string{
		sound:            "nothing",
		SpentTwice:       "a spent token was sent again, though the one that spent it was alive and able to store",
		AnswerLost:       "a process that was not killed let go of an answer that X still honours",
		WorkingGrantLost: "a consent or a revocation cost a grant that worked",
		DeadSilently:     "what the grant says of its token is not what X would say",
		Stuck:            "everything is at rest with something unfinished",
		LeftBehind:       "a login is alive at X and no grant knows of it",
		Resurrected:      "tokens came back after the connection had forgotten them",
		Overwritten:      "a loser overwrote the newer grant",
		PublishedOlder:   "the agent was given an older access token than it had",
	}[b]
}

// Books is what the judges remember.
type Books struct {
	// Lost has a bit for each generation that nobody has: the answer was lost on
	// the way or with a process that was killed, or it was forgotten knowingly.
	Lost [loginCount]uint8
	// Closed tells of each login that its token was forgotten on purpose.
	Closed [loginCount]bool
}

func bit(t Token) uint8 { return 1 << t.generation() }

// forgotten notes that the token is nobody's, and that this is nobody's fault.
func (b *Books) forgotten(t Token) {
	if t != 0 {
		b.Lost[t.login()] |= bit(t)
	}
}

// lose notes that the task's answer is lost to a fault.
func (w *World) lose(t *Task) {
	if !w.Grant.holds(t.Mine) {
		w.Books.forgotten(t.Mine)
	}
}

func (w *World) breach(b Breach) {
	if w.Breach == sound {
		w.Breach = b
	}
}

// judgeSpending sees a refresh token arrive at X. To send a spent one is no fault
// while nobody able to store has what came of it: the answer was lost on the way,
// or with a process that was killed. Nor is it the fault of one that took over
// from a paused holder, even if that one wakes up at this very moment.
func (w *World) judgeSpending(t *Task) {
	newest := newToken(t.Sent.login(), w.X.Logins[t.Sent.login()].Newest)
	known := w.Grant.holds(newest) || w.inHand(newest)
	if w.X.spent(t.Sent) && known && !t.TookOver {
		w.breach(SpentTwice)
	}
}

// judgeCode sees the code arrive at X.
func (w *World) judgeCode() {
	if w.X.CodeUsed {
		w.breach(WorkingGrantLost)
	}
}

// letGo sees a living process drop an answer.
func (w *World) letGo(t Token) {
	if !w.X.alive(t) || w.Grant.holds(t) || w.supersededBy(w.Grant.Token, t) {
		return
	}
	w.breach(AnswerLost)
}

func (w *World) supersededBy(newer, t Token) bool {
	return newer.login() > t.login() && w.sameAccount(newer, t)
}

// drop lets go of the answer, and rests.
func (w *World) drop(who ref) {
	w.letGo(w.task(who).Mine)
	w.rest(who)
}

// judgeStoring sees a token written in the place of another.
func (w *World) judgeStoring(mine Token) {
	old := w.Grant.Token
	switch {
	case old.login() > mine.login(), w.X.alive(old) && !w.X.alive(mine):
		w.breach(Overwritten)
	case w.Books.Closed[mine.login()], w.epochOf(mine) != w.Grant.Epoch && old.login() != mine.login():
		w.breach(Resurrected)
	}
}

// judgeForgetting sees a token taken out of the grant.
func (w *World) judgeForgetting(t Token) {
	if w.X.alive(t) && w.Books.Lost[t.login()]&bit(t) == 0 {
		w.breach(LeftBehind)
	}
}

// forgotten sees a token taken out on purpose: nothing of its login may come back.
// One that is not there any more leaves the login of what has come instead.
func (w *World) forgotten(t Token) {
	if w.Grant.holds(t) {
		w.judgeForgetting(t)
		w.Books.Closed[t.login()] = true
	}
}

// judgeRemoval sees the grant deleted.
func (w *World) judgeRemoval() {
	w.judgeForgetting(w.Grant.Token)
	w.judgeForgetting(w.Grant.Candidate)
}

// judgeMismatch sees the working token taken away because of a candidate.
func (w *World) judgeMismatch() {
	if w.X.alive(w.Grant.Token) {
		w.breach(WorkingGrantLost)
	}
}

// judgeRevocation sees what a revocation ended: never another login that is
// wanted, whether stored or still in the hands of a process.
func (w *World) judgeRevocation(before X, sent Token) {
	for i, l := range before.Logins {
		newest := newToken(uint8(i), l.Newest)
		ended := before.alive(newest) && !w.X.alive(newest)
		if ended && uint8(i) != sent.login() && w.wanted(newest) {
			w.breach(WorkingGrantLost)
		}
	}
}

// wanted tells whether the connection works with the token, or is about to.
func (w *World) wanted(t Token) bool {
	g := w.Grant
	if w.Books.Closed[t.login()] {
		return false
	}
	return w.Object.wantsTokens() && (g.Token == t || g.Candidate == t && !g.Rejected ||
		w.inHand(t) && !w.supersededBy(g.Token, t))
}

func (w *World) inHand(t Token) bool {
	for _, who := range everyTask {
		task := w.task(who)
		if task.At == holding && task.Mine == t && !task.Late {
			return true
		}
	}
	return false
}

// judgeRest looks at a World in which nothing is bound to happen any more.
func (w *World) judgeRest() Breach {
	g := w.Grant
	switch {
	case w.Replicas != [replicas]Replica{}, w.Object == deleting, g.holds(g.Intent.Token), g.Candidate != 0:
		return Stuck
	case w.Object.wantsTokens() && !g.Exists, w.Object == gone && g.Exists:
		return Stuck
	case w.Object == disconnected && !g.empty():
		return Resurrected
	case g.Token != 0 && w.X.alive(g.Token) == g.Dead:
		return DeadSilently
	case w.leftBehind():
		return LeftBehind
	}
	return sound
}

// leftBehind looks for a login that X honours and no grant knows. One that a
// newer login of its account has replaced is forgotten knowingly: X may end it
// then, and to revoke it could end the newer one.
func (w *World) leftBehind() bool {
	for i, l := range w.X.Logins {
		newest := newToken(uint8(i), l.Newest)
		replaced := i == firstLogin && w.X.Logins[newLogin].Account == l.Account
		known := w.Grant.holds(newest) || w.Books.Lost[i]&bit(newest) != 0
		if l.State == live && !known && !replaced {
			return true
		}
	}
	return false
}
