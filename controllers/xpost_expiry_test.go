// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/pace"
)

func livesFor(seconds int32) func(*postScope) {
	return func(s *postScope) { s.post.Spec.TTLSecondsAfterFinished = &seconds }
}

// endedSince has a condition that says since when nothing is left to do.
func endedSince(kind string, ago time.Duration) func(*postScope) {
	return func(s *postScope) {
		s.post.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(someTime.Add(-24 * time.Hour))},
			{Type: kind, Status: metav1.ConditionTrue, LastTransitionTime: metav1.NewTime(someTime.Add(-ago))},
		}
	}
}

func isWitness(s *postScope) { s.witness = true }

func uncertain(s *postScope) {
	at := metav1.NewMicroTime(someTime)
	s.post.Status.UncertainSince = &at
}

func expiryCases() []postCase {
	const publishedSays, refusedSays = "Published Published Ready", "DuplicateContent Stalled"
	published := func(ago time.Duration, more ...func(*postScope)) []func(*postScope) {
		return append(list(publishedPosts(2), endedSince(v1alpha1.ConditionPublished, ago), livesFor(3600)), more...)
	}
	refused := func(ago time.Duration, more ...func(*postScope)) []func(*postScope) {
		return append(list(refusedAt(2), endedSince(v1alpha1.ConditionStalled, ago), livesFor(3600)), more...)
	}
	stays := func(s *postScope) { s.post.Spec.TTLSecondsAfterFinished = nil }
	noFinalizer := func(s *postScope) { s.post.Finalizers = nil }
	return []postCase{
		{"published long ago, and to stay", published(24*time.Hour, stays), actionWait, 0, publishedSays},
		{"published in this pass", list(publishedPosts(2), livesFor(3600)), actionWait, time.Hour, publishedSays},
		{"published, and its time is not over", published(time.Hour - time.Second), actionWait, time.Second, publishedSays},
		{"published, and its time is over", published(time.Hour), actionExpirePost, 0, publishedSays},
		{"published by a connection that is gone", published(time.Hour, ended), actionExpirePost, 0, publishedSays},
		{"published a moment ago, to go at once", published(time.Minute, livesFor(0)), actionWait, time.Minute, publishedSays},
		{"published, to go at once", published(2*time.Minute, livesFor(0)), actionExpirePost, 0, publishedSays},
		{"published, and a witness", published(time.Hour, isWitness), actionWait, 5 * time.Minute, publishedSays},
		{"published, and a witness for now", published(time.Minute, isWitness), actionWait, 59 * time.Minute, publishedSays},
		{"published, to be deleted at X by hand", published(time.Hour, deletes), actionExpirePost, 0, publishedSays},
		{"published, and half gone", published(time.Hour, deletes, noFinalizer), actionExpirePost, 0, publishedSays},
		{"published, to be deleted at X some day", published(0, deletes, noFinalizer), actionAddFinalizer, 0, publishedSays},
		{"published, and deleted by hand", published(time.Hour, deletes, goneSince(0)), actionDeletePost, 0, "NotDeleted Reconciling"},
		{"refused, and its time is not over", refused(time.Minute), actionWait, 59 * time.Minute, refusedSays},
		{"refused, and its time is over", refused(time.Hour), actionExpirePost, 0, refusedSays},
		{"refused halfway", refused(time.Hour, publishedPosts(1)), actionExpirePost, 0, refusedSays},
		{"rejected, which is no end", list(rejectedAt("2"), endedSince(v1alpha1.ConditionStalled, time.Hour), livesFor(3600)), actionWait, 0, saysRejected},
		{"too long, and its time is over", list(tooLong, endedSince(v1alpha1.ConditionStalled, time.Hour), livesFor(60)), actionExpirePost, 0, "TooLong Stalled"},
		{"refused, and to be retried when X allows", refused(time.Hour, retryNow, held(pace.HoldAccount)), actionWait, time.Minute, refusedSays},
		{"refused before a change of the text", list(refusedAt(1), endedSince(v1alpha1.ConditionStalled, time.Hour), livesFor(60), notConnected), actionWait, 0, "NotConnected"},
		{"waiting for a person's approval", list(approvalWanted, livesFor(0)), actionWait, 0, "AwaitingApproval"},
		{"waiting for its time", list(scheduled(time.Hour), livesFor(0)), actionWait, time.Hour, "Scheduled"},
		{"waiting for its connection", list(ended, livesFor(0)), actionWait, 0, "NotConnected"},
		{"under way", list(trying(attemptSeen{mine: true}), livesFor(0)), actionWait, 30 * time.Second, saysPublishing},
		{"looked for", list(lost(time.Minute), livesFor(0)), actionWait, time.Minute, saysLooking},
		{"lost for good", list(lostForGood, endedSince(v1alpha1.ConditionStalled, time.Hour), livesFor(0)), actionWait, 0, saysAskPerson},
		{"lost, and too long by the rules of today", list(lostForGood, tooLong, endedSince(v1alpha1.ConditionStalled, time.Hour), livesFor(0)), actionWait, 0, saysAskPerson},
		{"perhaps at X, and waiting", list(uncertain, notConnected, livesFor(0)), actionWait, 0, "NotConnected"},
		{"perhaps at X, and refused", refused(time.Hour, uncertain), actionWait, 0, refusedSays},
	}
}

