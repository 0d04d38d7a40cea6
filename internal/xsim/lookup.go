// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxLookup is how many posts X gives by their ids in one answer.
const maxLookup = 100

// lookupAnswer has the posts that are there and a problem for each that is not. X
// leaves out whichever is empty.
type lookupAnswer struct {
	Data     []map[string]any     `json:"data,omitempty"`
	Includes map[string][]Account `json:"includes,omitempty"`
	Errors   []missingResource    `json:"errors,omitempty"`
}

// lookUpPosts is GET /2/tweets?ids=.
func (s *Server) lookUpPosts(c *call) answer {
	s.counters.Reads++
	ids, view, complaint := readLookupQuery(c.request.URL.Query())
	if complaint != "" {
		return invalid(complaint)
	}
	var found lookupAnswer
	authors := map[string]bool{}
	for _, id := range ids {
		p := s.wall.visible(id)
		if p == nil {
			missing := notThere("tweet", id)
			missing.Parameter = "ids"
			found.Errors = append(found.Errors, missing)
			continue
		}
		found.Data = append(found.Data, view.of(p))
		if view.users && !authors[p.author.ID] {
			authors[p.author.ID] = true
			found.Includes = map[string][]Account{"users": append(found.Includes["users"], p.author)}
		}
	}
	return answerJSON(http.StatusOK, found)
}

// readLookupQuery checks every parameter; one that X does not know is refused.
func readLookupQuery(values url.Values) (ids []string, view postView, complaint string) {
	for name := range values {
		list := strings.Split(values.Get(name), ",")
		if name == "ids" {
			ids = list
			continue
		}
		if complaint := view.set(name, list); complaint != "" {
			return nil, view, complaint
		}
	}
	if len(ids) == 0 || len(ids) > maxLookup {
		return nil, view, fmt.Sprintf("The number of values in the `ids` query parameter list [%d] is not between 1 and %d", len(ids), maxLookup)
	}
	for _, id := range ids {
		if !idForm.MatchString(id) {
			return nil, view, fmt.Sprintf("The `ids` query parameter value [%s] is not valid", id)
		}
	}
	return ids, view, ""
}
