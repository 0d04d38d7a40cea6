// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package playground

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// account is the playground's user, through our client.
type account struct {
	*xapi.Client
	t      *testing.T
	access secret.Token
	xapi.User
	// statuses is how often each endpoint gave each status.
	statuses map[string]map[int]int
	limits   xapi.Limits
}

// signIn makes a client whose token nobody else has: the playground counts calls by
// tokens.
func signIn(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, access: secret.New("playground-" + rand.Text()), statuses: map[string]map[int]int{}}
	a.Client = xapi.New(xapi.Options{
		Endpoints: xapi.Endpoints{APIURL: playground(t)},
		Clock:     time.Now,
		Observer: func(endpoint string, status int, _ time.Duration, limits xapi.Limits) {
			if a.statuses[endpoint] == nil {
				a.statuses[endpoint] = map[int]int{}
			}
			a.statuses[endpoint][status]++
			a.limits = limits
		},
	})
	user, err := a.Me(t.Context(), a.access)
	if err != nil {
		t.Fatal(err)
	}
	a.User = user
	return a
}

// publish publishes a post, and gives it as the account's lists must show it. The
// text gets a word that no other post has.
func (a *account) publish(request xapi.PostRequest) xapi.Post {
	a.t.Helper()
	request.Text += " " + rand.Text()
	post, err := a.CreatePost(a.t.Context(), a.access, request)
	if err != nil {
		a.t.Fatalf("publishing %q: %v", request.Text, err)
	}
	if post.Text != request.Text {
		a.t.Errorf("published %q, and X says %q", request.Text, post.Text)
	}
	return post
}

// shows checks that a list has posts, whole but for the author's handle, which the
// playground gives for a lookup alone.
func (a *account) shows(where string, posts []xapi.Post, wanted ...xapi.Post) {
	a.t.Helper()
	for _, want := range wanted {
		at := slices.IndexFunc(posts, func(got xapi.Post) bool { return got.Text == want.Text })
		if at < 0 {
			a.t.Errorf("%s: no post says %q", where, want.Text)
			continue
		}
		got := posts[at]
		if got.ID != want.ID || got.AuthorID != a.ID || got.ConversationID == "" || time.Since(got.CreatedAt).Abs() > time.Hour {
			a.t.Errorf("%s: got %+v, want the post %s of %s", where, got, want.ID, a.ID)
		}
	}
}

// list reads a page of some list.
func (a *account) list(where string, page xapi.Page, err error) []xapi.Post {
	a.t.Helper()
	if err != nil {
		a.t.Fatalf("%s: %v", where, err)
	}
	return page.Posts
}

func TestWhoami(t *testing.T) {
	a := signIn(t)
	if a.ID == "" || a.Username == "" || a.Name == "" {
		t.Errorf("got %+v", a.User)
	}
	if a.limits.Window.Limit == 0 || a.limits.Window.ResetAt.IsZero() {
		t.Errorf("the limits were not learnt: %+v", a.limits)
	}
}

// TestPublishing: a post, a reply to it and a thread appear in the account's own
// posts, in the home timeline and in a lookup.
func TestPublishing(t *testing.T) {
	a := signIn(t)
	since := xapi.PageRequest{StartTime: time.Now().Add(-time.Minute), MaxResults: 100}
	post := a.publish(xapi.PostRequest{Text: "a post", ReplySettings: "mentionedUsers", MadeWithAI: true})
	reply := a.publish(xapi.PostRequest{Text: "a reply", InReplyTo: post.ID})
	thread := []xapi.Post{a.publish(xapi.PostRequest{Text: "one of three"})}
	for _, text := range []string{"two of three", "three of three"} {
		thread = append(thread, a.publish(xapi.PostRequest{Text: text, InReplyTo: thread[len(thread)-1].ID}))
	}
	all := append([]xapi.Post{post, reply}, thread...)

	own, err := a.UserPosts(t.Context(), a.access, a.ID, since)
	a.shows("own posts", a.list("own posts", own, err), all...)
	home, err := a.HomeTimeline(t.Context(), a.access, a.ID, since)
	a.shows("home timeline", a.list("home timeline", home, err), all...)
	var ids []string
	for _, post := range all {
		ids = append(ids, post.ID)
	}
	found, err := a.PostsByIDs(t.Context(), a.access, ids)
	a.shows("lookup", a.list("lookup", xapi.Page{Posts: found}, err), all...)
	if len(found) != len(all) {
		t.Errorf("a lookup of %d posts gave %d", len(all), len(found))
	}
}

