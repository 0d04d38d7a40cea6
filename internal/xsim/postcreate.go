// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// createPost is POST /2/tweets.
func (s *Server) createPost(c *call) answer {
	body, complaint := readPost(c)
	if complaint != "" {
		return invalid(complaint)
	}
	p := &post{
		author:        c.who.account,
		clientID:      c.who.clientID,
		text:          body.Text,
		at:            c.now,
		replySettings: body.ReplySettings,
		madeWithAI:    body.MadeWithAI,
	}
	if body.Reply != nil {
		p.replyTo = s.wall.visible(body.Reply.To)
	}
	if detail := s.refusePost(p, body); detail != "" {
		return forbidden(detail)
	}
	s.addPost(p)
	s.counters.Posts++
	data := map[string]string{"id": idText(p.id), "text": p.text}
	c.event.post, c.event.outcome = data["id"], OutcomePosted
	return answerJSON(http.StatusCreated, map[string]any{"data": data})
}
