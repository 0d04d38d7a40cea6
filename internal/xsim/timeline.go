// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// mentionsOf is GET /2/users/:id/mentions.
func (s *Server) mentionsOf(c *call) answer {
	return s.timeline(c, s.wall.mentions[c.request.PathValue("id")], 5, 10)
}

// postsOf is GET /2/users/:id/tweets.
func (s *Server) postsOf(c *call) answer {
	return s.timeline(c, s.wall.byAuthor[c.request.PathValue("id")], 5, 10)
}

// homeOf is GET /2/users/:id/timelines/reverse_chronological: everybody follows
// everybody, and reads only their own.
func (s *Server) homeOf(c *call) answer {
	if id := c.request.PathValue("id"); id != c.who.account.ID {
		return forbidden("The id is not that of the authenticating user.")
	}
	return s.timeline(c, s.wall.all, 1, 100)
}

// timelineMeta is the meta object of a page.
type timelineMeta struct {
	ResultCount int    `json:"result_count"`
	NewestID    string `json:"newest_id,omitempty"`
	OldestID    string `json:"oldest_id,omitempty"`
	NextToken   string `json:"next_token,omitempty"`
}

// timelinePage is one page, newest first.
type timelinePage struct {
	Data     []map[string]any     `json:"data,omitempty"`
	Includes map[string][]Account `json:"includes,omitempty"`
	Meta     timelineMeta         `json:"meta"`
}

// timeline answers with a page of posts.
func (s *Server) timeline(c *call, posts []*post, least, usual int) answer {
	s.counters.Reads++
	query, complaint := readTimelineQuery(c.request.URL.Query(), least, usual)
	if complaint != "" {
		return invalid(complaint)
	}
	if id := c.request.PathValue("id"); !s.accountIDs[id] {
		return noUser(id)
	}
	var page timelinePage
	authors := map[string]bool{}
	for i := len(posts) - 1; i >= 0; i-- {
		p := posts[i]
		if !query.takes(p) {
			continue
		}
		if len(page.Data) == query.maxResults {
			page.Meta.NextToken = nextToken(page.Meta.OldestID)
			break
		}
		page.add(p, query.view)
		if query.view.users && !authors[p.author.ID] {
			authors[p.author.ID] = true
			page.Includes["users"] = append(page.Includes["users"], p.author)
		}
	}
	return answerJSON(http.StatusOK, page)
}

func (page *timelinePage) add(p *post, view postView) {
	id := idText(p.id)
	page.Data = append(page.Data, view.of(p))
	page.Meta.ResultCount++
	page.Meta.OldestID = id
	if page.Meta.NewestID == "" {
		page.Meta.NewestID = id
	}
	if page.Includes == nil && view.users {
		page.Includes = map[string][]Account{}
	}
}
