// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

var access = secret.New(accessToken)

func TestMe(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Method + " " + r.URL.String() + " " + r.Header.Get("Authorization"); got != "GET /2/users/me Bearer "+accessToken {
			t.Errorf("got %s", got)
		}
		_, _ = io.WriteString(w, `{"data":{"id":"2244994945","name":"Jane","username":"jane_doe"}}`)
	})
	got, err := client.Me(t.Context(), access)
	if want := (xapi.User{ID: "2244994945", Username: "jane_doe", Name: "Jane"}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestAPIVerdicts is the answer table of calls with a bearer token.
func TestAPIVerdicts(t *testing.T) {
	const problems = "https://api.twitter.com/2/problems/"
	problem := func(kind, title, detail string) string {
		return `{"type":"` + kind + `","title":"` + title + `","detail":"` + detail + `","status":403}`
	}
	const reply = "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to."
	const twice = "You are not allowed to create a Tweet with duplicate content."
	for name, test := range map[string]struct {
		status int
		body   string
		want   xapi.Error
	}{
		"a wrong request":       {400, problem(problems+"invalid-request", "Invalid Request", "One or more parameters to your request was invalid."), xapi.Error{Kind: xapi.KindInvalid, Code: "invalid-request", Description: "One or more parameters to your request was invalid."}},
		"no token":              {401, problem("about:blank", "Unauthorized", "Unauthorized"), xapi.Error{Kind: xapi.KindUnauthorized, Description: "Unauthorized"}},
		"no credits":            {402, problem("https://api.x.com/2/problems/credits-depleted", "CreditsDepleted", "Your account has no credits."), xapi.Error{Kind: xapi.KindUsageCap, Code: "credits-depleted", Description: "Your account has no credits."}},
		"no credits by 403":     {403, problem(problems+"credits", "", ""), xapi.Error{Kind: xapi.KindUsageCap, Code: "credits"}},
		"twice":                 {403, problem("about:blank", "Forbidden", twice), xapi.Error{Kind: xapi.KindDuplicate, Description: twice}},
		"twice, in a list":      {403, `{"errors":[{"code":187,"message":"Status is a duplicate."}]}`, xapi.Error{Kind: xapi.KindDuplicate, Code: "187", Description: "Status is a duplicate."}},
		"a reply":               {403, problem("about:blank", "Forbidden", reply), xapi.Error{Kind: xapi.KindReplyNotAllowed, Description: reply}},
		"not enrolled":          {403, `{"type":"` + problems + `client-forbidden","title":"Client Forbidden","reason":"client-not-enrolled"}`, xapi.Error{Kind: xapi.KindNotEnrolled, Code: "client-forbidden", Description: "Client Forbidden"}},
		"user not enrolled":     {403, `{"type":"https://x/client-forbidden","reason":"user-not-enrolled"}`, xapi.Error{Kind: xapi.KindNotEnrolled, Code: "client-forbidden"}},
		"another client":        {403, `{"type":"https://x/client-forbidden","reason":"official-client-forbidden"}`, xapi.Error{Kind: xapi.KindForbidden, Code: "client-forbidden"}},
		"forbidden":             {403, problem("about:blank", "Forbidden", "No."), xapi.Error{Kind: xapi.KindForbidden, Description: "No."}},
		"forbidden by a page":   {403, "<html>duplicate content</html>", xapi.Error{Kind: xapi.KindForbidden}},
		"not found":             {404, problem(problems+"resource-not-found", "Not Found Error", "Could not find it."), xapi.Error{Kind: xapi.KindNotFound, Code: "resource-not-found", Description: "Could not find it."}},
		"too many":              {429, problem("about:blank", "Too Many Requests", "Too Many Requests"), xapi.Error{Kind: xapi.KindRateLimited, Description: "Too Many Requests"}},
		"the cap":               {429, problem(problems+"usage-capped", "UsageCapExceeded", ""), xapi.Error{Kind: xapi.KindUsageCap, Code: "usage-capped", Description: "UsageCapExceeded"}},
		"a broken X":            {500, problem("about:blank", "", "credits"), xapi.Error{Kind: xapi.KindUnknown, Description: "credits"}},
		"elsewhere":             {308, "", xapi.Error{Kind: xapi.KindNotVerdict}},
		"another refusal":       {409, "", xapi.Error{Kind: xapi.KindNotVerdict}},
		"success, not as JSON":  {200, "<html>", xapi.Error{Kind: xapi.KindUnknown}},
		"success of nothing":    {200, `{}`, xapi.Error{Kind: xapi.KindUnknown}},
		"too much":              {200, `{"data":{"id":"1","username":"a","x":"` + strings.Repeat("x", 1<<20) + `"}}`, xapi.Error{Kind: xapi.KindUnknown}},
		"an id that is none":    {200, `{"data":{"id":"../1","username":"a"}}`, xapi.Error{Kind: xapi.KindUnknown}},
		"a handle that is none": {200, `{"data":{"id":"1","username":"a b"}}`, xapi.Error{Kind: xapi.KindUnknown}},
	} {
		test.want.Status, test.want.Sent = test.status, true
		_, err := answer(test.status, test.body).Me(t.Context(), access)
		if got := plain(failure(t, err)); got != test.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, test.want)
		}
	}
}

