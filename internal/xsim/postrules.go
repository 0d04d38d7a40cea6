// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"regexp"
	"strings"
	"time"
)

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

// duplicate finds a visible post of the account with that text, made in the last
// 24 hours.
func (w *wall) duplicate(author Account, text string, now time.Time) bool {
	p := w.texts[[2]string{author.ID, text}]
	return p != nil && p.deleted.IsZero() && now.Before(p.at.Add(24*time.Hour))
}

// mayReply is the rule for self-serve apps: only to oneself, or to an author who
// has mentioned, quoted or answered the account.
func (w *wall) mayReply(from Account, to *post) bool {
	return to.author.ID == from.ID || w.engaged[[2]string{to.author.ID, from.ID}]
}

// cashtag is a stock symbol; X takes one a post from self-serve apps.
var cashtag = regexp.MustCompile(`(?:^|\s)\$[A-Za-z]{1,6}\b`)

func manyCashtags(text string) bool {
	return len(cashtag.FindAllString(strings.TrimSpace(text), 2)) > 1
}
