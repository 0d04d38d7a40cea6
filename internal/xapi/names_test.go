// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/xapi"
)

// What reads ask by, the best first.
const (
	byNewNames     = "post.fields=conversation_id,created_at expansions=author_id,in_reply_to_user_id,referenced_posts"
	byOldNames     = "tweet.fields=author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets expansions=author_id"
	byOldNamesOnly = "tweet.fields=author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets expansions="
)

// picky is an X that knows posts by some names alone, and the names it was asked by.
type picky struct {
	knows []string
	asked []string
	// complaint is what it says to the others, and parameter what it names beside.
	complaint, parameter string
}

// askedBy gives the names of a query in the form of the constants above.
func askedBy(query url.Values) string {
	fields := "post.fields"
	if query.Has("tweet.fields") {
		fields = "tweet.fields"
	}
	return fields + "=" + query.Get(fields) + " expansions=" + query.Get("expansions")
}

// RoundTrip implements http.RoundTripper.
func (p *picky) RoundTrip(request *http.Request) (*http.Response, error) {
	by := askedBy(request.URL.Query())
	p.asked = append(p.asked, by)
	answer := &http.Response{StatusCode: http.StatusOK, Request: request, Body: io.NopCloser(strings.NewReader(listed))}
	if !slices.Contains(p.knows, by) {
		answer.StatusCode = http.StatusBadRequest
		answer.Body = io.NopCloser(strings.NewReader(`{"errors":[{"parameters":{"` + p.parameter + `":["a"]},"message":"` + p.complaint + `"}],"title":"Invalid Request",
			"detail":"One or more parameters to your request was invalid.","type":"https://api.twitter.com/2/problems/invalid-request"}`))
	}
	return answer, nil
}

// TestNames: a server that refuses the names of version 2.167 is asked by the older
// ones, and once it took some, by those at once.
func TestNames(t *testing.T) {
	const aboutExpansions = "The `expansions` query parameter value [author_id] is not one of [pinned_tweet_id]"
	for name, test := range map[string]struct {
		x *picky
		// first and second are what two reads ask by.
		first, second []string
	}{
		"as described": {
			&picky{knows: []string{byNewNames}}, []string{byNewNames}, []string{byNewNames},
		},
		"before 2.167": {
			&picky{knows: []string{byOldNames}, complaint: "The query parameter [post.fields] is not one of [id,tweet.fields]"},
			[]string{byNewNames, byOldNames}, []string{byOldNames},
		},
		"before 2.167, as to values": {
			&picky{knows: []string{byOldNames}, complaint: "invalid value 'referenced_posts' at index 2", parameter: "expansions"},
			[]string{byNewNames, byOldNames}, []string{byOldNames},
		},
		"before 2.167, as to fields": {
			&picky{knows: []string{byOldNames}, complaint: "not valid for this endpoint", parameter: "post.fields"},
			[]string{byNewNames, byOldNames}, []string{byOldNames},
		},
		"without expansions": {
			&picky{knows: []string{byOldNamesOnly}, complaint: aboutExpansions},
			[]string{byNewNames, byOldNames, byOldNamesOnly}, []string{byOldNamesOnly},
		},
	} {
		client := clientOn("https://x.test", test.x)
		page, err := client.Mentions(t.Context(), access, "7", xapi.PageRequest{})
		if want := (xapi.Page{Posts: listedPosts, NextToken: "n7"}); err != nil || !reflect.DeepEqual(page, want) {
			t.Errorf("%s: got %+v, %v", name, page, err)
		}
		posts, err := client.PostsByIDs(t.Context(), access, []string{"11", "12"})
		if err != nil || !reflect.DeepEqual(posts, listedPosts) {
			t.Errorf("%s: got %+v, %v", name, posts, err)
		}
		if want := slices.Concat(test.first, test.second); !slices.Equal(test.x.asked, want) {
			t.Errorf("%s: asked by\n%s\nwant\n%s", name, strings.Join(test.x.asked, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestNamesThatMove: a server that was brought up to date is asked by the new names
// again once it refuses the old.
func TestNamesThatMove(t *testing.T) {
	x := &picky{knows: []string{byOldNames}, complaint: "expansions"}
	client := clientOn("https://x.test", x)
	for _, knows := range []string{byOldNames, byNewNames} {
		x.knows = []string{knows}
		if _, err := client.HomeTimeline(t.Context(), access, "7", xapi.PageRequest{}); err != nil {
			t.Error(err)
		}
	}
	if want := []string{byNewNames, byOldNames, byOldNames, byOldNamesOnly, byNewNames}; !slices.Equal(x.asked, want) {
		t.Errorf("asked by\n%s", strings.Join(x.asked, "\n"))
	}
}

// TestNamesAreNotToBlame: another fault is not looked for among the names, and one
// that no names cure is told as X told it first.
func TestNamesAreNotToBlame(t *testing.T) {
	for complaint, asked := range map[string][]string{
		"The `since_id` query parameter value [1] is too old": {byNewNames},
		"The `expansions` are all wrong":                      {byNewNames, byOldNames, byOldNamesOnly},
	} {
		x := &picky{complaint: complaint, parameter: "since_id"}
		_, err := clientOn("https://x.test", x).UserPosts(t.Context(), access, "7", xapi.PageRequest{SinceID: "1"})
		want := xapi.Error{
			Kind: xapi.KindInvalid, Status: 400, Code: "invalid-request", Sent: true,
			Description: "One or more parameters to your request was invalid.",
		}
		if got := plain(failure(t, err)); got != want {
			t.Errorf("%s: got %+v", complaint, got)
		}
		if !slices.Equal(x.asked, asked) {
			t.Errorf("%s: asked by\n%s", complaint, strings.Join(x.asked, "\n"))
		}
	}
}

// TestNamesInTheError: a person reads which request it was.
func TestNamesInTheError(t *testing.T) {
	_, err := clientOn("https://x.test", &picky{complaint: "expansions"}).PostsByIDs(t.Context(), access, []string{"1"})
	const want = "X: Invalid (HTTP 400): invalid-request: One or more parameters to your request was invalid.: " +
		"the server does not know the names of the fields that it was asked for"
	if err == nil || err.Error() != want || errors.Unwrap(err) == nil {
		t.Errorf("got %v", err)
	}
}
