// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

// Counters count what happened since the start.
type Counters struct {
	AuthorizeCalls int `json:"authorizeCalls"`
	Approvals      int `json:"approvals"`
	Denials        int `json:"denials"`
	// Exchanges and Refreshes are those that gave tokens in good order.
	Exchanges int `json:"exchanges"`
	Refreshes int `json:"refreshes"`
	// Replays are presentations of a spent refresh token, GraceAnswers those that
	// the grace period honoured; CodeReplays are those of a used code.
	Replays      int `json:"replays"`
	GraceAnswers int `json:"graceAnswers"`
	CodeReplays  int `json:"codeReplays"`
	Revocations  int `json:"revocations"`
	// Unauthorized are the 401s: wrong clients, and access tokens that are no good.
	Unauthorized int `json:"unauthorized"`
	Me           int `json:"me"`
	Posts        int `json:"posts"`
	Deletions    int `json:"deletions"`
	// Duplicates are posts refused for their text; Reads are those of timelines.
	Duplicates int `json:"duplicates"`
	Reads      int `json:"reads"`
}

// Books is everything that happened, without a secret in it: tokens appear as
// their Hash.
type Books struct {
	Now      time.Time      `json:"now"`
	Counters Counters       `json:"counters"`
	Grants   []GrantRecord  `json:"grants"`
	Tokens   []TokenRecord  `json:"tokens"`
	Events   []Event        `json:"events"`
	Posts    []PostRecord   `json:"posts"`
	Faults   map[string]int `json:"faults"`
}

// GrantRecord is one consent and the family that came of it.
type GrantRecord struct {
	// ID is clientID/username#number.
	ID        string    `json:"id"`
	ClientID  string    `json:"clientId"`
	UserID    string    `json:"userId"`
	Username  string    `json:"username"`
	Scopes    []string  `json:"scopes"`
	StartedAt time.Time `json:"startedAt"`
	// State is the hash of the state of the authorization request that it began with,
	// by which whoever made the request knows it again; empty if there was none.
	State string `json:"state,omitempty"`
	// Alive tells whether a refresh token of it can be used now.
	Alive bool `json:"alive"`
	// EndedAt and EndedWhy are the end of all its refresh tokens together; absent if
	// it has none, or if its last token was revoked alone or has expired.
	EndedAt  *time.Time `json:"endedAt,omitempty"`
	EndedWhy End        `json:"endedWhy,omitempty"`
	// Answers counts the answers that gave new tokens, the first included.
	Answers int `json:"answers"`
}

// TokenRecord is one token that was issued.
type TokenRecord struct {
	Hash     string `json:"hash"`
	Kind     Kind   `json:"kind"`
	Grant    string `json:"grant"`
	ClientID string `json:"clientId"`
	UserID   string `json:"userId"`
	// Parent is the hash of the refresh token it was issued for; empty after a
	// code.
	Parent    string    `json:"parent,omitempty"`
	IssuedAt  time.Time `json:"issuedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	// Alive tells whether it can be used now.
	Alive bool `json:"alive"`
	// SpentAt is when it was changed for new tokens; Spent is how often, which is
	// more than once only by a grace period. Replays counts presentations after the
	// first.
	SpentAt *time.Time `json:"spentAt,omitempty"`
	Spent   int        `json:"spent,omitempty"`
	Replays int        `json:"replays,omitempty"`
	// RevokedAt is the last time that it was itself revoked.
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
	// KilledAt and KilledWhy are its end, for whatever reason but being spent.
	KilledAt  *time.Time `json:"killedAt,omitempty"`
	KilledWhy End        `json:"killedWhy,omitempty"`
}

// Counters returns the counters alone.
func (s *Server) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counters
}

// Books returns a copy of the books, oldest entries first. It takes time by all
// that was ever issued.
func (s *Server) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	books := Books{
		Now:      now,
		Counters: s.counters,
		Grants:   make([]GrantRecord, 0, len(s.grants)),
		Tokens:   make([]TokenRecord, 0, len(s.issued)),
		Events:   make([]Event, 0, len(s.events)),
		Posts:    make([]PostRecord, 0, len(s.wall.all)),
		Faults:   s.faults.counts(),
	}
	alive := map[*grant]bool{}
	for _, t := range s.issued {
		record := t.record(now)
		books.Tokens = append(books.Tokens, record)
		alive[t.grant] = alive[t.grant] || (record.Alive && t.kind == KindRefresh)
	}
	for _, g := range s.grants {
		books.Grants = append(books.Grants, g.record(alive[g]))
	}
	for _, e := range s.events {
		books.Events = append(books.Events, e.record())
	}
	for _, p := range s.wall.all {
		books.Posts = append(books.Posts, p.record())
	}
	return books
}

func (g *grant) record(alive bool) GrantRecord {
	return GrantRecord{
		ID:        g.id,
		ClientID:  g.client,
		UserID:    g.account.ID,
		Username:  g.account.Username,
		Scopes:    g.scopes,
		StartedAt: g.started,
		State:     Hash(g.state),
		Alive:     alive,
		EndedAt:   orNil(g.refreshEnd.at),
		EndedWhy:  g.refreshEnd.why,
		Answers:   g.rotations,
	}
}

func (t *token) record(now time.Time) TokenRecord {
	record := TokenRecord{
		Hash:      Hash(t.value),
		Kind:      t.kind,
		Grant:     t.grant.id,
		ClientID:  t.grant.client,
		UserID:    t.grant.account.ID,
		IssuedAt:  t.issued,
		ExpiresAt: t.expires,
		Alive:     t.alive(now),
		SpentAt:   orNil(t.spent),
		Spent:     t.uses,
		Replays:   t.replays,
		RevokedAt: orNil(t.revoked),
	}
	if t.parent != nil {
		record.Parent = Hash(t.parent.value)
	}
	// What ended its family later does not matter to a token that was spent.
	if end := t.endOf(now); t.spent.IsZero() || !t.end.at.IsZero() {
		record.KilledAt, record.KilledWhy = orNil(end.at), end.why
	}
	return record
}

func orNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
