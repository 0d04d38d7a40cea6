// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// Each publishing tool makes one XPost that says who its author is, and tells what
// became of it.
func TestPublishing(t *testing.T) {
	for tool, test := range map[string]struct {
		arguments map[string]any
		spec      v1alpha1.XPostSpec
		ids       []string
	}{
		"publish_post": {
			map[string]any{"text": "hello", "requestID": "r-1", "replySettings": "Following", "madeWithAI": true},
			v1alpha1.XPostSpec{Text: "hello", ReplySettings: v1alpha1.ReplyFollowing, MadeWithAI: true}, []string{"1001"},
		},
		"publish_thread": {
			map[string]any{"texts": []string{"one", "two"}, "requestID": "r-1"},
			v1alpha1.XPostSpec{Thread: []string{"one", "two"}, ReplySettings: v1alpha1.ReplyEveryone}, []string{"1001", "10010"},
		},
		"reply": {
			map[string]any{"to": "77", "text": "thanks", "requestID": "r-1"},
			v1alpha1.XPostSpec{Text: "thanks", ReplyTo: "77", ReplySettings: v1alpha1.ReplyEveryone}, []string{"1001"},
		},
	} {
		t.Run(tool, func(t *testing.T) {
			w := newWorld(t)
			got := w.succeeds(tool, test.arguments)
			made := w.posts()
			if len(made) != 1 {
				t.Fatalf("there are %d XPosts", len(made))
			}
			test.spec.ConnectionRef.Name = "social-manager"
			if !reflect.DeepEqual(made[0].Spec, test.spec) {
				t.Errorf("the spec is %+v, want %+v", made[0].Spec, test.spec)
			}
			annotations := map[string]string{
				"x.agentconnect.dev/author": bot, "x.agentconnect.dev/request-id": "r-1",
				"x.agentconnect.dev/request-hash": made[0].Annotations["x.agentconnect.dev/request-hash"],
			}
			if !reflect.DeepEqual(made[0].Annotations, annotations) || made[0].Labels["x.agentconnect.dev/origin"] != "agent" || made[0].Namespace != "customer-a" {
				t.Errorf("the object is %+v", made[0].ObjectMeta)
			}
			posts := []any{}
			for _, id := range test.ids {
				posts = append(posts, map[string]any{"id": id, "url": "https://x.com/jane_doe/status/" + id})
			}
			want := map[string]any{"state": "Published", "posts": posts, "object": made[0].Name, "requestID": "r-1"}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the result is %v, want %v", got, want)
			}
		})
	}
}

// The same requestID at another replica gives the same post; for another text, it
// is refused; another connection, caller or requestID is another request.
func TestRequestID(t *testing.T) {
	w := newWorld(t)
	hello := map[string]any{"text": "hello", "requestID": "r-1"}
	first := w.structured("publish_post", w.callAt(w.session(0), "publish_post", hello))
	w.publish = published("2002")
	again := w.structured("publish_post", w.callAt(w.session(1), "publish_post", hello))
	if !reflect.DeepEqual(first, again) || len(w.posts()) != 1 {
		t.Errorf("again it is %v, was %v, and there are %d XPosts", again, first, len(w.posts()))
	}
	w.fails("publish_post", map[string]any{"text": "bye", "requestID": "r-1"}, "RequestIDReused", `"r-1"`, "take a new requestID")
	w.fails("reply", map[string]any{"text": "hello", "to": "7", "requestID": "r-1"}, "RequestIDReused")
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-2"})
	if got := len(w.posts()); got != 2 {
		t.Errorf("there are %d XPosts, want 2", got)
	}
}

// Without a requestID nothing is published: an answer that is lost would leave the agent
// without a way to ask for it.
func TestRequestIDIsRequired(t *testing.T) {
	w := newWorld(t)
	for tool, arguments := range map[string]map[string]any{
		"publish_post":   {"text": "hello"},
		"publish_thread": {"texts": []string{"hello"}},
		"reply":          {"text": "hello", "to": "7"},
	} {
		w.fails(tool, arguments, "Invalid", "Nothing was done", `missing properties: ["requestID"]`, "takes a requestID of your own")
		arguments["requestID"] = ""
		w.fails(tool, arguments, "Invalid", "Nothing was done", "/properties/requestID", "takes a requestID of your own")
	}
	if posts := w.posts(); len(posts) > 0 {
		t.Errorf("there are XPosts: %+v", posts)
	}
}

