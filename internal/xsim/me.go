// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"time"
)

// me is GET /2/users/me. It gives X's default fields, whatever is asked for.
func (s *Server) me(_ *call, who caller, _ time.Time) answer {
	s.counters.Me++
	return answerJSON(http.StatusOK, map[string]Account{"data": who.account})
}
