// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// me is GET /2/users/me. It gives X's default fields, whatever is asked for.
func (s *Server) me(c *call) answer {
	s.counters.Me++
	return answerJSON(http.StatusOK, map[string]Account{"data": c.who.account})
}
