// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Limit is how many calls an endpoint takes; 0 means any number.
type Limit struct {
	// User and App count 15 minutes.
	User int `json:"user,omitempty"`
	App  int `json:"app,omitempty"`
	// UserDay and AppDay count 24 hours.
	UserDay int `json:"userDay,omitempty"`
	AppDay  int `json:"appDay,omitempty"`
}

// limitsOfX are X's published limits.
func limitsOfX() map[Endpoint]Limit {
	return map[Endpoint]Limit{
		EndpointMe:       {User: 75},
		EndpointPost:     {User: 100, AppDay: 10_000},
		EndpointDelete:   {User: 50},
		EndpointMentions: {User: 300, App: 450},
		EndpointPosts:    {User: 900, App: 10_000},
		EndpointHome:     {User: 180},
	}
}

// SetLimit replaces the limit of an endpoint; what was used stays used.
func (s *Server) SetLimit(endpoint Endpoint, limit Limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[endpoint] = limit
}

const (
	shortWindow = 15 * time.Minute
	dayWindow   = 24 * time.Hour
)

// usageKey is whose calls of what a window counts.
type usageKey struct {
	endpoint Endpoint
	length   time.Duration
	owner    string
}

// window counts calls from the first one on, until it ends.
type window struct {
	reset time.Time
	used  int
}

// quota is one window against its limit.
type quota struct {
	limit int
	used  int
	reset time.Time
	// prefix names it in headers.
	prefix string
}

// quotas are all that one call is counted against, the tightest 15-minute one
// being the one that X's headers tell of.
type quotas []quota

// use counts a call, unless one of its quotas is used up already.
func (s *Server) use(c *call) quotas {
	limit := s.limits[c.Endpoint]
	user, app := "user "+c.who.clientID+"/"+c.who.account.ID, "app "+c.who.clientID
	kinds := []struct {
		limit  int
		length time.Duration
		owner  string
		prefix string
	}{
		{limit.User, shortWindow, user, "x-rate-limit"},
		{limit.App, shortWindow, app, "x-rate-limit"},
		{limit.UserDay, dayWindow, user, "x-user-limit-24hour"},
		{limit.AppDay, dayWindow, app, "x-app-limit-24hour"},
	}
	var all quotas
	var windows []*window
	for _, kind := range kinds {
		if kind.limit == 0 {
			continue
		}
		w := s.window(usageKey{c.Endpoint, kind.length, kind.owner}, c.now)
		windows = append(windows, w)
		all = append(all, quota{kind.limit, w.used + 1, w.reset, kind.prefix})
	}
	if all.exceeded() == nil {
		for _, w := range windows {
			w.used++
		}
	}
	return all
}

// window is the one that is open now.
func (s *Server) window(key usageKey, now time.Time) *window {
	w := s.usage[key]
	if w == nil || !now.Before(w.reset) {
		w = &window{reset: now.Add(key.length)}
		s.usage[key] = w
	}
	return w
}

// exceeded is X's 429, or nil.
func (q quotas) exceeded() *answer {
	for _, one := range q {
		if one.used > one.limit {
			a := rateLimitExceeded()
			return &a
		}
	}
	return nil
}

// rateLimitExceeded is X's 429 that waiting cures.
func rateLimitExceeded() answer {
	type failure struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	return answerJSON(http.StatusTooManyRequests, map[string][]failure{"errors": {{88, "Rate limit exceeded"}}})
}

// headers tells of every kind of quota; of two of a kind, of the tighter one.
func (q quotas) headers(header http.Header) {
	tightest := map[string]int{}
	for _, one := range q {
		remaining := max(0, one.limit-one.used)
		if least, told := tightest[one.prefix]; told && least <= remaining {
			continue
		}
		tightest[one.prefix] = remaining
		setLimitHeaders(header, one.prefix, one.limit, remaining, one.reset)
	}
}

func setLimitHeaders(header http.Header, prefix string, limit, remaining int, reset time.Time) {
	header.Set(prefix+"-limit", strconv.Itoa(limit))
	header.Set(prefix+"-remaining", strconv.Itoa(remaining))
	header.Set(prefix+"-reset", fmt.Sprint(reset.Unix()))
}
