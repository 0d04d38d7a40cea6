// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// A replica runs two tasks for a connection: the controller's worker and the
// callback's door.
const (
	worker = iota
	door
	taskKinds
)

const replicas = 2

// ref names a task.
type ref struct{ replica, kind uint8 }

var everyTask = [...]ref{{0, worker}, {0, door}, {1, worker}, {1, door}}

var taskNames = [replicas][taskKinds]string{{"A", "A's door"}, {"B", "B's door"}}

func (r ref) name() string { return taskNames[r.replica][r.kind] }

// Step is where a task stands: what it does next.
type Step uint8

// The steps. From intending to forgetting the worker has the journal's slot, or
// is about to take it.
const (
	idle       Step = iota
	intending       // has read the grant and takes the slot
	calling         // has the slot; the request is not written yet
	holding         // X has answered with a token, which must be stored
	refused         // X said that the token is dead
	clearing        // has nothing to store; gives the slot back
	forgetting      // X has revoked; takes the token out of the grant

	returning    // stores an answer that nobody wants any more, to be revoked
	revokingMine // the grant is gone for good; revokes the answer itself
	judging      // asks users/me about the candidate, promotes or rejects it
	removing     // deletes the empty grant
	closing      // moves the epoch of a connection that is Disconnected
	publishing   // writes the token Secret

	claiming   // door: claims the nonce
	exchanging // door: sends the code
)

// Task is one sequence under way; the zero Task is idle.
type Task struct {
	At  Step
	For Purpose
	// Sent is the token that the attempt redeems or revokes.
	Sent Token
	// Mine is the answer, from the moment that X made it until it is stored.
	Mine Token
	// Serial is the attempt's number in the journal.
	Serial uint8
	// Unknown: the request was sent, and no answer came.
	Unknown bool
	// Fresh: nobody else wrote the grant since this task read it.
	Fresh bool
	// Late: the process was paused since the intent or the claim. More than the
	// guard's 5 seconds have passed, and others may have taken over.
	Late bool
	// TookOver: it knows of an attempt before it that did not come to an end.
	TookOver bool
}

// inSlot tells whether the task works in the journal's slot, or is about to.
func (t *Task) inSlot() bool { return t.At >= intending && t.At <= forgetting }

// Replica is a process. When one ends, another starts in its place at once,
// knowing nothing.
type Replica struct {
	Tasks  [taskKinds]Task
	Paused bool
	// Stopping: it was told to end (SIGTERM, or its lease is lost).
	Stopping bool
}

func (r Replica) busy() bool { return r.Tasks != [taskKinds]Task{} }

func (w *World) task(who ref) *Task { return &w.Replicas[who.replica].Tasks[who.kind] }

// rest ends the task's sequence. What it leaves in the grant is no longer its
// own: the next attempt has another id.
func (w *World) rest(who ref) {
	*w.task(who) = Task{}
	w.abandon(who)
}

// abandon ends the attempt, or the claim, that the task leaves in the grant.
func (w *World) abandon(who ref) {
	if who.kind == worker && w.hasSlot(who) {
		w.Grant.Intent.Over = true
	}
	if who.kind == door && w.claimIsMine(who) {
		w.Grant.Claim.Over = true
	}
}

// hasSlot tells whether the journal's slot is this very task's.
func (w *World) hasSlot(who ref) bool {
	i := w.Grant.Intent
	return i.For != none && i.Holder == who.replica && !i.Over
}

// slotTaken tells whether some attempt holds the slot and may still act.
func (m *mover) slotTaken() bool {
	i := m.from.Grant.Intent
	if i.For == none {
		return false
	}
	if !m.rules.Has(UnfinishedIsTakenOver) {
		return true
	}
	return m.rules.Has(TakeoverWaits) && !m.provablyGone(i) && !m.from.overtime(i)
}

// provablyGone tells whether the attempt is over for certain.
func (m *mover) provablyGone(i Intent) bool {
	stopping := m.from.Replicas[i.Holder].Stopping
	return i.Over || stopping && !m.rules.Has(AtOnceOnlyWhenGone)
}

// overtime tells whether the holder was paused for longer than the takeover time.
func (w *World) overtime(i Intent) bool {
	return w.Replicas[i.Holder].Tasks[worker].Late
}

// claimTaken tells whether a consent is between its claim and its candidate.
func (w *World) claimTaken() bool {
	c := w.Grant.Claim
	t := &w.Replicas[c.Holder].Tasks[door]
	return c.Made && !c.Done && !c.Over && !t.Late
}

// step is the next step of one task.
func (m *mover) step(who ref) {
	switch m.from.task(who).At {
	case idle:
		m.idle(who)
	case intending:
		m.intend(who)
	case calling:
		m.call(who)
	case holding:
		m.hold(who)
	case refused:
		m.refused(who)
	case clearing:
		m.clear(who)
	case forgetting:
		m.forget(who)
	case returning:
		m.giveBack(who)
	case revokingMine:
		m.revokeMine(who)
	case judging:
		m.judge(who)
	case removing:
		m.remove(who)
	case closing:
		m.close(who)
	case publishing:
		m.publish(who)
	case claiming:
		m.claim(who)
	case exchanging:
		m.exchange(who)
	}
}

// start reads the grant and begins a sequence.
func (m *mover) start(who ref, does string, task Task) {
	next := m.from
	task.Fresh = true
	*next.task(who) = task
	m.add(who.name(), does, next)
}

// idle is a worker's plan: one action a pass, decided from what it reads. The
// door does nothing of its own accord.
func (m *mover) idle(who ref) {
	w := &m.from
	if who.kind == door || w.Replicas[who.replica].Stopping {
		return
	}
	switch {
	case !w.Grant.Exists:
		m.withoutGrant(who)
	case w.Grant.Candidate != 0 && !w.Grant.Rejected && w.Object.wantsTokens():
		m.planJudgement(who)
	case m.mustClose():
		m.start(who, "sees that the connection is Disconnected", Task{At: closing})
	case w.owed() != 0:
		m.planRevoke(who)
	case w.Object.deleted():
		// The answer to a consent under way must find the grant.
		if !w.claimTaken() {
			m.start(who, "finds the grant of a deleted connection empty", Task{At: removing})
		}
	case w.Left.Publishing && w.Published != w.Grant.Token:
		m.start(who, "finds the token Secret out of date", Task{At: publishing, Sent: w.Grant.Token})
	case w.Object.wantsTokens() && w.Grant.Token != 0 && !w.Grant.Dead:
		m.planRefresh(who)
	}
}

// withoutGrant restores a placeholder, or lets a deleted object go.
func (m *mover) withoutGrant(who ref) {
	next := m.from
	switch {
	case m.from.Object == deleting:
		next.Object = gone
		m.add(who.name(), "drops the finalizer", next)
	case m.from.Object.wantsTokens():
		next.Grant = Grant{Exists: true}
		next.written(who)
		m.add(who.name(), "makes a placeholder for the grant that is missing", next)
	}
}