// TestMentions: a post that names the account is among its mentions.
func TestMentions(t *testing.T) {
	a := signIn(t)
	mention := a.publish(xapi.PostRequest{Text: "hello @" + a.Username})
	other := a.publish(xapi.PostRequest{Text: "hello nobody"})
	page, err := a.Mentions(t.Context(), a.access, a.ID, xapi.PageRequest{StartTime: time.Now().Add(-time.Minute), MaxResults: 100})
	posts := a.list("mentions", page, err)
	a.shows("mentions", posts, mention)
	if slices.ContainsFunc(posts, func(post xapi.Post) bool { return post.Text == other.Text }) {
		t.Error("a post that mentions nobody is among the mentions")
	}
}

// TestPages: a list is read to its second page, and its bounds hold.
func TestPages(t *testing.T) {
	a := signIn(t)
	for range 6 {
		a.publish(xapi.PostRequest{Text: "one of many"})
	}
	first, err := a.UserPosts(t.Context(), a.access, a.ID, xapi.PageRequest{MaxResults: 5})
	if posts := a.list("the first page", first, err); len(posts) != 5 || first.NextToken == "" {
		t.Fatalf("the first page has %d posts, and the token %q", len(posts), first.NextToken)
	}
	second, err := a.UserPosts(t.Context(), a.access, a.ID, xapi.PageRequest{MaxResults: 5, PageToken: first.NextToken})
	posts := a.list("the second page", second, err)
	if len(posts) == 0 || posts[0].CreatedAt.After(first.Posts[4].CreatedAt) {
		t.Errorf("after the post %+v the second page begins with %+v", first.Posts[4], posts)
	}
	none, err := a.UserPosts(t.Context(), a.access, a.ID, xapi.PageRequest{StartTime: time.Now().Add(time.Hour)})
	if posts := a.list("posts of the future", none, err); len(posts) != 0 {
		t.Errorf("there are posts of the future: %+v", posts)
	}
}

// TestDeleting: what was deleted is gone from lists and lookups, and can't be
// deleted again.
func TestDeleting(t *testing.T) {
	a := signIn(t)
	kept, gone := a.publish(xapi.PostRequest{Text: "kept"}), a.publish(xapi.PostRequest{Text: "gone"})
	if err := a.DeletePost(t.Context(), a.access, gone.ID); err != nil {
		t.Fatal(err)
	}
	if got := xapi.KindOf(a.DeletePost(t.Context(), a.access, gone.ID)); got != xapi.KindNotFound {
		t.Errorf("the second deletion gave %q", got)
	}
	found, err := a.PostsByIDs(t.Context(), a.access, []string{gone.ID, kept.ID})
	if err != nil || len(found) != 1 || found[0].Text != kept.Text {
		t.Errorf("got %+v, %v", found, err)
	}
	own, err := a.UserPosts(t.Context(), a.access, a.ID, xapi.PageRequest{StartTime: time.Now().Add(-time.Minute)})
	posts := a.list("own posts", own, err)
	a.shows("own posts", posts, kept)
	if slices.ContainsFunc(posts, func(post xapi.Post) bool { return post.Text == gone.Text }) {
		t.Error("the deleted post is among the account's own")
	}
}

// TestRefusals: what X refuses has the kind that the operator acts on.
func TestRefusals(t *testing.T) {
	a := signIn(t)
	const nothing = "999999999999999999"
	_, reply := a.CreatePost(t.Context(), a.access, xapi.PostRequest{Text: "to nothing", InReplyTo: nothing})
	_, long := a.CreatePost(t.Context(), a.access, xapi.PostRequest{Text: strings.Repeat("a", 281)})
	_, stranger := a.Mentions(t.Context(), a.access, nothing, xapi.PageRequest{})
	for name, test := range map[string]struct {
		err  error
		want xapi.Kind
	}{
		"a reply to nothing":     {reply, xapi.KindInvalid},
		"a long text":            {long, xapi.KindInvalid},
		"the mentions of nobody": {stranger, xapi.KindNotFound},
		"a deletion of nothing":  {a.DeletePost(t.Context(), a.access, nothing), xapi.KindNotFound},
	} {
		if got := xapi.KindOf(test.err); got != test.want {
			t.Errorf("%s: got %v, want %s", name, test.err, test.want)
		}
	}
}

// TestNames: the playground knows posts by the names from before version 2.167. A
// client learns that once, and then reads with one call.
func TestNames(t *testing.T) {
	a := signIn(t)
	for range 3 {
		if _, err := a.Mentions(t.Context(), a.access, a.ID, xapi.PageRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	got := a.statuses[xapi.EndpointMentions]
	if got[200] != 3 || got[400] > 2 {
		t.Errorf("three reads were answered %v", got)
	}
}
