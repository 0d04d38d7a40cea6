// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timelineQuery is what a read of a timeline asks for. Zero bounds are none.
type timelineQuery struct {
	maxResults     int
	since, until   uint64
	start, end     time.Time
	excludeReplies bool
	view           postView
}

// takes tells whether a post is wanted. since_id, until_id and end_time are
// exclusive, start_time is not.
func (q timelineQuery) takes(p *post) bool {
	switch {
	case !p.deleted.IsZero(), p.id <= q.since, q.until != 0 && p.id >= q.until:
		return false
	case p.at.Before(q.start), !q.end.IsZero() && !p.at.Before(q.end):
		return false
	}
	return !q.excludeReplies || p.replyTo == nil
}

// readTimelineQuery checks every parameter; one that X does not know is refused.
func readTimelineQuery(values url.Values, least, usual int) (timelineQuery, string) {
	q := timelineQuery{maxResults: usual}
	for name := range values {
		if complaint := q.set(name, values.Get(name), least); complaint != "" {
			return q, complaint
		}
	}
	return q, ""
}

func (q *timelineQuery) set(name, value string, least int) string {
	var err error
	switch name {
	case "max_results":
		if q.maxResults, err = strconv.Atoi(value); err == nil && (q.maxResults < least || q.maxResults > 100) {
			return fmt.Sprintf("The `max_results` query parameter value [%s] is not between %d and 100", value, least)
		}
	case "since_id":
		q.since, err = readID(value)
	case "until_id":
		err = q.before(readID(value))
	case "pagination_token":
		err = q.before(readToken(value))
	case "start_time":
		q.start, err = time.Parse(time.RFC3339, value)
	case "end_time":
		q.end, err = time.Parse(time.RFC3339, value)
	case "exclude":
		q.excludeReplies = slices.Contains(strings.Split(value, ","), "replies")
	default:
		return q.view.set(name, strings.Split(value, ","))
	}
	if err != nil {
		return fmt.Sprintf("The `%s` query parameter value [%s] is not valid", name, value)
	}
	return ""
}

// before lowers the upper bound.
func (q *timelineQuery) before(id uint64, err error) error {
	if err == nil && (q.until == 0 || id < q.until) {
		q.until = id
	}
	return err
}

func readID(value string) (uint64, error) {
	if !idForm.MatchString(value) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(value, 10, 64)
}

// nextToken is opaque to clients: the last id of the page before.
func nextToken(oldestID string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(oldestID))
}

func readToken(value string) (uint64, error) {
	id, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return 0, err
	}
	return readID(string(id))
}