// TestErrorsWithSuccess: X answers a read with 200 and errors, where a write's
// outcome would be open.
func TestErrorsWithSuccess(t *testing.T) {
	for kind, want := range map[string]xapi.Kind{
		"resource-not-found":          xapi.KindNotFound,
		"not-authorized-for-resource": xapi.KindForbidden,
		"resource-unavailable":        xapi.KindForbidden,
		"disallowed-resource":         xapi.KindForbidden,
		"invalid-request":             xapi.KindInvalid,
		"internal-error":              xapi.KindUnknown,
	} {
		client := answer(200, `{"errors":[{"type":"https://api.x.com/2/problems/`+kind+`","title":"x","detail":"y"}]}`)
		_, read := client.PostsByIDs(t.Context(), access, []string{"1"})
		if got := xapi.KindOf(read); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
		_, write := client.CreatePost(t.Context(), access, xapi.PostRequest{Text: "a"})
		if got := plain(failure(t, write)); got != (xapi.Error{Kind: xapi.KindUnknown, Status: 200, Sent: true}) {
			t.Errorf("%s: got %+v", kind, got)
		}
	}
}

func TestCreatePost(t *testing.T) {
	for name, test := range map[string]struct {
		request xapi.PostRequest
		sent    string
	}{
		"text": {xapi.PostRequest{Text: "Hello <you> & \"me\""}, `{"text":"Hello \u003cyou\u003e \u0026 \"me\""}`},
		"all": {
			xapi.PostRequest{Text: "a", InReplyTo: "12", ReplySettings: "following", MadeWithAI: true},
			`{"text":"a","reply":{"in_reply_to_tweet_id":"12"},"reply_settings":"following","made_with_ai":true}`,
		},
	} {
		transport := &canned{status: 201, body: `{"data":{"id":"1346889436626259968","text":"a"}}`}
		got, err := clientOn("https://x.test", transport).CreatePost(t.Context(), access, test.request)
		if want := (xapi.Post{ID: "1346889436626259968", Text: "a"}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if transport.sent != test.sent || transport.request.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: sent %s as %s", name, transport.sent, transport.request.Header.Get("Content-Type"))
		}
	}
}

