// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// World is one moment of everything. It is comparable, and has no pointers: two
// equal Worlds have the same future.
type World struct {
	X      X
	Object Object
	Grant  Grant
	// Published is the refresh token whose access token the agent's Secret holds.
	Published Token
	Replicas  [replicas]Replica
	Person    Person
	Books     Books
	Left      Left
	Breach    Breach
}

// Left is what may still happen.
type Left struct {
	// Refreshes that fall due by the clock; Callbacks that a browser may make.
	Refreshes, Consents, Callbacks uint8
	Deletions, Disconnects         uint8
	// Faults of any kind, see faults.go.
	Faults uint8
	// HandDeletions of the grant, by somebody with kubectl.
	HandDeletions uint8
	// Publishing: the token Secret is part of this run.
	Publishing bool
}

func (w *World) faultLeft() bool { return w.Left.Faults > 0 }

// mover collects the steps that may follow one World.
type mover struct {
	rules Rules
	from  World
	moves []Move
	// must: some step is bound to happen, without a fault or anybody's wish.
	must bool
}

// Move is one step of someone.
type Move struct {
	Who, Does, Note string
	To              World
}

// add is a step that is bound to happen if nothing else does.
func (m *mover) add(who, does string, to World) {
	m.must = true
	m.may(who, does, to)
}

// may is a step that depends on somebody's wish, or on a fault.
func (m *mover) may(who, does string, to World) {
	m.moves = append(m.moves, Move{Who: who, Does: does, To: to})
}

// note adds to what the last step is told as.
func (m *mover) note(text string) { m.moves[len(m.moves)-1].Note = text }

// all gives every step that may follow, in a fixed order.
func (m *mover) all() {
	for _, who := range everyTask {
		if !m.from.Replicas[who.replica].Paused {
			m.step(who)
		}
	}
	m.stops()
	m.wishes()
	m.faults()
}
