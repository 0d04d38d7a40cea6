// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"time"
)

// spoil plays a fault on a call.
func (s *Server) spoil(w http.ResponseWriter, c *call, handle handler, fault *Fault) {
	var a answer
	seen := fault.After || fault.Kind == FaultCut || fault.Kind == FaultDrip
	if seen {
		a = s.process(c, handle)
	}
	waited := wait(c.request, time.Duration(fault.Latency))
	switch {
	case fault.Kind == FaultLatency && !seen && waited:
		a = s.process(c, handle)
	case !seen:
		s.logUnprocessed(c, fault.Kind)
	}
	s.blame(a.event, fault.Kind)
	if waited {
		s.play(w, c, fault, a)
	} else {
		s.settle(a.event, false)
	}
}

// blame books which fault an answer met.
func (s *Server) blame(e *event, kind FaultKind) {
	if e == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.fault = kind
}

// wait lets real time pass; it is false if the client went away first.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// play answers as the fault wants; a is X's own answer, empty if X did not see
// the call.
func (s *Server) play(w http.ResponseWriter, c *call, fault *Fault, a answer) {
	switch fault.Kind {
	case FaultLatency:
		s.deliver(w, a)
		return
	case FaultDrip:
		s.drip(w, c.request, a, time.Duration(fault.Pause))
		return
	}
	s.settle(a.event, false)
	switch fault.Kind {
	case FaultReset:
		reset(w)
	case FaultCut:
		cut(w, a)
	case FaultHuge:
		huge(w, a, fault.Size)
	default:
		_ = fault.replacement(c.request, a, s.clock.now()).write(w)
	}
}
