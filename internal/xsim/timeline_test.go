// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// reader is a fixture whose jane reads timelines.
type reader struct {
	*fixture
	access string
	id     string
}

func newReader(t *testing.T) reader {
	t.Helper()
	f := newFixture(t, nil)
	return reader{f, f.login("jane_doe").access, f.sim.RegisterAccount("jane_doe").ID}
}

// read gets a timeline of jane's.
func (r reader) read(timeline string, query url.Values) reply {
	r.t.Helper()
	return r.send(r.get(xsim.PathUsers+"/"+r.id+"/"+timeline+"?"+query.Encode(), r.access))
}

// texts are those of a page, and its meta object.
func (r reader) texts(timeline string, query url.Values) (string, map[string]any) {
	r.t.Helper()
	got := r.read(timeline, query)
	if got.status != http.StatusOK {
		r.t.Fatalf("HTTP %d: %s", got.status, got.body)
	}
	var texts []string
	body := got.json(r.t)
	posts, _ := body["data"].([]any)
	for _, post := range posts {
		texts = append(texts, post.(map[string]any)["text"].(string))
	}
	return strings.Join(texts, " "), body["meta"].(map[string]any)
}

func TestTimelines(t *testing.T) {
	r := newReader(t)
	first := r.publish("jane_doe", "a", "", "")
	r.publish("john_roe", "b@x @jane_doe", "", "")
	answer := r.publish("john_roe", "c", first, "")
	r.publish("john_roe", "d", "", "")
	r.publish("jane_doe", "e", answer, "")
	r.publish("jane_doe", "@jane_doe", "", "")
	for timeline, want := range map[string]string{
		"mentions":                        "c b@x @jane_doe",
		"tweets":                          "@jane_doe e a",
		"timelines/reverse_chronological": "@jane_doe e d c b@x @jane_doe a",
	} {
		if got, meta := r.texts(timeline, nil); got != want || meta["next_token"] != nil {
			t.Errorf("%s: %q, want %q; %v", timeline, got, want, meta)
		}
	}
	if got, _ := r.texts("tweets", url.Values{"exclude": {"retweets,replies"}}); got != "@jane_doe a" {
		t.Errorf("without replies: %q", got)
	}
}

