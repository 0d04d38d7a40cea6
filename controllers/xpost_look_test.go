// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const oneHello = `{"data":[{"id":"77","text":"Hello"}],"meta":{"result_count":1}}`

// What a look finds is this post, unless another XPost published it.
func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		owned bool
		says  string
	}{
		"its own":         {false, "Published Published Ready"},
		"another XPost's": {true, saysLooking},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, lost(0))
			d.onGet = answering(http.StatusOK, oneHello)
			if test.owned {
				other := readyPostScope().post
				other.ObjectMeta = metav1.ObjectMeta{Namespace: "elsewhere", Name: "other", UID: "other-uid"}
				other.Status.Posts = []v1alpha1.PublishedPost{{ID: "77", URL: "https://x.com/jane/status/77"}}
				if err := d.r.Create(t.Context(), other); err != nil {
					t.Fatal(err)
				}
				if err := d.r.Status().Update(t.Context(), other); err != nil {
					t.Fatal(err)
				}
			}
			post, _ := d.reconcile(t.Context())
			if got := sayings(post); got != test.says || d.reads != 1 {
				t.Errorf("after %d looks the conditions are %q, want %q", d.reads, got, test.says)
			}
			d.sent()
		})
	}
}

// What X refuses to show is not asked for again and again: a person is asked, and can
// have the post sent again.
func TestRefusedLook(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"X: Forbidden (HTTP 403)":   answering(http.StatusForbidden, `{"title":"Forbidden"}`),
		"X: NotEnrolled (HTTP 403)": answering(http.StatusForbidden, `{"type":"https://api.x.com/2/problems/client-forbidden","reason":"client-not-enrolled"}`),
		"X: NotFound (HTTP 404)":    answering(http.StatusNotFound, ""),
		"X: UsageCap (HTTP 402)":    answering(http.StatusPaymentRequired, ""),
	} {
		t.Run(name, func(t *testing.T) {
			// Who asked for a retry already did not know that X would not let anybody look.
			d := newDesk(t, lost(0), annotated(v1alpha1.AnnotationRetryRequestedAt, "before"))
			d.onGet = answer
			post, _ := d.reconcile(t.Context())
			said := readyMessage(post)
			if got := sayings(post); got != saysAskPerson || d.reads != 1 {
				t.Errorf("after %d looks the conditions are %q", d.reads, got)
			}
			if !strings.Contains(said, "no answer, and it can't be looked for at X: "+name) || strings.Contains(said, "did not find it") ||
				!strings.Contains(said, v1alpha1.AnnotationRetryRequestedAt) {
				t.Errorf("it says %q", said)
			}
			d.alter(func(post *v1alpha1.XPost) {
				metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationRetryRequestedAt, "now")
			})
			post, _ = d.reconcile(t.Context())
			d.once(post)
		})
	}
}

// An X that does not answer is asked again, for an hour; meanwhile the status says why.
func TestLookThatFails(t *testing.T) {
	d := newDesk(t, lost(0))
	d.onGet = answering(http.StatusServiceUnavailable, "")
	post, _ := d.reconcile(t.Context())
	if got := sayings(post); got != saysLooking || !strings.Contains(readyMessage(post), "What it waits for: X: Unknown (HTTP 503)") {
		t.Errorf("the conditions are %q: %s", got, readyMessage(post))
	}
	d.advance(lookPatience - time.Second)
	post, result := d.reconcile(t.Context())
	if got := sayings(post); got != saysLooking || d.reads != 2 || result.RequeueAfter > time.Second {
		t.Errorf("after %d looks the conditions are %q, the result %+v", d.reads, got, result)
	}
	d.advance(time.Second)
	post, _ = d.reconcile(t.Context())
	if got := sayings(post); got != saysAskPerson || !strings.Contains(readyMessage(post), "it can't be looked for at X: X: Unknown (HTTP 503)") {
		t.Errorf("after an hour the conditions are %q: %s", got, readyMessage(post))
	}
	if _, there := d.r.sights.byID[requestOf(d.post)]; there || len(d.r.retries.byID) > 0 {
		t.Errorf("%v and %v are remembered", d.r.sights.byID, d.r.retries.byID)
	}
}

// All looks in vain: the status says that they were made.
func TestLookInVain(t *testing.T) {
	d := newDesk(t, lost(0))
	var post *v1alpha1.XPost
	for range len(nextLooks) + 1 {
		post, _ = d.reconcile(t.Context())
		d.advance(time.Minute)
	}
	if got := sayings(post); got != saysAskPerson || !strings.Contains(readyMessage(post), "The operator did not find it among the account's posts.") {
		t.Errorf("the conditions are %q: %s", got, readyMessage(post))
	}
}
