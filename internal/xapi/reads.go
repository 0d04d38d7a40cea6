// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
)

// maxPage is how many posts X gives in one answer.
const maxPage = 100

// PageRequest narrows a list of posts, newest first. The zero PageRequest asks
// for X's own choice.
type PageRequest struct {
	// MaxResults is how many posts to give at most. It is raised or lowered to what
	// the endpoint takes: 5 (HomeTimeline: 1) to 100. 0 leaves it to X.
	MaxResults int
	// PageToken is the NextToken of the page before; empty for the first page.
	PageToken string
	// SinceID gives posts newer than a post; empty for no bound.
	SinceID string
	// StartTime gives posts of that time or later; zero for no bound.
	StartTime time.Time
}

// Page is a part of a list of posts.
type Page struct {
	// Posts may be empty.
	Posts []Post
	// NextToken asks for the next page; empty on the last.
	NextToken string
}

// Mentions lists posts that mention a user.
func (c *Client) Mentions(ctx context.Context, access secret.Token, userID string, request PageRequest) (Page, error) {
	return c.list(ctx, EndpointMentions, access, userID, "/mentions", request.query(5))
}

// UserPosts lists a user's own posts, replies included.
func (c *Client) UserPosts(ctx context.Context, access secret.Token, userID string, request PageRequest) (Page, error) {
	return c.list(ctx, EndpointUserPosts, access, userID, "/tweets", request.query(5))
}

// HomeTimeline lists what a user and those they follow published. X gives it to
// the user of the token alone.
func (c *Client) HomeTimeline(ctx context.Context, access secret.Token, userID string, request PageRequest) (Page, error) {
	return c.list(ctx, EndpointHomeTimeline, access, userID, "/timelines/reverse_chronological", request.query(1))
}

// PostsByIDs gives up to 100 posts. One that is gone, or that the user may not
// see, is left out; if that leaves none, the error says why.
func (c *Client) PostsByIDs(ctx context.Context, access secret.Token, ids []string) ([]Post, error) {
	if len(ids) == 0 || len(ids) > maxPage {
		return nil, refused("1 to 100 posts can be read at once")
	}
	if slices.ContainsFunc(ids, func(id string) bool { return !anID.MatchString(id) }) {
		return nil, refused("a post's id has 1 to 19 digits")
	}
	query := url.Values{"ids": {strings.Join(ids, ",")}}
	got, err := c.readPosts(ctx, EndpointPosts, access, "/2/tweets", query, func(got wirePage) bool { return len(got.Data) > 0 })
	return got.page().Posts, err
}

// list reads one page of a user's list.
func (c *Client) list(ctx context.Context, endpoint string, access secret.Token, userID, path string, query url.Values) (Page, error) {
	if !anID.MatchString(userID) {
		return Page{}, refused("a user's id has 1 to 19 digits")
	}
	// A list may be empty: X then leaves data out and says so in meta.
	complete := func(got wirePage) bool { return got.Data != nil || got.Meta != nil }
	got, err := c.readPosts(ctx, endpoint, access, "/2/users/"+userID+path, query, complete)
	return got.page(), err
}

// readPosts asks for what Post holds, by the names that X took last; where it does
// not know them, by the others. A read changes nothing, so it may be made again. An
// X that refuses them all is right about something else: its first word counts.
func (c *Client) readPosts(
	ctx context.Context, endpoint string, access secret.Token, path string, query url.Values, complete func(wirePage) bool,
) (wirePage, error) {
	last := int(c.names.Load())
	var refusal error
	for i := range allNames {
		at := (last + i) % len(allNames)
		asked := maps.Clone(query)
		allNames[at].set(asked)
		var got wirePage
		err := c.ask(ctx, c.apiCall(endpoint, http.MethodGet, path, asked, access), &got, func() bool { return complete(got) })
		switch {
		case err == nil:
			c.names.Store(int32(at)) //nolint:gosec // It is below len(allNames).
			return got, nil
		case !errors.Is(err, errNames):
			return wirePage{}, err
		case refusal == nil:
			refusal = err
		}
	}
	return wirePage{}, refusal
}

func (r PageRequest) query(fewest int) url.Values {
	query := url.Values{}
	if r.MaxResults > 0 {
		query.Set("max_results", strconv.Itoa(min(max(r.MaxResults, fewest), maxPage)))
	}
	for name, text := range map[string]string{"pagination_token": r.PageToken, "since_id": r.SinceID} {
		if text != "" {
			query.Set(name, text)
		}
	}
	if !r.StartTime.IsZero() {
		query.Set("start_time", r.StartTime.UTC().Format(time.RFC3339))
	}
	return query
}

// wirePage is a list of posts as X writes one.
type wirePage struct {
	Data     []wirePost `json:"data"`
	Includes struct {
		Users []wireUser `json:"users"`
	} `json:"includes"`
	Meta *struct {
		NextToken string `json:"next_token"`
	} `json:"meta"`
}

func (w wirePage) page() Page {
	names := map[string]string{}
	for _, user := range w.Includes.Users {
		names[user.ID] = user.Username
	}
	var page Page
	for _, post := range w.Data {
		page.Posts = append(page.Posts, post.post(names))
	}
	if w.Meta != nil {
		page.NextToken = w.Meta.NextToken
	}
	return page
}