// gone checks that the object is gone.
func (d *desk) gone() {
	d.t.Helper()
	err := d.r.Live.Get(d.t.Context(), client.ObjectKeyFromObject(d.post), &v1alpha1.XPost{})
	if !apierrors.IsNotFound(err) {
		d.t.Errorf("the object is still there (%v)", err)
	}
}

// alter changes the object as a person does.
func (d *desk) alter(change func(*v1alpha1.XPost)) {
	d.t.Helper()
	post := d.stored()
	change(post)
	if err := d.r.Update(d.t.Context(), post); err != nil {
		d.t.Fatal(err)
	}
}

// expiring is a desk whose post goes an hour after it finished.
func expiring(t *testing.T) *desk {
	d := newDesk(t)
	d.alter(func(post *v1alpha1.XPost) { post.Spec.TTLSecondsAfterFinished = ptr.To[int32](3600) })
	return d
}

// refusesDuplicates has X refuse all posts.
func refusesDuplicates(w http.ResponseWriter) bool {
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(`{"title":"Forbidden","detail":"You are not allowed to create a Tweet with duplicate content."}`))
	return true
}

func TestExpiry(t *testing.T) {
	d := expiring(t)
	post, result := d.reconcile(t.Context())
	d.once(post)
	if want := (ctrl.Result{RequeueAfter: time.Hour}); result.RequeueAfter.Round(time.Second) != want.RequeueAfter {
		t.Errorf("the result is %+v, want %+v", result, want)
	}
	d.advance(59 * time.Minute)
	d.reconcile(t.Context())
	d.advance(time.Minute)
	d.passes()
	d.gone()
	d.passes()
	d.sent("Hello")
}

// passes makes a pass over an object that may go.
func (d *desk) passes() {
	d.t.Helper()
	if _, err := d.r.Reconcile(d.t.Context(), requestOf(d.post)); err != nil {
		d.t.Fatal(err)
	}
}

// What X refused goes as well; a new time to live does not have it sent again.
func TestExpiryOfARefusal(t *testing.T) {
	d := newDesk(t)
	d.onPost = refusesDuplicates
	post, _ := d.reconcile(t.Context())
	if got := sayings(post); got != "DuplicateContent Stalled" {
		t.Fatalf("the conditions are %q", got)
	}
	d.advance(time.Hour)
	d.alter(func(post *v1alpha1.XPost) {
		post.Generation++
		post.Spec.TTLSecondsAfterFinished = ptr.To[int32](7200)
	})
	post, result := d.reconcile(t.Context())
	if got := sayings(post); got != "DuplicateContent Stalled" || result.RequeueAfter.Round(time.Minute) != time.Hour {
		t.Errorf("the conditions are %q, the result %+v", got, result)
	}
	d.advance(time.Hour)
	d.passes()
	d.gone()
	d.sent("Hello")
}

