// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// post is one post, for ever: a deleted one is only hidden.
type post struct {
	id       uint64
	author   Account
	clientID string
	text     string
	at       time.Time
	deleted  time.Time
	// replyTo and quotes are the posts it refers to; nil for none.
	replyTo, quotes *post
	conversation    uint64
	replySettings   string
	madeWithAI      bool
}

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

// snowflake is the smallest id that X gives at that time.
func snowflake(at time.Time) uint64 {
	const epoch = 1288834974657 // X's own, in milliseconds
	return uint64(max(0, at.UnixMilli()-epoch)) << 22
}

func idText(id uint64) string { return fmt.Sprint(id) }

// Publish has an account post by itself, as people do, without an app: no rule
// about replies and duplicates applies. replyTo and quotes are ids, or empty.
func (s *Server) Publish(username, text, replyTo, quotes string) (PostRecord, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, known := s.accounts[handleKey(username)]
	if !known {
		return PostRecord{}, fmt.Errorf("there is no account @%s", username)
	}
	p := &post{author: account, text: text, at: s.clock.now()}
	for _, reference := range []struct {
		id     string
		target **post
	}{{replyTo, &p.replyTo}, {quotes, &p.quotes}} {
		if *reference.target = s.wall.visible(reference.id); reference.id != "" && *reference.target == nil {
			return PostRecord{}, fmt.Errorf("there is no post %s", reference.id)
		}
	}
	s.addPost(p)
	return p.record(), nil
}

// PostRecord is one post in the books.
type PostRecord struct {
	ID       string    `json:"id"`
	AuthorID string    `json:"authorId"`
	Username string    `json:"username"`
	ClientID string    `json:"clientId,omitempty"`
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
	// DeletedAt is absent while the post is there.
	DeletedAt     *time.Time `json:"deletedAt,omitempty"`
	ReplyTo       string     `json:"replyTo,omitempty"`
	Quotes        string     `json:"quotes,omitempty"`
	ReplySettings string     `json:"replySettings,omitempty"`
	MadeWithAI    bool       `json:"madeWithAI,omitempty"`
}

func (p *post) record() PostRecord {
	r := PostRecord{
		ID:            idText(p.id),
		AuthorID:      p.author.ID,
		Username:      p.author.Username,
		ClientID:      p.clientID,
		Text:          p.text,
		At:            p.at,
		DeletedAt:     orNil(p.deleted),
		ReplySettings: p.replySettings,
		MadeWithAI:    p.madeWithAI,
	}
	if p.replyTo != nil {
		r.ReplyTo = idText(p.replyTo.id)
	}
	if p.quotes != nil {
		r.Quotes = idText(p.quotes.id)
	}
	return r
}

// cashtag is a stock symbol; X takes one a post from self-serve apps.
var cashtag = regexp.MustCompile(`(?:^|\s)\$[A-Za-z]{1,6}\b`)

func manyCashtags(text string) bool {
	return len(cashtag.FindAllString(strings.TrimSpace(text), 2)) > 1
}
