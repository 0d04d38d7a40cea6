// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// write calls an endpoint of posts with a JSON body.
func (f *fixture) write(method, path, bearer, body string) reply {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("Content-Type", "application/json")
	return f.send(request)
}

func (f *fixture) create(bearer, body string) reply {
	f.t.Helper()
	return f.write(http.MethodPost, xsim.PathPosts, bearer, body)
}

// created returns the id of a post that must be made.
func (f *fixture) created(bearer, body string) string {
	f.t.Helper()
	got := f.create(bearer, body)
	if got.status != http.StatusCreated {
		f.t.Fatalf("no post: HTTP %d: %s", got.status, got.body)
	}
	return got.json(f.t)["data"].(map[string]any)["id"].(string)
}

// publish has an account post by itself.
func (f *fixture) publish(username, text, replyTo, quotes string) string {
	f.t.Helper()
	return must[xsim.PostRecord](f.t)(f.sim.Publish(username, text, replyTo, quotes)).ID
}

func wantForbidden(t *testing.T, got reply, detail string) {
	t.Helper()
	body := got.json(t)
	if got.status != http.StatusForbidden || body["type"] != "about:blank" || body["title"] != "Forbidden" || body["detail"] != detail {
		t.Errorf("HTTP %d %s, want the detail %q", got.status, got.body, detail)
	}
}

func TestPostIsMade(t *testing.T) {
	f := newFixture(t, nil)
	access := f.login("jane_doe").access
	got := f.create(access, `{"text":"Hello, <world>","reply_settings":"mentionedUsers","made_with_ai":true,"paid_partnership":false}`)
	posts := f.sim.Books().Posts
	if len(posts) != 1 {
		t.Fatalf("posts: %+v", posts)
	}
	want := map[string]any{"data": map[string]any{"id": posts[0].ID, "text": "Hello, <world>"}}
	if body := got.json(t); got.status != http.StatusCreated || !reflect.DeepEqual(body, want) {
		t.Errorf("HTTP %d %v, want %v", got.status, body, want)
	}
	record := xsim.PostRecord{
		ID: posts[0].ID, AuthorID: f.sim.RegisterAccount("jane_doe").ID, Username: "jane_doe", ClientID: clientID,
		Text: "Hello, <world>", At: start, ReplySettings: "mentionedUsers", MadeWithAI: true,
	}
	if posts[0] != record {
		t.Errorf("the record is %+v, want %+v", posts[0], record)
	}
	event := f.lastEvent()
	if event.Outcome != xsim.OutcomePosted || event.Post != record.ID || event.ClientID != clientID || event.Status != 201 || event.Delivery != xsim.DeliveryComplete {
		t.Errorf("the event: %+v", event)
	}
	if limit := limitHeaders(got, "x-app-limit-24hour"); !strings.HasPrefix(limit, "10000 9999 ") {
		t.Errorf("limit %q", limit)
	}
}

func TestPostBodyIsChecked(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Limits = map[xsim.Endpoint]xsim.Limit{xsim.EndpointPost: {}} })
	access := f.login("jane_doe").access
	for body, complaint := range map[string]string{
		`{}`:                              "text",
		`{"text":"  "}`:                   "text",
		`{"text":"a","texts":"b"}`:        "texts",
		`{"text":"a","reply":{"to":"1"}}`: "to",
		`{"text":1}`:                      "text",
		`["text"]`:                        "array",
		`{"text":"a"} {}`:                 "after the JSON",
		`{"text":"a`:                      "EOF",
		`{"text":"a","reply_settings":"everyone"}`:                             "reply_settings",
		`{"text":"a","reply":{}}`:                                              "in_reply_to_tweet_id",
		`{"text":"a","reply":{"in_reply_to_tweet_id":"x"}}`:                    "in_reply_to_tweet_id",
		`{"text":"a","quote_tweet_id":"x"}`:                                    "quote_tweet_id",
		`{"text":"a","media":{"media_ids":[]}}`:                                "media_ids",
		`{"text":"a","media":{"media_ids":["1","2","3","4","5"]}}`:             "media_ids",
		`{"text":"a","media":{"media_ids":["1"]},"quote_tweet_id":"1"}`:        "excludes",
		`{"media":{"media_ids":["1"]}}`:                                        "media IDs are invalid",
		`{"text":"a","poll":{"options":["x","y"],"duration_minutes":4}}`:       "duration_minutes",
		`{"text":"a","poll":{"options":["x"],"duration_minutes":5}}`:           "options",
		`{"text":"a","poll":{"options":["x",""],"duration_minutes":5}}`:        "options",
		`{"text":"a","poll":{"options":["x","y"],"duration_minutes":5,"z":1}}`: "z",
	} {
		got := f.create(access, body)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, complaint) || !strings.Contains(got.body, "/problems/invalid-request") {
			t.Errorf("%s: HTTP %d %s, want %q", body, got.status, got.body, complaint)
		}
	}
	if got := f.sim.Books().Posts; len(got) != 0 {
		t.Errorf("posts: %+v", got)
	}
}