// A person changes the text before approving it: the agent still learns what became of
// its request, and what else it asks for under that name is still told apart.
func TestRequestThatWasChanged(t *testing.T) {
	w := newWorld(t)
	w.publish = ready(metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval, "Somebody must approve")
	helo := map[string]any{"text": "helo", "requestID": "r-1"}
	w.succeeds("publish_post", helo)
	post := w.posts()[0]
	post.Spec.Text = "hello"
	if err := w.Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	published("1001")(&post)
	if err := w.Status().Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	if got := w.succeeds("publish_post", helo); got["state"] != "Published" {
		t.Errorf("the result is %v", got)
	}
	hello := map[string]any{"text": "hello", "requestID": "r-1"}
	if text := textOf(w.fails("publish_post", hello, "RequestIDReused")); strings.Contains(text, "Nothing was published") {
		t.Errorf("the agent is told %q", text)
	}
	// What an older operator made is taken as it is now.
	post = w.posts()[0]
	delete(post.Annotations, v1alpha1.AnnotationRequestHash)
	if err := w.Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	w.succeeds("publish_post", hello)
	w.fails("publish_post", helo, "RequestIDReused")
}

// The digest of a request is the same in every build: another one would take the repetition
// of a request for another request.
func TestRequestHash(t *testing.T) {
	w := newWorld(t)
	w.succeeds("publish_post", map[string]any{"text": "caf\u00e9", "requestID": "r-1"})
	if got := w.posts()[0].Annotations[v1alpha1.AnnotationRequestHash]; got != "cc15a63409b46e6f0b7d2bd4e7d8bc1d" {
		t.Errorf("it is %s", got)
	}
}

// A connection that can't be used now publishes nothing, but what became of an earlier
// request is known.
func TestRequestIDWithoutConnection(t *testing.T) {
	w := newWorld(t)
	hello := map[string]any{"text": "hello", "requestID": "r-1"}
	first := w.succeeds("publish_post", hello)
	w.cached = nil
	if again := w.succeeds("publish_post", hello); !reflect.DeepEqual(first, again) {
		t.Errorf("again it is %v, was %v", again, first)
	}
	for _, arguments := range []map[string]any{
		{"text": "bye", "requestID": "r-1"}, {"text": "hello", "requestID": "r-2"},
	} {
		w.fails("publish_post", arguments, "NotConnected")
	}
	if got := len(w.posts()); got != 1 {
		t.Errorf("there are %d XPosts, want 1", got)
	}
}

// What takes longer, or waits for a person, is told as pending.
func TestPending(t *testing.T) {
	w := newWorld(t)
	w.publish = ready(metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval, "Somebody must approve")
	got := w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
	want := map[string]any{
		"state": "Pending", "reason": "AwaitingApproval", "message": "Somebody must approve. Tell your person, and stop: " +
			"it is published once somebody approves it. Ask again only when your person says so.",
		"posts": []any{}, "object": w.posts()[0].Name, "requestID": "r-1",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.publish = func(post *v1alpha1.XPost) {
		ready(metav1.ConditionFalse, v1alpha1.ReasonUsageCapExceeded, "The plan's cap is used up")(post)
		post.Status.NextAttemptTime = &metav1.Time{Time: w.now.Add(time.Hour)}
	}
	got = w.succeeds("publish_post", map[string]any{"text": "hello again", "requestID": "r-2"})
	if message, _ := got["message"].(string); got["checkAt"] != w.now.Add(time.Hour).Format(time.RFC3339) || !strings.Contains(message, "Tell your person, and stop") {
		t.Errorf("got %v", got)
	}
}

// An agent that takes a requestID again learns how the first request stands: it may be the
// one that it means.
func TestRequestIDReused(t *testing.T) {
	stalled := func(reason string, posts int) func(*v1alpha1.XPost) {
		return func(post *v1alpha1.XPost) {
			published("1001")(post)
			post.Status.Posts = post.Status.Posts[:posts]
			ready(metav1.ConditionFalse, reason, "It is so", v1alpha1.ConditionStalled)(post)
		}
	}
	for name, test := range map[string]struct {
		publish func(*v1alpha1.XPost)
		says    string
	}{
		"published": {published("1001"), "It is at X: https://x.com/jane_doe/status/1001, https://x.com/jane_doe/status/10010. If that is what you mean"},
		"waiting":   {ready(metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval, "It is so"), "It goes on by itself (AwaitingApproval). If"},
		"refused":   {stalled(v1alpha1.ReasonRefused, 0), "It came to nothing (Refused). If"},
		"half of it": {stalled(v1alpha1.ReasonRefused, 1),
			"It came to nothing (Refused). Published before: https://x.com/jane_doe/status/1001. If"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publish = test.publish
			w.call("publish_thread", map[string]any{"texts": []string{"one", "two"}, "requestID": "r-1"})
			w.fails("publish_post", map[string]any{"text": "bye", "requestID": "r-1"}, "RequestIDReused", test.says, "take a new requestID")
		})
	}
}

