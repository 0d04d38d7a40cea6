// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// deleter does what the controllers do with an XPost that is being deleted, once it
// is there: it lets it go. It gives the object as it then was.
func (w *world) deleter(name string) (last func() v1alpha1.XPost) {
	seen := make(chan v1alpha1.XPost, 1)
	go func() {
		for {
			post := v1alpha1.XPost{}
			if w.Get(w.t.Context(), types.NamespacedName{Namespace: "customer-a", Name: name}, &post) != nil {
				return
			}
			if post.DeletionTimestamp.IsZero() {
				continue
			}
			seen <- *post.DeepCopy()
			post.Finalizers = nil
			if w.Update(w.t.Context(), &post) != nil {
				return
			}
		}
	}()
	return func() v1alpha1.XPost { return <-seen }
}

// A post goes by the deletion of its XPost, which takes the posts along: no time to
// live may let the object go without them.
func TestDeletePost(t *testing.T) {
	w := newWorld(t)
	made := w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
	post := w.posts()[0]
	post.Spec.TTLSecondsAfterFinished = ptr.To[int32](0)
	if err := w.Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	last := w.deleter(made["object"].(string))
	got := w.succeeds("delete_post", map[string]any{"id": "1001"})
	if want := map[string]any{"state": "Deleted", "ids": []any{"1001"}, "message": warns}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	post = last()
	if !slices.Equal(post.Finalizers, []string{v1alpha1.FinalizerDeletePosts}) ||
		post.Spec.DeletionPolicy != v1alpha1.DeletionDelete || post.Spec.TTLSecondsAfterFinished != nil {
		t.Errorf("it was deleted with the finalizers %q and the spec %+v", post.Finalizers, post.Spec)
	}
	if posts := w.posts(); len(posts) > 0 {
		t.Errorf("there are XPosts: %+v", posts)
	}
	got = w.succeeds("delete_post", map[string]any{"id": "1001"})
	if message, _ := got["message"].(string); got["state"] != "Deleted" || !strings.Contains(message, "deleted before") {
		t.Errorf("the second time it is %v", got)
	}
}

// warns is what an agent is told of a deletion.
const warns = "Do not repeat the call that published it, which would publish it anew."

// A thread goes as a whole, and only if that is meant.
func TestDeleteThread(t *testing.T) {
	w := newWorld(t)
	made := w.succeeds("publish_thread", map[string]any{"texts": []string{"one", "two"}, "requestID": "r-1"})
	w.fails("delete_post", map[string]any{"id": "10010"}, "WholeThread", "a thread of 2 posts", "Nothing was deleted")
	w.deleter(made["object"].(string))
	got := w.succeeds("delete_post", map[string]any{"id": "10010", "wholeThread": true})
	if want := map[string]any{"state": "Deleted", "ids": []any{"1001", "10010"}, "message": warns}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What others published is not deleted.
func TestDeleteOthers(t *testing.T) {
	w := newWorld(t)
	w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
	post := w.posts()[0]
	post.Labels = nil
	if err := w.Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	w.fails("delete_post", map[string]any{"id": "1001"}, "NotPublishedHere", "the XPost \""+post.Name+"\"", "its owner must delete that object")
	others, _ := w.at("jane_doe", "by hand", "")["id"].(string)
	w.fails("delete_post", map[string]any{"id": others}, "NotPublishedHere", "no record of the post with the id "+others, "which X shows", "Nothing was deleted")
	post.Labels = map[string]string{v1alpha1.LabelOrigin: v1alpha1.LabelOriginAgent}
	post.Spec.ConnectionRef.Name = "another"
	if err := w.Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	post.Status.Posts[0].ID = others
	if err := w.Status().Update(t.Context(), &post); err != nil {
		t.Fatal(err)
	}
	w.fails("delete_post", map[string]any{"id": others}, "NotPublishedHere", "no record")
	if posts := w.posts(); len(posts) != 1 || !posts[0].DeletionTimestamp.IsZero() {
		t.Errorf("the XPosts are %+v", posts)
	}
}

// An object may go without its posts: only X's word counts for their being gone.
func TestDeleteIsChecked(t *testing.T) {
	for name, test := range map[string]struct {
		// meanwhile happens once the post is published.
		meanwhile func(*world)
		reason    string
		says      string
	}{
		"X still shows them": {func(*world) {}, "NotDeleted", "X still shows its posts "},
		"X does not answer": {func(w *world) {
			w.x.SetHook(func(call xsim.Call) *xsim.Fault {
				if call.Endpoint != xsim.EndpointLookup {
					return nil
				}
				return &xsim.Fault{Kind: xsim.FaultReset}
			})
		}, "XUnavailable", "could not be checked"},
		"the connection goes too": {func(w *world) {
			// The call reads the grant once before it deletes.
			w.onGrant = func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.cached = nil
			}
		}, "NotConnected", "could not be checked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id, _ := w.at("jane_doe", "hello", "")["id"].(string)
			w.publish = published(id)
			made := w.succeeds("publish_post", map[string]any{"text": "hello", "requestID": "r-1"})
			w.deleter(made["object"].(string))
			test.meanwhile(w)
			w.fails("delete_post", map[string]any{"id": id}, test.reason, test.says, id, "a person must delete at X")
		})
	}
}

// A thread of which it is not known whether one more post is published.
func TestDeleteHalfAThread(t *testing.T) {
	w := newWorld(t)
	w.publish = func(post *v1alpha1.XPost) {
		published("1001")(post)
		post.Status.Posts = post.Status.Posts[:1]
		post.Status.Attempt = &v1alpha1.PostAttempt{ID: "attempt", Index: 1, Outcome: v1alpha1.OutcomeUnknown}
		ready(metav1.ConditionFalse, v1alpha1.ReasonUnknown, "It may be published", v1alpha1.ConditionStalled)(post)
	}
	w.fails("publish_thread", map[string]any{"texts": []string{"one", "two"}, "requestID": "r-1"}, "Unknown")
	w.deleter(w.posts()[0].Name)
	got := w.succeeds("delete_post", map[string]any{"id": "1001", "wholeThread": true})
	if message, _ := got["message"].(string); got["state"] != "Deleted" || !strings.Contains(message, "is not known") {
		t.Errorf("got %v", got)
	}
}
