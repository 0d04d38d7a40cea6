// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
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

// snowflake is the smallest id that X gives at that time.
func snowflake(at time.Time) uint64 {
	const epoch = 1288834974657 // X's own, in milliseconds
	return uint64(max(0, at.UnixMilli()-epoch)) << 22
}

func idText(id uint64) string { return fmt.Sprint(id) }

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
