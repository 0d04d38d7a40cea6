// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"strings"
)

// Result is what a search came to.
type Result struct {
	// Worlds is how many were visited.
	Worlds int
	// Rests is how many of them are at rest.
	Rests int
	// Breach is the first breach found; sound if there is none and the search went
	// to the end.
	Breach Breach
	// Trace is the shortest way to the breach.
	Trace []Move
}

// search is a breadth-first search. Worlds are numbered as they are found.
type search struct {
	rules  Rules
	worlds []World
	parent []int
	known  table
}

// Explore visits every World that can be reached from the starts, nearest
// first, until it has seen all or found a breach.
func Explore(rules Rules, starts ...World) Result {
	s := &search{rules: rules, known: newTable()}
	for _, w := range starts {
		s.visit(w, -1)
	}
	rests := 0
	m := mover{rules: rules}
	for i := 0; i < len(s.worlds); i++ {
		m.from, m.moves, m.must = s.worlds[i], m.moves[:0], false
		m.all()
		for _, move := range m.moves {
			if s.visit(move.To, i) && move.To.Breach != sound {
				return s.found(move.To.Breach, len(s.worlds)-1)
			}
		}
		if m.must {
			continue
		}
		rests++
		if b := m.from.judgeRest(); b != sound {
			return s.found(b, i)
		}
	}
	return Result{Worlds: len(s.worlds), Rests: rests}
}

// visit takes note of a World, unless it is known.
func (s *search) visit(w World, parent int) bool {
	if !s.known.add(s.worlds, w) {
		return false
	}
	s.worlds = append(s.worlds, w)
	s.parent = append(s.parent, parent)
	return true
}

// found walks back from a breach to the start.
func (s *search) found(b Breach, at int) Result {
	r := Result{Worlds: len(s.worlds), Breach: b}
	for i := at; s.parent[i] >= 0; i = s.parent[i] {
		r.Trace = append([]Move{s.moveTo(i)}, r.Trace...)
	}
	return r
}

// moveTo finds again the step that led to a World from its parent.
func (s *search) moveTo(i int) Move {
	m := mover{rules: s.rules, from: s.worlds[s.parent[i]]}
	m.all()
	for _, move := range m.moves {
		if move.To == s.worlds[i] {
			return move
		}
	}
	panic("the steps of a World are not the same twice")
}

// Story tells the trace in words, one step a line, with the grant and X after it.
func (r Result) Story() string {
	var b strings.Builder
	for i, move := range r.Trace {
		fmt.Fprintf(&b, "%3d. %s\n     [%s]\n", i+1, move, move.To.describe())
	}
	fmt.Fprintf(&b, "     => %s\n", r.Breach)
	return b.String()
}

// String tells the step.
func (m Move) String() string {
	if m.Note == "" {
		return m.Who + " " + m.Does
	}
	return m.Who + " " + m.Does + "; " + m.Note
}

func (t Token) String() string {
	if t == 0 {
		return "no token"
	}
	return fmt.Sprintf("%c%d", "RN"[t.login()], t.generation())
}

// describe shows the grant, and what X honours.
func (w World) describe() string {
	g := w.Grant
	if !g.Exists {
		return "no grant; " + w.X.describe()
	}
	parts := []string{"stored " + g.Token.String()}
	if g.Intent.For != none {
		parts = append(parts, "intent of "+ref{replica: g.Intent.Holder}.name())
	}
	if g.Candidate != 0 {
		parts = append(parts, "candidate "+g.Candidate.String())
	}
	for _, fact := range []struct {
		is   bool
		text string
	}{{g.Rejected, "rejected"}, {g.Uncertain, "uncertain"}, {g.Dead, "called dead"}} {
		if fact.is {
			parts = append(parts, fact.text)
		}
	}
	return strings.Join(parts, ", ") + "; " + w.X.describe()
}

func (x X) describe() string {
	var honoured []string
	for i, l := range x.Logins {
		if l.State == live {
			honoured = append(honoured, newToken(uint8(i), l.Newest).String())
		}
	}
	if honoured == nil {
		return "X honours none"
	}
	return "X honours " + strings.Join(honoured, ", ")
}