// A repetition is no write, and a lost answer no other publication.
func TestOneWrite(t *testing.T) {
	w := newWorld(t)
	hello := map[string]any{"text": "hello", "requestID": "r-1"}
	w.createLost = true
	first := w.succeeds("publish_post", hello)
	w.createFails = errBroken
	if again := w.succeeds("publish_post", hello); !reflect.DeepEqual(first, again) {
		t.Errorf("again it is %v, was %v", again, first)
	}
	if w.creates != 1 || len(w.posts()) != 1 {
		t.Errorf("%d XPosts were to be made, and there are %d", w.creates, len(w.posts()))
	}
}

// One namespace's agents make no more objects than a person could ever mean. Repetitions make none,
// and go on.
func TestManyWrites(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": fmt.Sprint(i)})
	}
	w.fails("publish_post", map[string]any{"text": "hello", "requestID": "20"}, "Busy", "Nothing was done")
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "0"})
	if w.creates != 20 {
		t.Errorf("%d XPosts were to be made, want 20", w.creates)
	}
	w.advance(time.Second)
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "20"})
}

// What comes while the tool waits is told.
func TestOutcomeComesLater(t *testing.T) {
	w := newWorld(t)
	w.publish = nil
	go func() {
		for t.Context().Err() == nil {
			var list v1alpha1.XPostList
			if w.List(t.Context(), &list) != nil || len(list.Items) == 0 {
				continue
			}
			published("1001")(&list.Items[0])
			if err := w.Status().Update(t.Context(), &list.Items[0]); err != nil {
				t.Error(err)
			}
			return
		}
	}()
	if got := w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"}); got["state"] != "Published" {
		t.Errorf("got %v", got)
	}
}

// What somebody must act on is an error that says who does what.
func TestStalled(t *testing.T) {
	for reason, test := range map[string]struct {
		publish func(*v1alpha1.XPost)
		says    []string
	}{
		"DuplicateContent": {
			ready(metav1.ConditionFalse, v1alpha1.ReasonDuplicateContent, "X refuses it", v1alpha1.ConditionStalled),
			[]string{"X refuses it.", "look with read_timeline first", "under a new requestID"},
		},
		"ReplyNotAllowed": {
			ready(metav1.ConditionFalse, v1alpha1.ReasonReplyNotAllowed, "X refuses it", v1alpha1.ConditionStalled),
			[]string{"X refuses it.", "Leave that post"},
		},
		"Unknown": {
			ready(metav1.ConditionFalse, v1alpha1.ReasonUnknown, "It may be published", v1alpha1.ConditionStalled),
			[]string{"Do not publish it again", "a person must look at the XPost agent-"},
		},
		"Rejected": {
			ready(metav1.ConditionFalse, v1alpha1.ReasonRejected, "Change it", v1alpha1.ConditionStalled),
			[]string{"rejected it (XPost agent-", "do not publish it again", "unless your person asks"},
		},
		"Refused": {
			halfway(v1alpha1.ReasonRefused),
			[]string{
				"X says no. Published before: https://x.com/jane_doe/status/1001.",
				"call reply with to=1001 and the text that comes next", "Do not send again what was published before",
			},
		},
		"NotEnrolled": {
			halfway(v1alpha1.ReasonNotEnrolled),
			[]string{"X says no. Published before: https://x.com/jane_doe/status/1001.", "A person must act", "do not send again what was published before"},
		},
	} {
		w := newWorld(t)
		w.publish = test.publish
		w.fails("publish_thread", map[string]any{"texts": []string{"one", "two"}, "requestID": "r-1"}, reason, test.says...)
	}
}

// halfway has the second post of a thread refused.
func halfway(reason string) func(*v1alpha1.XPost) {
	return func(post *v1alpha1.XPost) {
		published("1001")(post)
		post.Status.Posts = post.Status.Posts[:1]
		ready(metav1.ConditionFalse, reason, "X says no", v1alpha1.ConditionStalled)(post)
	}
}

// cache is the door's, which has XPosts as a test wants it.
type cache struct {
	client.Reader
	get func(client.ObjectKey, *v1alpha1.XPost) error
}

func (c cache) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	if post, ok := object.(*v1alpha1.XPost); ok {
		return c.get(key, post)
	}
	return c.Reader.Get(ctx, key, object, options...)
}

func notCached(key client.ObjectKey, _ *v1alpha1.XPost) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "xposts"}, key.Name)
}

// callCached calls a tool at one more replica, which has XPosts in its cache as get says.
func (w *world) callCached(get func(client.ObjectKey, *v1alpha1.XPost) error, tool string, arguments map[string]any) *mcp.CallToolResult {
	w.t.Helper()
	w.options.Cached = cache{w, get}
	w.serveDoor()
	return w.callAt(w.session(2), tool, arguments)
}

