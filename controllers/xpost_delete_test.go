// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// threadOf makes the post a thread.
func threadOf(texts ...string) func(*postScope) {
	return func(s *postScope) { s.post.Spec.Text, s.post.Spec.Thread = "", texts }
}

func (d *desk) hasDeleted(want ...string) {
	d.t.Helper()
	if !slices.Equal(d.deleted, want) {
		d.t.Errorf("X was told to delete %q, want %q", d.deleted, want)
	}
}

func (d *desk) hasEvents(want ...string) {
	d.t.Helper()
	if got := d.events(); !slices.Equal(got, want) {
		d.t.Errorf("the events are %q, want %q", got, want)
	}
}

// readyMessage is what the condition Ready says.
func readyMessage(post *v1alpha1.XPost) string { return post.Status.Conditions[0].Message }

// What is known to be at X goes, though the outcome of a later post is not known; what
// is left is told of alone.
func TestDeletionOfHalfAThread(t *testing.T) {
	d := newDesk(t, threadOf("one", "two", "three"), publishedPosts(2), lostForGood, deletes, goneSince(time.Minute))
	d.passes()
	d.gone()
	d.hasDeleted("21", "20")
	d.hasEvents(
		"Warning NotDeleted The posts are yet to be deleted at X",
		"Normal Deleted The post https://x.com/jane/status/21 was deleted at X",
		"Normal Deleted The post https://x.com/jane/status/20 was deleted at X",
		"Warning NotDeleted Post 3 of the thread may be at X and was not deleted: look for it there, and delete it by hand",
	)
}

// A post whose answer was lost is looked for, and goes with the others.
func TestDeletionLooksFirst(t *testing.T) {
	d := newDesk(t, threadOf("one", "two"), publishedPosts(1), lost(0), deletes, goneSince(time.Minute))
	d.onGet = answering(http.StatusOK, `{"data":[{"id":"77","text":"two","referenced_posts":[{"type":"replied_to","id":"20"}]}]}`)
	d.passes()
	d.gone()
	d.hasDeleted("77", "20")
}

// When the looks of a deletion have no end, the others go without them.
func TestDeletionThatCannotLook(t *testing.T) {
	d := newDesk(t, threadOf("one", "two"), publishedPosts(1), lost(0), deletes, goneSince(0))
	d.onGet = answering(http.StatusServiceUnavailable, "")
	post, _ := d.reconcile(t.Context())
	if got := readyMessage(post); !strings.HasPrefix(got, "The posts are yet to be deleted at X: X: Unknown (HTTP 503)") {
		t.Errorf("meanwhile it says %q", got)
	}
	d.hasDeleted()
	d.advance(deleteDeadline)
	d.passes()
	d.gone()
	d.hasDeleted("20")
}

// A limit of X ends at a known time: a deletion waits for it, longer than for trouble.
func TestDeletionWaitsForALimit(t *testing.T) {
	d := newDesk(t, publishedPosts(1), deletes, goneSince(0))
	reset := someTime.Add(14 * time.Minute)
	d.onDelete = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-rate-limit-reset", strconv.FormatInt(reset.Unix(), 10))
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for range 2 {
		post, _ := d.reconcile(t.Context())
		if got := readyMessage(post); !strings.Contains(got, "X limits the posts of this account") || !post.Status.NextAttemptTime.Equal(timeOf(reset)) {
			t.Errorf("it says %q, and goes on at %s, want %s", got, post.Status.NextAttemptTime, reset)
		}
		d.advance(7 * time.Minute)
	}
	d.hasDeleted("20")
	d.onDelete = nil
	d.passes()
	d.gone()
	d.hasDeleted("20", "20")
	d.hasEvents(
		"Warning NotDeleted The posts are yet to be deleted at X: X limits the posts of this account: the operator goes on when the limit ends",
		"Normal Deleted The post https://x.com/jane/status/20 was deleted at X",
	)
}

