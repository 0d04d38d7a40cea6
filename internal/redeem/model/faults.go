// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// stops ends a process that was told to, once its keeper holds nothing.
func (m *mover) stops() {
	for i, r := range m.from.Replicas {
		if !r.Stopping || r.Paused || r.busy() && m.rules.Has(DrainOnEveryExit) {
			continue
		}
		next := m.from
		for _, t := range r.Tasks {
			next.letGo(t.Mine)
		}
		next.end(uint8(i))
		m.add(ref{replica: uint8(i)}.name(), "exits, and starts again as another process", next)
	}
}

// end replaces a process by one that knows nothing.
func (w *World) end(replica uint8) {
	w.Replicas[replica] = Replica{}
	w.abandon(ref{replica, worker})
	w.abandon(ref{replica, door})
}

// wishes are what people may do: consent, delete, disconnect, connect again.
func (m *mover) wishes() {
	m.approve()
	m.callBack()
	w := &m.from
	if w.Left.Deletions > 0 && !w.Object.deleted() {
		next := *w
		next.Left.Deletions--
		next.Object = deleting
		m.may("the author", "deletes the XConnection", next)
	}
	if w.Left.Disconnects > 0 && w.Object == connected {
		next := *w
		next.Left.Disconnects--
		next.Object = disconnected
		m.may("the author", "sets the connection to Disconnected", next)
	}
	if w.Object == disconnected {
		next := *w
		next.Object = reconnected
		m.may("the author", "sets the connection to Connected again", next)
	}
}

// approve is the person consenting at X, with the right account or another.
func (m *mover) approve() {
	w := &m.from
	if w.Left.Consents == 0 || !w.Grant.Exists || !w.Object.wantsTokens() {
		return
	}
	for _, account := range []Account{pinned, stranger} {
		next := *w
		next.Left.Consents--
		next.Person = Person{Account: account, Epoch: w.Grant.Epoch}
		m.may("the person", [...]string{pinned: "consents", stranger: "consents with another account"}[account], next)
	}
}

// faults are what may go wrong at any moment; lost answers of X and of the API
// server are where the calls are. What happens to a process that does nothing
// makes no difference.
func (m *mover) faults() {
	for i := range m.from.Replicas {
		m.resume(uint8(i))
	}
	m.deleteByHand()
	if !m.from.faultLeft() {
		return
	}
	for i, r := range m.from.Replicas {
		if r.busy() {
			m.crash(uint8(i))
			m.pause(uint8(i))
			m.tellToStop(uint8(i))
		}
	}
	m.strangersWrite()
	m.passDeadline()
}

// crash is SIGKILL, or the loss of the node: what the process holds is lost.
func (m *mover) crash(replica uint8) {
	next := m.from
	next.Left.Faults--
	for i := range next.Replicas[replica].Tasks {
		next.lose(&next.Replicas[replica].Tasks[i])
	}
	next.end(replica)
	m.may(ref{replica: replica}.name(), "is killed, and starts again", next)
}

// pause stops a process for longer than the guard and the takeover allow.
func (m *mover) pause(replica uint8) {
	if m.from.Replicas[replica].Paused {
		return
	}
	next := m.from
	next.Left.Faults--
	r := &next.Replicas[replica]
	r.Paused = true
	if t := &r.Tasks[worker]; t.inSlot() && next.hasSlot(ref{replica, worker}) {
		t.Late = true
	}
	if t := &r.Tasks[door]; t.At != idle && next.claimIsMine(ref{replica, door}) {
		t.Late = true
	}
	m.may(ref{replica: replica}.name(), "is paused for minutes", next)
}

func (m *mover) resume(replica uint8) {
	if !m.from.Replicas[replica].Paused {
		return
	}
	next := m.from
	next.Replicas[replica].Paused = false
	m.add(ref{replica: replica}.name(), "wakes up", next)
}

// tellToStop is SIGTERM or a lost lease: nothing starts, what runs is finished.
func (m *mover) tellToStop(replica uint8) {
	r := m.from.Replicas[replica]
	if r.Stopping {
		return
	}
	next := m.from
	next.Left.Faults--
	next.Replicas[replica].Stopping = true
	if !m.rules.Has(CallOutlivesShutdown) {
		for i := range r.Tasks {
			next.letGo(r.Tasks[i].Mine)
			next.rest(ref{replica, uint8(i)})
		}
	}
	m.may(ref{replica: replica}.name(), "is told to stop", next)
}

// strangersWrite is anybody's write to the grant that changes nothing of ours.
func (m *mover) strangersWrite() {
	next := m.from
	next.Left.Faults--
	for _, who := range everyTask {
		next.task(who).Fresh = false
	}
	if next.Replicas != m.from.Replicas {
		m.may("a stranger", "annotates the grant", next)
	}
}

// passDeadline lets a deleted object go whose tokens could not be revoked in
// time; the grant stays, as a tombstone.
func (m *mover) passDeadline() {
	if m.from.Object != deleting || !m.from.Grant.Exists {
		return
	}
	next := m.from
	next.Left.Faults--
	next.Object = gone
	if !m.rules.Has(DeadlineLeavesTombstone) {
		next.judgeRemoval()
		next.Grant = Grant{}
	}
	m.may("the deadline", "passes, and the finalizer goes", next)
}

// deleteByHand is kubectl delete secret.
func (m *mover) deleteByHand() {
	if m.from.Left.HandDeletions == 0 || !m.from.Grant.Exists {
		return
	}
	next := m.from
	next.Left.HandDeletions--
	next.Books.forgotten(next.Grant.Token)
	next.Grant = Grant{}
	for _, who := range everyTask {
		next.task(who).Fresh = false
	}
	m.may("somebody", "deletes the grant by hand", next)
}