// A cache that lags keeps no outcome back.
func TestOutcomeIsNotCachedYet(t *testing.T) {
	w := newWorld(t)
	got := w.structured("publish_post", w.callCached(notCached, "publish_post", map[string]any{"text": "hello", "requestID": "r-1"}))
	if got["state"] != "Published" {
		t.Errorf("got %v", got)
	}
}

// Somebody deletes the XPost while the agent waits: nothing goes on by itself then.
func TestWithdrawn(t *testing.T) {
	remove := func(w *world) {
		for _, post := range w.posts() {
			if err := w.Delete(w.t.Context(), &post); err != nil {
				w.t.Error(err)
			}
		}
	}
	for name, get := range map[string]func(*world, client.ObjectKey, *v1alpha1.XPost) error{
		"after it was seen": func(w *world, key client.ObjectKey, post *v1alpha1.XPost) error {
			err := w.Get(w.t.Context(), key, post)
			remove(w)
			return err
		},
		"before it was seen": func(w *world, key client.ObjectKey, post *v1alpha1.XPost) error {
			remove(w)
			return notCached(key, post)
		},
		"and it is still there": func(w *world, key client.ObjectKey, post *v1alpha1.XPost) error {
			if err := w.Get(w.t.Context(), key, post); err != nil || !post.DeletionTimestamp.IsZero() {
				return err
			}
			leaving := post.DeepCopy()
			leaving.Finalizers = []string{v1alpha1.FinalizerDeletePosts}
			if err := w.Update(w.t.Context(), leaving); err != nil {
				return err
			}
			remove(w)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.publish = func(post *v1alpha1.XPost) {
				published("1001")(post)
				post.Status.Posts = post.Status.Posts[:1]
				ready(metav1.ConditionFalse, v1alpha1.ReasonPublishing, "The second is about to be published")(post)
			}
			result := w.callCached(func(key client.ObjectKey, post *v1alpha1.XPost) error { return get(w, key, post) },
				"publish_thread", map[string]any{"texts": []string{"one", "two"}, "requestID": "r-1"})
			text := textOf(result)
			if !result.IsError || !strings.HasPrefix(text, "Withdrawn: The XPost agent-") || !strings.Contains(text, "Do not repeat this request") {
				t.Errorf("error %t: %q", result.IsError, text)
			}
			if seen := name != "before it was seen"; strings.Contains(text, "Published before: https://x.com/jane_doe/status/1001.") != seen {
				t.Errorf("it says of what was published: %q", text)
			}
		})
	}
}

// What can't be published is told before there is an object.
func TestRefusedBeforehand(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("早", 141)
	w.fails("publish_post", map[string]any{"text": long, "requestID": "r-1"}, "TooLong", "Text 1 of 1 weighs 282", "X takes 280")
	w.fails("publish_thread", map[string]any{"texts": []string{"fits", long}, "requestID": "r-1"}, "TooLong", "Text 2 of 2")
	w.fails("publish_post", map[string]any{"text": "a\uFEFFb", "requestID": "r-1"}, "InvalidText")
	w.fails("publish_post", map[string]any{"text": "", "requestID": "r-1"}, "InvalidText")
	w.publish = nil
	w.createFails = apierrors.NewForbidden(schema.GroupResource{Resource: "xposts"}, "a", errBroken)
	w.fails("publish_post", map[string]any{"text": "hello", "requestID": "r-1"}, "Refused", "Nothing was published")
	w.createFails = apierrors.NewInvalid(schema.GroupKind{Kind: "XPost"}, "a", nil)
	w.fails("publish_post", map[string]any{"text": "hello", "requestID": "r-1"}, "Invalid", "Nothing was published")
	w.createFails = errBroken
	result := w.fails("publish_post", map[string]any{"text": "hello", "requestID": "r-1"}, "InternalError", "did not say whether it took the request", "with the same requestID")
	if strings.Contains(textOf(result), "its-address") || result.Meta["x.agentconnect.dev/retryAt"] != w.now.Add(30*time.Second).Format(time.RFC3339) {
		t.Errorf("the agent is told %q, %v", textOf(result), result.Meta)
	}
	for tool, arguments := range map[string]map[string]any{
		"publish_post":   {"text": "hello", "requestID": "r-1", "replySettings": "Nobody"},
		"publish_thread": {"texts": []string{}, "requestID": "r-1"},
		"reply":          {"to": "https://x.com/7", "text": "hello", "requestID": "r-1"},
		"delete_post":    {"id": "../1"},
		"read_posts":     {"ids": []string{}},
		"read_mentions":  {"maxResults": 1000},
		"whoami":         {"unknown": true},
	} {
		w.fails(tool, arguments, "Invalid", "Nothing was done", tool+" does not take these arguments")
	}
	if posts := w.posts(); len(posts) > 0 {
		t.Errorf("there are XPosts: %+v", posts)
	}
}
