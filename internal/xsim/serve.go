// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"errors"
	"net/http"
)

// handler decides a call. It runs with the server locked and does no I/O.
type handler func(*call) answer

// serve reads a call, lets a fault or the handler answer it, and books what
// became of the answer.
func (s *Server) serve(endpoint Endpoint, handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := readCall(endpoint, w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if fault := s.pickFault(c); fault != nil {
			s.spoil(w, c, handle, fault)
			return
		}
		s.deliver(w, s.process(c, handle))
	}
}

// process lets the handler decide the call.
func (s *Server) process(c *call, handle handler) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.clock.now()
	c.event = s.log(c)
	a := handle(c)
	a.event = c.event
	if a.event != nil {
		a.event.status = a.status
	}
	return a
}

// deliver writes an answer. It is booked as complete before the last byte
// leaves, so that whoever has read the answer also finds it in the books; should
// the flush fail, the entry is corrected.
func (s *Server) deliver(w http.ResponseWriter, a answer) {
	s.settle(a.event, a.write(w) == nil)
	err := http.NewResponseController(w).Flush()
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.settle(a.event, false)
	}
}
