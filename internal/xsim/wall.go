// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"regexp"
	"slices"
)

// wall holds the posts, oldest first in each list.
type wall struct {
	lastID   uint64
	byID     map[string]*post
	all      []*post
	byAuthor map[string][]*post
	// mentions are by the account that is mentioned.
	mentions map[string][]*post
	// engaged: the first account has mentioned, quoted or answered the second.
	engaged map[[2]string]bool
	// texts are each account's posts by their text, to find duplicates.
	texts map[[2]string]*post
}

func newWall() *wall {
	return &wall{
		byID:     map[string]*post{},
		byAuthor: map[string][]*post{},
		mentions: map[string][]*post{},
		engaged:  map[[2]string]bool{},
		texts:    map[[2]string]*post{},
	}
}

// handleInText finds mentions as X does: at most 15 letters, digits and "_".
var handleInText = regexp.MustCompile(`(?:^|[^A-Za-z0-9_@])@([A-Za-z0-9_]{1,15})\b`)

// addPost puts a post on the wall and tells whom it mentions. A reply mentions
// the author of what it answers, whether or not the text does.
func (s *Server) addPost(p *post) {
	w := s.wall
	w.lastID = max(w.lastID+1, snowflake(p.at))
	p.id, p.conversation = w.lastID, w.lastID
	if p.replyTo != nil {
		p.conversation = p.replyTo.conversation
	}
	w.byID[idText(p.id)] = p
	w.all = append(w.all, p)
	w.byAuthor[p.author.ID] = append(w.byAuthor[p.author.ID], p)
	w.texts[[2]string{p.author.ID, p.text}] = p
	for _, account := range s.mentioned(p) {
		w.mentions[account] = append(w.mentions[account], p)
		w.engaged[[2]string{p.author.ID, account}] = true
	}
	if p.quotes != nil {
		w.engaged[[2]string{p.author.ID, p.quotes.author.ID}] = true
	}
}

// mentioned lists the ids of the accounts that a post mentions, each once.
func (s *Server) mentioned(p *post) []string {
	var ids []string
	if p.replyTo != nil {
		ids = append(ids, p.replyTo.author.ID)
	}
	for _, match := range handleInText.FindAllStringSubmatch(p.text, -1) {
		if account, ok := s.accounts[handleKey(match[1])]; ok {
			ids = append(ids, account.ID)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return slices.DeleteFunc(ids, func(id string) bool { return id == p.author.ID })
}

// visible finds a post that is there and not deleted.
func (w *wall) visible(id string) *post {
	if p := w.byID[id]; p != nil && p.deleted.IsZero() {
		return p
	}
	return nil
}