func TestPostsNeedRightsAndJSON(t *testing.T) {
	f := newFixture(t, nil)
	request := consent()
	request.Set("scope", "tweet.read users.read")
	reader := f.tokensOf(f.send(f.post(xsim.PathToken, exchangeForm(f.code("jane_doe", request)))))
	if got := f.create(reader.access, `{"text":"a"}`); got.status != http.StatusForbidden {
		t.Errorf("without tweet.write: HTTP %d", got.status)
	}
	if got := f.create("unknown-token", `{"text":"a"}`); got.status != http.StatusUnauthorized {
		t.Errorf("with an unknown token: HTTP %d", got.status)
	}
	form := f.get(xsim.PathPosts, f.login("john_roe").access)
	form.Method = http.MethodPost
	if got := f.send(form); got.status != http.StatusBadRequest || !strings.Contains(got.body, "Content-Type") {
		t.Errorf("without a type: HTTP %d: %s", got.status, got.body)
	}
}

func TestPostsThatXRefuses(t *testing.T) {
	f := newFixture(t, nil)
	access := f.login("jane_doe").access
	theirs := f.publish("john_roe", "nobody in particular", "", "")
	for body, detail := range map[string]string{
		`{"text":"` + strings.Repeat("日", 141) + `"}`:                    "Your Tweet text is too long. For more information on allowed Tweet content, see the documentation.",
		`{"text":"a","quote_tweet_id":"` + theirs + `"}`:                 "Quoting a post is not allowed for this app.",
		`{"text":"buy $ABC and $DEF"}`:                                   "Only one cashtag is allowed in a post.",
		`{"text":"a","reply":{"in_reply_to_tweet_id":"1"}}`:              "You attempted to reply to a Tweet that is deleted or not visible to you.",
		`{"text":"a","reply":{"in_reply_to_tweet_id":"` + theirs + `"}}`: "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.",
	} {
		wantForbidden(t, f.create(access, body), detail)
	}
	f.created(access, `{"text":"`+strings.Repeat("日", 140)+`"}`)
	f.created(access, `{"text":"buy $ABC for $5"}`)
}

