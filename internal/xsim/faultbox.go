// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// faultBox holds what is to go wrong, apart from the books, so that a waiting
// call holds nobody up.
type faultBox struct {
	mu     sync.Mutex
	hook   func(Call) *Fault
	draw   *rand.Rand
	queue  []*Fault
	number int
	played map[string]int
}

func newFaultBox(seed uint64, hook func(Call) *Fault) *faultBox {
	if seed == 0 {
		seed = rand.Uint64() //nolint:gosec // draws of faults, not of secrets
	}
	draw := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // as above
	return &faultBox{hook: hook, draw: draw, played: map[string]int{}}
}

// Inject queues faults; each call plays the first that matches it. It panics on a
// kind or an endpoint that does not exist, which is a mistake of the test.
func (s *Server) Inject(faults ...Fault) {
	for _, fault := range faults {
		if _, err := s.inject(fault); err != nil {
			panic(err)
		}
	}
}

func (s *Server) inject(fault Fault) (Fault, error) {
	if err := fault.check(); err != nil {
		return Fault{}, err
	}
	box := s.faults
	box.mu.Lock()
	defer box.mu.Unlock()
	box.number++
	fault.ID = fmt.Sprint("fault-", box.number)
	if fault.Times == 0 {
		fault.Times = 1
	}
	box.queue = append(box.queue, &fault)
	return fault, nil
}

// SetHook replaces Config.Hook.
func (s *Server) SetHook(hook func(Call) *Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.hook = hook
}

// Faults returns the faults that are still to play.
func (s *Server) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	queue := make([]Fault, 0, len(s.faults.queue))
	for _, fault := range s.faults.queue {
		queue = append(queue, *fault)
	}
	return queue
}

// ClearFaults forgets every fault that is still to play. Calls that a fault has
// in its hands stay there.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queue = nil
}

// pickFault finds the fault that this call has to suffer, if any.
func (s *Server) pickFault(c *call) *Fault {
	s.faults.mu.Lock()
	hook, idle := s.faults.hook, len(s.faults.queue) == 0
	s.faults.mu.Unlock()
	if hook == nil && idle {
		return nil
	}
	s.recognise(c)
	var fault *Fault
	if hook != nil {
		fault = hook(c.Call)
	}
	return s.faults.take(c.Call, fault)
}

// recognise fills in what the token says about the caller.
func (s *Server) recognise(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[c.Token]; t != nil {
		c.ClientID, c.Username = cmp.Or(c.ClientID, t.grant.client), t.grant.account.Username
	} else if k := s.codes[c.Token]; k != nil {
		c.Username = k.account.Username
	}
}

// take uses up one turn of the first fault that plays at this call, unless the
// hook has chosen one.
func (b *faultBox) take(call Call, chosen *Fault) *Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := 0; chosen == nil && i < len(b.queue); i++ {
		if fault := b.queue[i]; b.plays(fault, call) {
			played := *fault
			chosen = &played
			b.useUp(i)
		}
	}
	if chosen != nil {
		b.played[string(chosen.Kind)]++
	}
	return chosen
}

func (b *faultBox) plays(fault *Fault, call Call) bool {
	if !fault.matches(call) || (fault.Probability > 0 && b.draw.Float64() >= fault.Probability) {
		return false
	}
	if fault.Skip > 0 {
		fault.Skip--
		return false
	}
	return true
}

func (b *faultBox) useUp(index int) {
	fault := b.queue[index]
	if fault.Times--; fault.Times == 0 {
		b.queue = slices.Delete(b.queue, index, index+1)
	}
}

// counts is how often each kind has played.
func (b *faultBox) counts() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.played)
}
