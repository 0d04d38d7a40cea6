// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// Object is the XConnection as its author wants it.
type Object uint8

// The states of an XConnection. Reconnected is Connected again after
// Disconnected.
const (
	connected Object = iota
	disconnected
	reconnected
	deleting
	gone
)

func (o Object) wantsTokens() bool { return o == connected || o == reconnected }
func (o Object) deleted() bool     { return o == deleting || o == gone }

// Purpose is what the journal's slot is taken for.
type Purpose uint8

// The purposes of an attempt.
const (
	none Purpose = iota
	forRefresh
	forRevoke
)

// Intent is the journal's slot: who is about to send which token to X. In the
// real grant the holder is an attempt id, a pod and a process start.
type Intent struct {
	For    Purpose
	Holder uint8 // the replica
	Token  Token
	// Over: the attempt has ended, with its process or without settling.
	Over bool
}

// Claim is the consent's nonce, once it came back to the callback.
type Claim struct {
	Made   bool
	Holder uint8 // the replica
	// Over: the flow has ended, with its process or without a result.
	Over bool
	// Done tells that the flow's result is known.
	Done bool
}

// Grant is the Secret. A resourceVersion is not kept: each task remembers
// whether anything was written since it last read (Task.Fresh), which is all that
// a compare-and-swap asks. A grant whose object is gone is a tombstone.
type Grant struct {
	Exists bool
	Token  Token
	// Serial counts attempts; TokenSerial is the attempt that brought the token.
	Serial, TokenSerial uint8
	// Uncertain: some attempt ended without an answer.
	Uncertain bool
	// Dead: X said that the token is dead (ReauthorizationRequired).
	Dead   bool
	Intent Intent
	Claim  Claim
	// Candidate is an answer to a consent, not promoted yet; Rejected, if it must
	// be revoked instead.
	Candidate Token
	Rejected  bool
	// Epoch is the invitation: links and states of an earlier one are void.
	Epoch uint8
}

// holds tells whether the grant has the token in any place.
func (g Grant) holds(t Token) bool { return t != 0 && (g.Token == t || g.Candidate == t) }

// empty tells whether the grant holds no token at all.
func (g Grant) empty() bool { return g.Token == 0 && g.Candidate == 0 }

// remove takes the token out, wherever it is.
func (g *Grant) remove(t Token) {
	if g.Token == t {
		g.Token, g.Uncertain, g.Dead = 0, false, false
	}
	if g.Candidate == t {
		g.Candidate, g.Rejected = 0, false
	}
}

// write is a compare-and-swap of the grant by a task that has read it. Apply
// changes the grant and the task. It may be that no answer comes: then the write
// happened or not, and the task knows neither. It stays where it is, no longer
// fresh, and so has to read before it writes again.
func (m *mover) write(who ref, does string, apply func(*World)) {
	done := m.from
	apply(&done)
	done.written(who)
	m.add(who.name(), does, done)

	if !m.from.faultLeft() {
		return
	}
	unheard := done
	unheard.Left.Faults--
	*unheard.task(who) = *m.from.task(who)
	m.unanswered(&unheard, who)
	m.add(who.name(), does, unheard)
	m.note("it is written, but the API server's answer is lost")

	failed := m.from
	failed.Left.Faults--
	m.unanswered(&failed, who)
	m.add(who.name(), does, failed)
	m.note("no answer comes, and it is not written")
}

// unanswered is what a task makes of a write without an answer.
func (m *mover) unanswered(w *World, who ref) {
	t := w.task(who)
	t.Fresh = false
	switch {
	case t.At == intending && !m.rules.Has(AmbiguousSettledByAttemptID):
		t.At = calling
	case t.At == holding && !m.rules.Has(KeepUntilStored):
		w.drop(who)
	}
}

// written makes every other task's reading stale.
func (w *World) written(by ref) {
	for _, who := range everyTask {
		t := w.task(who)
		t.Fresh = who == by && t.At != idle
	}
}