func TestTimelineBounds(t *testing.T) {
	r := newReader(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, r.publish("jane_doe", fmt.Sprint(i), "", ""))
		r.sim.Advance(time.Minute)
	}
	at := func(minutes int) string { return start.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
	for name, test := range map[string]struct {
		query url.Values
		want  string
	}{
		"since_id":           {url.Values{"since_id": {ids[2]}}, "4 3"},
		"until_id":           {url.Values{"until_id": {ids[2]}}, "1 0"},
		"start_time":         {url.Values{"start_time": {at(2)}}, "4 3 2"},
		"end_time":           {url.Values{"end_time": {at(2)}}, "1 0"},
		"both ids":           {url.Values{"since_id": {ids[0]}, "until_id": {ids[3]}}, "2 1"},
		"nothing in between": {url.Values{"since_id": {ids[4]}}, ""},
	} {
		if got, _ := r.texts("tweets", test.query); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestTimelinePages(t *testing.T) {
	r := newReader(t)
	var ids []string
	for i := range 12 {
		ids = append(ids, r.publish("jane_doe", fmt.Sprint(i), "", ""))
	}
	query := url.Values{"max_results": {"5"}}
	for _, want := range []struct {
		texts        string
		newest, last int
		more         bool
	}{{"11 10 9 8 7", 11, 7, true}, {"6 5 4 3 2", 6, 2, true}, {"1 0", 1, 0, false}} {
		got, meta := r.texts("tweets", query)
		token, more := meta["next_token"].(string)
		if got != want.texts || meta["newest_id"] != ids[want.newest] || meta["oldest_id"] != ids[want.last] || more != want.more {
			t.Errorf("%q with %v, want %+v", got, meta, want)
		}
		if meta["result_count"] != float64(len(strings.Fields(want.texts))) {
			t.Errorf("result_count: %v", meta)
		}
		query.Set("pagination_token", token)
	}
	if got, _ := r.texts("tweets", nil); len(strings.Fields(got)) != 10 {
		t.Errorf("by default: %q", got)
	}
}

func TestEmptyTimeline(t *testing.T) {
	if got := newReader(t); got.read("mentions", nil).body != `{"meta":{"result_count":0}}` {
		t.Errorf("got %s", got.read("mentions", nil).body)
	}
}

func TestTimelineQueryIsChecked(t *testing.T) {
	r := newReader(t)
	for query, complaint := range map[string]string{
		"max_results=4": "between 5 and 100", "max_results=101": "between 5 and 100", "max_results=x": "not valid",
		"since_id=x": "since_id", "until_id=12345678901234567890": "until_id", "pagination_token=!": "pagination_token",
		"start_time=yesterday": "start_time", "end_time=1": "end_time", "count=5": "[count]",
		"post.fields=author_id": "author_id", "post.fields=referenced_tweets": "referenced_tweets", "tweet.fields=nonsense": "nonsense",
		"expansions=nonsense": "nonsense",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.read("tweets", values); got.status != 400 || !strings.Contains(got.body, complaint) {
			t.Errorf("%s: HTTP %d: %s", query, got.status, got.body)
		}
	}
	if got := r.read("timelines/reverse_chronological", url.Values{"max_results": {"1"}}); got.status != 200 {
		t.Errorf("one result of the home timeline: HTTP %d", got.status)
	}
}

func TestFieldsUnderBothNames(t *testing.T) {
	r := newReader(t)
	asked := r.publish("john_roe", "hi @jane_doe", "", "")
	id := r.publish("jane_doe", "hello", asked, "")
	john := r.sim.RegisterAccount("john_roe")
	history, reference := []any{id}, []any{map[string]any{"type": "replied_to", "id": asked}}
	for name, test := range map[string]struct {
		query url.Values
		want  map[string]any
	}{
		"neither": {nil, map[string]any{"id": id, "text": "hello", "edit_history_post_ids": history}},
		"post": {
			url.Values{"post.fields": {"created_at,conversation_id,reply_settings"}, "expansions": {"referenced_posts,in_reply_to_user_id"}},
			map[string]any{
				"id": id, "text": "hello", "edit_history_post_ids": history, "created_at": "2026-08-01T12:00:00.000Z",
				"conversation_id": asked, "reply_settings": "everyone", "referenced_posts": reference, "in_reply_to_user_id": john.ID,
			},
		},
		"tweet": {
			url.Values{"tweet.fields": {"author_id,referenced_tweets"}},
			map[string]any{"id": id, "text": "hello", "edit_history_tweet_ids": history, "author_id": r.id, "referenced_tweets": reference},
		},
		"both": {
			url.Values{"tweet.fields": {"text"}, "post.fields": {"text"}},
			map[string]any{"id": id, "text": "hello", "edit_history_tweet_ids": history, "edit_history_post_ids": history},
		},
	} {
		body := r.read("tweets", test.query).json(t)
		if want := []any{test.want}; !reflect.DeepEqual(body["data"], want) || body["includes"] != nil {
			t.Errorf("%s: %v, want %v", name, body["data"], want)
		}
	}
}

func TestAuthorsAreIncluded(t *testing.T) {
	r := newReader(t)
	r.publish("john_roe", "@jane_doe", "", "")
	r.publish("john_roe", "@jane_doe again", "", "")
	john := r.sim.RegisterAccount("john_roe")
	body := r.read("mentions", url.Values{"expansions": {"author_id"}, "user.fields": {"username"}}).json(t)
	want := map[string]any{"users": []any{map[string]any{"id": john.ID, "username": "john_roe", "name": "john_roe"}}}
	if !reflect.DeepEqual(body["includes"], want) {
		t.Errorf("includes %v, want %v", body["includes"], want)
	}
}

func TestTimelinesOfOthers(t *testing.T) {
	r := newReader(t)
	get := func(path string) reply { return r.send(r.get(xsim.PathUsers+path, r.access)) }
	john := "/" + r.sim.RegisterAccount("john_roe").ID
	if got := get(john + "/tweets"); got.status != 200 {
		t.Errorf("another's posts: HTTP %d", got.status)
	}
	wantForbidden(t, get(john+"/timelines/reverse_chronological"), "The id is not that of the authenticating user.")
	if got := get("/12345/mentions"); got.status != 200 || !strings.Contains(got.body, `"errors":[{"title":"Not Found Error"`) {
		t.Errorf("nobody's mentions: HTTP %d: %s", got.status, got.body)
	}
}
