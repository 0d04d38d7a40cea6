// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// What X says to a post that it does not take.
const (
	saysDuplicate = "You are not allowed to create a Tweet with duplicate content."
	saysNoReply   = "Reply to this conversation is not allowed because you have not been mentioned or otherwise " +
		"engaged by the author of the post you are replying to."
	saysNoQuote  = "Quoting a post is not allowed for this app."
	saysGone     = "You attempted to reply to a Tweet that is deleted or not visible to you."
	saysTooLong  = "Your Tweet text is too long. For more information on allowed Tweet content, see the documentation."
	saysCashtags = "Only one cashtag is allowed in a post."
	saysNotYours = "You are not authorized to delete this Tweet."
)

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

// refusePost gives X's reason, or nothing.
func (s *Server) refusePost(p *post, body postBody) string {
	switch {
	case leastLength(p.text) > maxLength:
		return saysTooLong
	case body.QuoteID != "":
		return saysNoQuote
	case manyCashtags(p.text):
		return saysCashtags
	case body.Reply != nil && p.replyTo == nil:
		return saysGone
	case p.replyTo != nil && !s.policies.AllowAnyReply && !s.wall.mayReply(p.author, p.replyTo):
		return saysNoReply
	case !s.policies.AllowDuplicates && s.wall.duplicate(p.author, p.text, p.at):
		s.counters.Duplicates++
		return saysDuplicate
	}
	return ""
}

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