// By its time to live an object goes alone: its posts stay at X, though a deletion
// would take them along.
func TestExpiryLeavesThePosts(t *testing.T) {
	d := expiring(t)
	d.alter(func(post *v1alpha1.XPost) { post.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	post, _ := d.reconcile(t.Context())
	d.once(post)
	if !slices.Equal(post.Finalizers, []string{v1alpha1.FinalizerDeletePosts}) {
		t.Fatalf("the finalizers are %q", post.Finalizers)
	}
	d.advance(time.Hour)
	d.passes()
	d.gone()
	d.sent("Hello")
	if got, want := d.events(), []string{"Normal Published Published https://x.com/jane/status/41"}; !slices.Equal(got, want) {
		t.Errorf("the events are %q, want %q", got, want)
	}
	if len(d.deleted) > 0 {
		t.Errorf("X was told to delete %q", d.deleted)
	}
}

// Whoever changes the object meanwhile is first: here, somebody who lets it live.
func TestExpiryYields(t *testing.T) {
	d := expiring(t)
	d.reconcile(t.Context())
	d.advance(time.Hour)
	d.r.Client = interceptor.NewClient(d.r.Client.(client.WithWatch), interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.DeleteOption) error {
			d.alter(func(post *v1alpha1.XPost) { post.Spec.TTLSecondsAfterFinished = nil })
			return c.Delete(ctx, object, options...)
		},
	})
	post, result := d.reconcile(t.Context())
	d.once(post)
	if result.RequeueAfter != raceDelay {
		t.Errorf("the result is %+v", result)
	}
	post, result = d.reconcile(t.Context())
	d.once(post)
	if (result != ctrl.Result{}) {
		t.Errorf("the result is %+v", result)
	}
}

// While a post with the same text is looked for at X, the record stays that tells the
// two apart.
func TestExpiryOfAWitness(t *testing.T) {
	d := expiring(t)
	d.reconcile(t.Context())
	other := d.stored()
	other.ObjectMeta = metav1.ObjectMeta{Namespace: "elsewhere", Name: "other", UID: "other-uid"}
	other.Spec.ConnectionRef.Name = "same-account"
	other.Status = v1alpha1.XPostStatus{UserID: other.Status.UserID}
	lostForGood(&postScope{post: other})
	if err := d.r.Create(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := d.r.Status().Update(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	d.advance(time.Hour)
	post, result := d.reconcile(t.Context())
	d.once(post)
	if result.RequeueAfter != witnessLook {
		t.Errorf("the result is %+v", result)
	}
	if err := d.r.Delete(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	d.advance(witnessLook)
	d.passes()
	d.gone()
}

func TestTakenFor(t *testing.T) {
	thread := func(uid types.UID, published int, texts ...string) *v1alpha1.XPost {
		post := &v1alpha1.XPost{ObjectMeta: metav1.ObjectMeta{UID: uid}, Spec: v1alpha1.XPostSpec{Thread: texts}}
		post.Status.Posts = make([]v1alpha1.PublishedPost, published)
		return post
	}
	tests := map[string]struct {
		other *v1alpha1.XPost
		want  bool
	}{
		"the next text is the same":      {thread("other", 1, "one", "two"), true},
		"it is the same as X shows it":   {thread("other", 0, "two "), true},
		"an earlier text is the same":    {thread("other", 1, "two", "three"), false},
		"a later text is the same":       {thread("other", 0, "three", "two"), false},
		"all of the other is published":  {thread("other", 1, "two"), false},
		"the other is this very XPost":   {thread("post", 0, "two"), false},
		"nothing of the other's is here": {thread("other", 0, "three"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := takenFor(thread("post", 2, "zero", "two"), test.other); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
