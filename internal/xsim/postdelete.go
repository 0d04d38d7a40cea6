// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// deletePost is DELETE /2/tweets/:id.
func (s *Server) deletePost(c *call) answer {
	id := c.request.PathValue("id")
	p := s.wall.visible(id)
	switch {
	case !idForm.MatchString(id):
		return invalid("[id] is no id")
	case p == nil:
		return noPost(id)
	case p.author.ID != c.who.account.ID:
		return forbidden(saysNotYours)
	}
	p.deleted = c.now
	s.counters.Deletions++
	c.event.post, c.event.outcome = id, OutcomeDeleted
	return answerJSON(http.StatusOK, map[string]any{"data": map[string]bool{"deleted": true}})
}