// A retry that was asked for is about sending: it lifts no limit of a deletion or a look.
func TestRetryLiftsNoOtherLimit(t *testing.T) {
	limited := answering(http.StatusTooManyRequests, "")
	deleting := newDesk(t, publishedPosts(1), deletes, goneSince(0), retryNow)
	deleting.onDelete = limited
	looking := newDesk(t, lost(0), retryNow)
	looking.onGet = limited
	for range 3 {
		deleting.reconcile(t.Context())
		looking.reconcile(t.Context())
	}
	if deleting.hasDeleted("20"); looking.reads != 1 {
		t.Errorf("X was asked %d times to look", looking.reads)
	}
}

// An event can't be made in a namespace that is going: the log has the addresses too,
// and no texts.
func TestWhatIsLeftIsLogged(t *testing.T) {
	var logged string
	ctx := ctrl.LoggerInto(t.Context(), funcr.New(func(_, line string) { logged += line + "\n" }, funcr.Options{}))
	left := newDesk(t, publishedPosts(1), deletes, goneSince(deleteDeadline))
	conn := connectedScope().conn
	if err := left.r.Delete(ctx, conn); err != nil {
		t.Fatal(err)
	}
	if _, err := left.r.Reconcile(ctx, requestOf(left.post)); err != nil {
		t.Fatal(err)
	}
	sent := newDesk(t)
	sent.onPost = func(http.ResponseWriter) bool {
		if err := sent.r.Delete(t.Context(), sent.stored()); err != nil {
			t.Error(err)
		}
		return false
	}
	if _, err := sent.r.Reconcile(ctx, requestOf(sent.post)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"Posts of a deleted XPost are left at X"`, `"https://x.com/jane/status/20"`,
		`"An XPost was deleted while its post was sent: it is published"`, `"post"="https://x.com/jane/status/41"`,
	} {
		if !strings.Contains(logged, want) {
			t.Errorf("the log lacks %s:\n%s", want, logged)
		}
	}
	if strings.Contains(logged, "Hello") {
		t.Errorf("the log has the text:\n%s", logged)
	}
}

// A post that was to be sent once more, and whose first try may be at X, is told of.
func TestDeletionAfterARetry(t *testing.T) {
	d := newDesk(t, deletes, goneSince(0), func(s *postScope) {
		s.post.Status.UncertainSince = &metav1.MicroTime{Time: someTime}
	})
	if _, err := d.r.Reconcile(t.Context(), requestOf(d.post)); err != nil {
		t.Fatal(err)
	}
	d.hasEvents("Warning NotDeleted The post may be at X and was not deleted: look for it there, and delete it by hand")

	thread := readyPostScope().post
	thread.Status.UncertainSince = &metav1.MicroTime{Time: someTime}
	if got := leftAtX(thread); got != "A post of the thread may be at X and was not deleted: look for it there, and delete it by hand" {
		t.Errorf("of a thread it says %q", got)
	}
	thread.Status.Posts = []v1alpha1.PublishedPost{{URL: "https://x.com/jane/status/1"}}
	if got := leftAtX(thread); !strings.HasSuffix(got, "status/1; whether one more was published is not known") {
		t.Errorf("of half a thread it says %q", got)
	}
}

// Nothing is remembered of an XPost that is gone.
func TestGoneIsForgotten(t *testing.T) {
	d := newDesk(t, publishedPosts(1), deletes, goneSince(0))
	d.onDelete = answering(http.StatusServiceUnavailable, "")
	d.reconcile(t.Context())
	if len(d.r.retries.byID) != 1 {
		t.Fatalf("%v is remembered of what failed", d.r.retries.byID)
	}
	d.alter(func(post *v1alpha1.XPost) { post.Finalizers = nil })
	d.passes()
	looked := newDesk(t, lost(time.Minute))
	looked.reconcile(t.Context())
	if len(looked.r.sights.byID) != 1 {
		t.Fatalf("%v is remembered of what is looked for", looked.r.sights.byID)
	}
	if err := looked.r.Delete(t.Context(), looked.stored()); err != nil {
		t.Fatal(err)
	}
	looked.passes()
	if len(d.r.retries.byID)+len(looked.r.sights.byID) > 0 {
		t.Errorf("%v and %v are remembered for ever", d.r.retries.byID, looked.r.sights.byID)
	}
}