func TestRequestsThatAreNotSent(t *testing.T) {
	client := clientOn("https://x.test", failing{io.ErrUnexpectedEOF})
	post := func(request xapi.PostRequest) error {
		_, err := client.CreatePost(t.Context(), access, request)
		return err
	}
	ids := func(ids ...string) error {
		_, err := client.PostsByIDs(t.Context(), access, ids)
		return err
	}
	_, list := client.UserPosts(t.Context(), access, "me", xapi.PageRequest{})
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"nothing to say":    {post(xapi.PostRequest{}), "a post needs text"},
		"a reply to a path": {post(xapi.PostRequest{Text: "a", InReplyTo: "1/2"}), "the id of the post to reply to has 1 to 19 digits"},
		"deleting a path":   {client.DeletePost(t.Context(), access, "../1"), "a post's id has 1 to 19 digits"},
		"no posts":          {ids(), "1 to 100 posts can be read at once"},
		"too many posts":    {ids(make([]string, 101)...), "1 to 100 posts can be read at once"},
		"two posts in one":  {ids("1,2"), "a post's id has 1 to 19 digits"},
		"a user of no id":   {list, "a user's id has 1 to 19 digits"},
	} {
		if got := failure(t, test.err); got != (xapi.Error{Kind: xapi.KindInvalid, Description: test.want}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestDeletePost(t *testing.T) {
	transport := &canned{status: 200, body: `{"data":{"deleted":true}}`}
	client := clientOn("https://x.test", transport)
	if err := client.DeletePost(t.Context(), access, "12"); err != nil {
		t.Error(err)
	}
	if got := transport.request.Method + " " + transport.request.URL.String(); got != "DELETE https://x.test/2/tweets/12" {
		t.Errorf("got %s", got)
	}
	transport.body = `{"data":{"deleted":false}}`
	if got := xapi.KindOf(client.DeletePost(t.Context(), access, "12")); got != xapi.KindUnknown {
		t.Errorf("got %s", got)
	}
}

// TestSentWithoutABody: a call without a body may have reached X once it had a
// connection.
func TestSentWithoutABody(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	err := client.DeletePost(t.Context(), access, "12")
	if got := plain(failure(t, err)); got != (xapi.Error{Kind: xapi.KindUnknown, Sent: true}) {
		t.Errorf("got %+v", got)
	}
}

const listed = `{
  "data": [
    {"id":"11","text":"@jane_doe hi","author_id":"7","created_at":"2026-08-01T10:00:00.000Z","conversation_id":"9",
     "in_reply_to_user_id":"2244994945","referenced_posts":[{"type":"quoted","id":"8"},{"type":"replied_to","id":"10"}]},
    {"id":"12","text":"old","author_id":"5","created_at":"yesterday","referenced_tweets":[{"type":"replied_to","id":"3"}]}
  ],
  "includes": {"users":[{"id":"7","name":"Joe","username":"joe"}]},
  "errors": [{"type":"https://api.x.com/2/problems/resource-not-found"}],
  "meta": {"result_count":2,"next_token":"n7","newest_id":"11"}
}`

var listedPosts = []xapi.Post{
	{
		ID: "11", Text: "@jane_doe hi", AuthorID: "7", AuthorUsername: "joe", CreatedAt: time.Date(2026, 8, 1, 10, 0, 0, 0, time.UTC),
		ConversationID: "9", InReplyTo: "10", InReplyToUserID: "2244994945",
	},
	{ID: "12", Text: "old", AuthorID: "5", InReplyTo: "3"},
}

func TestLists(t *testing.T) {
	const asked = "expansions=author_id%2Cin_reply_to_user_id%2Creferenced_posts"
	const fields = "post.fields=conversation_id%2Ccreated_at"
	full := xapi.PageRequest{
		MaxResults: 1, PageToken: "n6", SinceID: "5",
		StartTime: time.Date(2026, 8, 1, 12, 0, 0, 1, time.FixedZone("", 7200)),
	}
	fullQuery := func(most string) string {
		return "?" + asked + "&max_results=" + most +
			"&pagination_token=n6&" + fields + "&since_id=5&start_time=2026-08-01T10%3A00%3A00Z"
	}
	transport := &canned{status: 200, body: listed}
	client := clientOn("https://x.test", transport)
	type lister func(request xapi.PageRequest) (xapi.Page, error)
	for path, test := range map[string]struct {
		list   lister
		fewest string
	}{
		"/2/users/7/mentions":                        {func(r xapi.PageRequest) (xapi.Page, error) { return client.Mentions(t.Context(), access, "7", r) }, "5"},
		"/2/users/7/tweets":                          {func(r xapi.PageRequest) (xapi.Page, error) { return client.UserPosts(t.Context(), access, "7", r) }, "5"},
		"/2/users/7/timelines/reverse_chronological": {func(r xapi.PageRequest) (xapi.Page, error) { return client.HomeTimeline(t.Context(), access, "7", r) }, "1"},
	} {
		for query, request := range map[string]xapi.PageRequest{
			"?" + asked + "&" + fields:                 {},
			"?" + asked + "&max_results=100&" + fields: {MaxResults: 1000},
			fullQuery(test.fewest):                     full,
		} {
			got, err := test.list(request)
			if want := (xapi.Page{Posts: listedPosts, NextToken: "n7"}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %+v, %v", path, got, err)
			}
			if got := transport.request.URL.String(); got != "https://x.test"+path+query {
				t.Errorf("got  %s\nwant %s", got, "https://x.test"+path+query)
			}
		}
	}
}

func TestEmptyLists(t *testing.T) {
	for _, body := range []string{`{"meta":{"result_count":0}}`, `{"data":[]}`} {
		got, err := answer(200, body).Mentions(t.Context(), access, "7", xapi.PageRequest{})
		if err != nil || !reflect.DeepEqual(got, xapi.Page{}) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

func TestPostsByIDs(t *testing.T) {
	transport := &canned{status: 200, body: listed}
	got, err := clientOn("https://x.test/", transport).PostsByIDs(t.Context(), access, []string{"11", "12", "13"})
	if err != nil || !reflect.DeepEqual(got, listedPosts) {
		t.Errorf("got %+v, %v", got, err)
	}
	const want = "https://x.test/2/tweets?expansions=author_id%2Cin_reply_to_user_id%2Creferenced_posts" +
		"&ids=11%2C12%2C13&post.fields=conversation_id%2Ccreated_at"
	if got := transport.request.URL.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