func TestReplyRule(t *testing.T) {
	tests := map[string]struct {
		// john does something; jane answers the post that it returns.
		before  func(f *fixture, janes string) string
		allowed bool
	}{
		"to oneself": {func(_ *fixture, janes string) string { return janes }, true},
		"mentioned":  {func(f *fixture, _ string) string { return f.publish("john_roe", "hi @Jane_Doe!", "", "") }, true},
		"mentioned once": {func(f *fixture, _ string) string {
			f.publish("john_roe", "@jane_doe", "", "")
			return f.publish("john_roe", "another", "", "")
		}, true},
		"quoted":         {func(f *fixture, janes string) string { return f.publish("john_roe", "look", "", janes) }, true},
		"answered":       {func(f *fixture, janes string) string { return f.publish("john_roe", "no", janes, "") }, true},
		"another handle": {func(f *fixture, _ string) string { return f.publish("john_roe", "hi @jane_doe_2, me@jane_doe", "", "") }, false},
		"no engagement":  {func(f *fixture, _ string) string { return f.publish("john_roe", "hi", "", "") }, false},
		"rule is dropped": {func(f *fixture, _ string) string {
			f.sim.SetPolicies(xsim.Policies{AllowAnyReply: true})
			return f.publish("john_roe", "hi", "", "")
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			access := f.login("jane_doe").access
			to := test.before(f, f.created(access, `{"text":"first"}`))
			got := f.create(access, `{"text":"second","reply":{"in_reply_to_tweet_id":"`+to+`"}}`)
			if (got.status == http.StatusCreated) != test.allowed {
				t.Errorf("HTTP %d: %s", got.status, got.body)
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	f := newFixture(t, nil)
	jane, john := f.login("jane_doe"), f.login("john_roe").access
	const body = `{"text":"again and again"}`
	const detail = "You are not allowed to create a Tweet with duplicate content."
	first := f.created(jane.access, body)
	f.created(john, body)
	wantForbidden(t, f.create(jane.access, body), detail)
	f.write(http.MethodDelete, xsim.PathPosts+"/"+first, jane.access, "")
	f.created(jane.access, body)
	f.sim.Advance(24*time.Hour - 1)
	jane = f.tokensOf(f.refresh(jane.refresh))
	wantForbidden(t, f.create(jane.access, body), detail)
	f.sim.Advance(1)
	f.created(jane.access, body)
	f.sim.SetPolicies(xsim.Policies{AllowDuplicates: true})
	f.created(jane.access, body)
	if got := f.sim.Counters(); got.Posts != 5 || got.Duplicates != 2 {
		t.Errorf("counters: %+v", got)
	}
}

func TestDelete(t *testing.T) {
	f := newFixture(t, nil)
	jane, john := f.login("jane_doe").access, f.login("john_roe").access
	id := f.created(jane, `{"text":"a"}`)
	wantForbidden(t, f.write(http.MethodDelete, xsim.PathPosts+"/"+id, john, ""), "You are not authorized to delete this Tweet.")
	if got := f.write(http.MethodDelete, xsim.PathPosts+"/"+id, jane, ""); got.status != 200 || got.body != `{"data":{"deleted":true}}` {
		t.Errorf("HTTP %d: %s", got.status, got.body)
	}
	if got := f.lastEvent(); got.Outcome != xsim.OutcomeDeleted || got.Post != id {
		t.Errorf("the event: %+v", got)
	}
	if got := f.write(http.MethodDelete, xsim.PathPosts+"/"+id, jane, ""); got.status != 404 || !strings.Contains(got.body, "/problems/resource-not-found") {
		t.Errorf("again: HTTP %d: %s", got.status, got.body)
	}
	if got := f.write(http.MethodDelete, xsim.PathPosts+"/abc", jane, ""); got.status != 400 {
		t.Errorf("no id: HTTP %d: %s", got.status, got.body)
	}
	if posts := f.sim.Books().Posts; posts[0].DeletedAt == nil || f.sim.Counters().Deletions != 1 {
		t.Errorf("posts: %+v", posts)
	}
}

func TestPostIDsGrow(t *testing.T) {
	f := newFixture(t, nil)
	var ids []string
	for range 3 {
		ids = append(ids, f.publish("jane_doe", "a", "", ""))
	}
	f.sim.Advance(time.Second)
	ids = append(ids, f.publish("jane_doe", "a", "", ""))
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 4 {
		t.Errorf("ids: %v", ids)
	}
}

func TestLostAnswersOfPosts(t *testing.T) {
	for _, after := range []bool{false, true} {
		f := newFixture(t, nil)
		access := f.login("jane_doe").access
		f.sim.Inject(xsim.Fault{Kind: xsim.FaultStatus, Endpoint: xsim.EndpointPost, After: after})
		if got := f.create(access, `{"text":"a"}`); got.status != 503 {
			t.Errorf("HTTP %d", got.status)
		}
		if made := len(f.sim.Books().Posts) == 1; made != after || f.lastEvent().Delivery != xsim.DeliveryCut {
			t.Errorf("after=%v: %+v", after, f.lastEvent())
		}
	}
}

func TestBudgets(t *testing.T) {
	some := func(n int) *int { return &n }
	tests := map[string]struct {
		budget xsim.Budget
		// The statuses of a post, a read and a post.
		want []int
		kind string
	}{
		"no end":      {xsim.Budget{}, []int{201, 200, 201}, ""},
		"two credits": {xsim.Budget{Credits: some(2)}, []int{201, 200, 402}, "/problems/credits"},
		"no credits":  {xsim.Budget{Credits: some(0)}, []int{402, 402, 402}, "/problems/credits"},
		"one post":    {xsim.Budget{Posts: some(1)}, []int{201, 200, 429}, "UsageCapExceeded"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			access := f.login("jane_doe").access
			f.sim.SetBudget(clientID, test.budget)
			read := xsim.PathUsers + "/" + f.sim.RegisterAccount("jane_doe").ID + "/tweets"
			first := f.create(access, `{"text":"a"}`)
			second := f.send(f.get(read, access))
			third := f.create(access, `{"text":"b"}`)
			if got := []int{first.status, second.status, third.status}; !slices.Equal(got, test.want) || !strings.Contains(third.body, test.kind) {
				t.Errorf("got %v, want %v; the last one says %s", got, test.want, third.body)
			}
			if !f.works(access) {
				t.Error("users/me costs nothing")
			}
		})
	}
}

func TestPublishNeedsWhatItNames(t *testing.T) {
	f := newFixture(t, nil)
	for _, args := range [][3]string{{"nobody", "", ""}, {"jane_doe", "1", ""}, {"jane_doe", "", "1"}} {
		if _, err := f.sim.Publish(args[0], "a", args[1], args[2]); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
}
