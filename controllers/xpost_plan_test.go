// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/secret"
)

// readyPostScope is a thread of two whose account can publish it.
func readyPostScope() *postScope {
	post := &v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: "customer", Name: "post", UID: "post-uid", Generation: 2, Annotations: map[string]string{}},
		Spec: v1alpha1.XPostSpec{
			ConnectionRef: v1alpha1.ConnectionReference{Name: "agent"}, Thread: []string{"one", "two"},
			Approval: v1alpha1.ApprovalNotRequired, DeletionPolicy: v1alpha1.DeletionRetain,
		},
	}
	return &postScope{now: someTime, post: post, pub: publisher{
		uid: "uid", clientID: "client", account: grant.Account{UserID: "1", Username: "jane"}, access: secret.New("access"),
	}}
}

// published puts posts at X.
func publishedPosts(count int32) func(*postScope) {
	return func(s *postScope) {
		for i := range count {
			s.post.Status.Posts = append(s.post.Status.Posts, *published(s, i, "2"+string('0'+i), someTime))
		}
	}
}

// trying has an attempt under way of which this process knows something.
func trying(seen attemptSeen) func(*postScope) {
	return func(s *postScope) {
		s.post.Status.Attempt = &v1alpha1.PostAttempt{ID: "attempt", StartedAt: metav1.NewMicroTime(someTime)}
		s.seen = seen
	}
}

// lost has an attempt whose answer was lost, to be looked for at a time; a person
// is waited for if there is none.
func lost(lookIn time.Duration) func(*postScope) {
	return func(s *postScope) {
		at := metav1.NewMicroTime(someTime.Add(lookIn))
		s.post.Status.UncertainSince = &at
		s.post.Status.Attempt = &v1alpha1.PostAttempt{
			ID: "attempt", Index: int32(len(s.post.Status.Posts)), Outcome: v1alpha1.OutcomeUnknown, Message: "no answer", NextLookTime: &at,
		}
		s.seen.first = someTime
	}
}

// seenFor has had an attempt before this process's eyes for a time.
func seenFor(ago time.Duration) func(*postScope) {
	return func(s *postScope) { s.seen.first = someTime.Add(-ago) }
}

func lostForGood(s *postScope) {
	lost(0)(s)
	s.post.Status.Attempt.NextLookTime = nil
}

func annotated(key, value string) func(*postScope) {
	return func(s *postScope) { s.post.Annotations[key] = value }
}

func refusedAt(generation int64) func(*postScope) {
	return func(s *postScope) {
		s.post.Status.Refusal = &v1alpha1.PostRefusal{Reason: v1alpha1.ReasonDuplicateContent, Message: "X refuses it", Generation: generation}
	}
}

// refusedAsItIs has a refusal of an earlier generation that is about what the spec
// publishes now.
func refusedAsItIs(s *postScope) {
	refusedAt(1)(s)
	s.post.Status.Refusal.ContentHash = contentHash(s.post.Spec)
}

// rejectedEarlier has a rejection of an earlier generation that would publish what the
// spec publishes now.
func rejectedEarlier(s *postScope) {
	rejectedAt("1")(s)
	s.post.Status.Refusal = &v1alpha1.PostRefusal{Reason: v1alpha1.ReasonRejected, Generation: 1, ContentHash: contentHash(s.post.Spec)}
}

func rejectedAt(generation string) func(*postScope) {
	return annotated(v1alpha1.AnnotationRejectedGeneration, generation)
}

func notConnected(s *postScope) { s.pub = publisher{uid: "uid", problem: "The XConnection is away"} }

func ended(s *postScope) { s.pub = publisher{ended: true, problem: "The XConnection is gone"} }

func deletes(s *postScope) {
	s.post.Spec.DeletionPolicy = v1alpha1.DeletionDelete
	s.post.Finalizers = []string{v1alpha1.FinalizerDeletePosts}
}

func goneSince(ago time.Duration) func(*postScope) {
	return func(s *postScope) {
		at := metav1.NewTime(someTime.Add(-ago))
		s.post.DeletionTimestamp = &at
	}
}

func held(by pace.Hold) func(*postScope) {
	return func(s *postScope) { s.hold, s.holdUntil = by, someTime.Add(time.Minute) }
}

func troubled(s *postScope) {
	s.trouble, s.retryAt, s.failures = errors.New("no route"), someTime.Add(2*time.Second), deleteTries
}

func troubledOnce(s *postScope) {
	troubled(s)
	s.failures = 1
}

func approvalWanted(s *postScope) { s.approvalWanted = true }

func scheduled(in time.Duration) func(*postScope) {
	return func(s *postScope) {
		at := metav1.NewTime(someTime.Add(in))
		s.post.Spec.PublishAt = &at
	}
}

func tooLong(s *postScope) {
	s.post.Spec.Thread[1] = strings.Repeat("x", 281)
	s.text = checkTexts(s.post)
}

func queued(s *postScope) { s.queued = true }

// postCase is what a pass does and says.
type postCase struct {
	name    string
	changes []func(*postScope)
	// action is what is done; wait is for how long, if the action is to wait: zero for
	// no time.
	action action
	wait   time.Duration
	// says is Ready's reason and the conditions that are True or Unknown.
	says string
}

const (
	saysPublishing = "Publishing Reconciling"
	saysRejected   = "Rejected Stalled"
	saysLooking    = "Unknown Published? Reconciling"
	saysAskPerson  = "Unknown Published? Stalled"
)

var (
	retryNow    = annotated(v1alpha1.AnnotationRetryRequestedAt, "1")
	approvedNow = annotated(v1alpha1.AnnotationApprovedGeneration, "2-post-uid")
	toldTwo     = annotated(v1alpha1.AnnotationPublishedAs, "22")
	toldAgain   = annotated(v1alpha1.AnnotationPublishedAs, "20")
)

func list(changes ...func(*postScope)) []func(*postScope) { return changes }

func sendingCases() []postCase {
	return []postCase{
		{"nothing in the way", nil, actionSendPost, 0, saysPublishing},
		{"half of it", list(publishedPosts(1)), actionSendPost, 0, saysPublishing},
		{"all of it", list(publishedPosts(2)), actionWait, 0, "Published Published Ready"},
		{"too long", list(tooLong), actionWait, 0, "TooLong Stalled"},
		{"refused", list(refusedAt(2)), actionWait, 0, "DuplicateContent Stalled"},
		{"refused before a change", list(refusedAt(1)), actionSendPost, 0, saysPublishing},
		{"refused before a change of what is published", list(refusedAsItIs, func(s *postScope) { s.post.Spec.Thread[1] = "three" }), actionSendPost, 0, saysPublishing},
		{"refused before a change of the object alone", list(refusedAsItIs, livesFor(0), deletes), actionWait, 2 * time.Minute, "DuplicateContent Stalled"},
		{"refused, and to be retried", list(refusedAt(2), retryNow), actionSendPost, 0, "DuplicateContent Stalled"},
		{"refused after a retry", list(refusedAt(2), retryNow, func(s *postScope) { s.post.Status.LastHandledRetryAt = "1" }), actionWait, 0, "DuplicateContent Stalled"},
		{"not approved", list(approvalWanted), actionWait, 0, "AwaitingApproval"},
		{"approved", list(approvalWanted, approvedNow), actionSendPost, 0, saysPublishing},
		{"approved as it was", list(approvalWanted, annotated(v1alpha1.AnnotationApprovedGeneration, "1-post-uid")), actionWait, 0, "AwaitingApproval"},
		{"approved, and made anew", list(approvalWanted, approvedNow, func(s *postScope) { s.post.UID = "another-uid" }), actionWait, 0, "AwaitingApproval"},
		{"approved without its uid", list(approvalWanted, annotated(v1alpha1.AnnotationApprovedGeneration, "2")), actionWait, 0, "AwaitingApproval"},
		{"begun, and so approved", list(approvalWanted, publishedPosts(1)), actionSendPost, 0, saysPublishing},
		{"rejected", list(rejectedAt("2")), actionWait, 0, saysRejected},
		{"rejected by its uid as well", list(rejectedAt("2-post-uid")), actionWait, 0, saysRejected},
		{"another object was rejected", list(rejectedAt("2-another-")), actionWait, 0, "AwaitingApproval"},
		{"rejected, where an approval is wanted", list(approvalWanted, rejectedAt("2")), actionWait, 0, saysRejected},
		{"rejected and approved", list(approvalWanted, rejectedAt("2"), approvedNow), actionWait, 0, saysRejected},
		{"rejected and too long", list(rejectedAt("2"), tooLong), actionWait, 0, saysRejected},
		{"rejected, and to be retried", list(rejectedAt("2"), retryNow), actionWait, 0, saysRejected},
		{"rejected before a change", list(rejectedAt("1")), actionWait, 0, "AwaitingApproval"},
		{"rejected before a change that is approved", list(rejectedAt("1"), approvedNow), actionSendPost, 0, saysPublishing},
		{"rejected before a change of the object alone", list(rejectedEarlier, livesFor(0)), actionWait, 0, saysRejected},
		{"rejected before a change of the object alone, and approved since", list(rejectedEarlier, approvedNow), actionSendPost, 0, saysPublishing},
		{"rejected before a change of the text", list(rejectedEarlier, func(s *postScope) { s.post.Spec.Thread[1] = "three" }), actionWait, 0, "AwaitingApproval"},
		{"rejected, and that was taken back", list(rejectedEarlier, func(s *postScope) { s.post.Annotations = nil }), actionWait, 0, "AwaitingApproval"},
		{"refused by X, rejected, and that was taken back", list(refusedAt(2), rejectedAt("2"), func(s *postScope) {
			recordRejection(s.post)
			s.post.Annotations = nil
		}), actionWait, 0, "AwaitingApproval"},
		{"begun, and rejected too late", list(publishedPosts(1), rejectedAt("2")), actionSendPost, 0, saysPublishing},
		{"perhaps at X, and rejected before another try", list(uncertain, rejectedAt("2")), actionWait, 0, saysRejected},
		{"scheduled", list(scheduled(time.Hour)), actionWait, time.Hour, "Scheduled"},
		{"scheduled for now", list(scheduled(0)), actionSendPost, 0, saysPublishing},
		{"not connected", list(notConnected), actionWait, 0, "NotConnected"},
		{"not connected, and later", list(notConnected, scheduled(time.Hour)), actionWait, 0, "Scheduled"},
		{"limited", list(held(pace.HoldAccount)), actionWait, time.Minute, "RateLimited Reconciling"},
		{"another tenant's turn", list(held(pace.HoldTurn)), actionWait, time.Minute, "RateLimited Reconciling"},
		{"capped", list(held(pace.HoldCapped)), actionWait, time.Minute, "UsageCapExceeded Reconciling"},
		{"in trouble", list(troubled), actionWait, 2 * time.Second, "XUnavailable Reconciling"},
		{"in trouble, and to be retried", list(troubled, retryNow), actionSendPost, 0, "XUnavailable Reconciling"},
		{"behind another post", list(queued), actionWait, 0, saysPublishing},
		{"to be deleted some day", list(deletes, func(s *postScope) { s.post.Finalizers = nil }), actionAddFinalizer, 0, saysPublishing},
		{"not to be deleted any more", list(deletes, func(s *postScope) { s.post.Spec.DeletionPolicy = v1alpha1.DeletionRetain }), actionRemoveFinalizer, 0, saysPublishing},
	}
}

func attemptCases() []postCase {
	return []postCase{
		{"under way here", list(trying(attemptSeen{mine: true})), actionWait, 30 * time.Second, saysPublishing},
		{"under way after trouble", list(trying(attemptSeen{mine: true}), troubled), actionWait, 30 * time.Second, "XUnavailable Reconciling"},
		{"under way, and rejected too late", list(trying(attemptSeen{mine: true}), rejectedAt("2")), actionWait, 30 * time.Second, saysPublishing},
		{"under way elsewhere", list(trying(attemptSeen{first: someTime.Add(-59 * time.Second)})), actionWait, time.Second, saysPublishing},
		{"under way for too long", list(trying(attemptSeen{first: someTime.Add(-time.Minute)})), actionAbandonPost, 0, saysPublishing},
		{"its holder is gone", list(trying(attemptSeen{gone: true, first: someTime})), actionAbandonPost, 0, saysPublishing},
		{"it sent nothing", list(trying(attemptSeen{gone: true, unsent: true, first: someTime})), actionWithdrawPost, 0, saysPublishing},
		{"lost", list(lost(0)), actionLookForPost, 0, saysLooking},
		{"lost, and later", list(lost(time.Minute)), actionWait, time.Minute, saysLooking},
		{"lost, and not connected", list(lost(0), notConnected), actionWait, time.Hour, saysLooking},
		{"lost, and no connection", list(lost(0), ended), actionStopLooking, 0, saysLooking},
		{"lost, and X does not tell", list(lost(0), troubled), actionWait, 2 * time.Second, saysLooking},
		{"lost, X does not tell, and to be retried", list(lost(0), troubled, retryNow), actionWait, 2 * time.Second, saysLooking},
		{"lost, and X does not tell for an hour", list(lost(0), troubled, seenFor(time.Hour)), actionStopLooking, 0, saysLooking},
		{"lost, and not connected for an hour", list(lost(0), notConnected, seenFor(time.Hour)), actionStopLooking, 0, saysLooking},
		{"lost, and soon for an hour", list(lost(0), troubled, seenFor(time.Hour-time.Second)), actionWait, time.Second, saysLooking},
		{"lost, and behind another post", list(lost(0), queued), actionWait, time.Hour, saysLooking},
		{"lost, and reading is limited", list(lost(0), held(pace.HoldApp)), actionWait, time.Minute, saysLooking},
		{"lost, and reading is capped", list(lost(0), held(pace.HoldCapped)), actionStopLooking, 0, saysLooking},
		{"lost for good", list(lostForGood), actionWait, 0, saysAskPerson},
		{"found by a person", list(lostForGood, toldTwo), actionAdoptPost, 0, saysAskPerson},
		{"found by a person early", list(lost(time.Minute), toldTwo), actionAdoptPost, 0, saysLooking},
		{"an answer to an earlier question", list(publishedPosts(1), lostForGood, toldAgain), actionWait, 0, saysAskPerson},
		{"an answer that is no id", list(lostForGood, annotated(v1alpha1.AnnotationPublishedAs, "https://x.com/")), actionWait, 0, saysAskPerson},
		{"not found by a person", list(lostForGood, retryNow), actionSendPost, 0, saysAskPerson},
		{"rejected since", list(lostForGood, rejectedAt("2")), actionWait, 0, saysAskPerson},
		{"rejected since, and not found by a person", list(lostForGood, rejectedAt("2"), retryNow), actionWithdrawPost, 0, saysAskPerson},
		{"rejected since, and the object changed, and a retry", list(lostForGood, rejectedEarlier, retryNow), actionWithdrawPost, 0, saysAskPerson},
		{"rejected since, which is lost, and a retry", list(lostForGood, rejectedEarlier, func(s *postScope) { clear(s.post.Annotations) }, retryNow), actionWait, 0, saysAskPerson},
		{"rejected since, and found by a person", list(lostForGood, rejectedAt("2"), toldTwo), actionAdoptPost, 0, saysAskPerson},
		{"half published, rejected since, and a retry", list(publishedPosts(1), lostForGood, rejectedAt("2"), retryNow), actionSendPost, 0, saysAskPerson},
		{"a retry before the looks end", list(lost(time.Minute), retryNow), actionWait, time.Minute, saysLooking},
		{"a retry, and not connected", list(lostForGood, retryNow, notConnected), actionWait, 0, saysAskPerson},
	}
}

func deletionCases() []postCase {
	const says = "NotDeleted Reconciling"
	leaving := func(more ...func(*postScope)) []func(*postScope) {
		return append(list(deletes, goneSince(time.Minute)), more...)
	}
	late := func(ago time.Duration, more ...func(*postScope)) []func(*postScope) {
		return append(list(deletes, goneSince(ago)), more...)
	}
	noPosts := func(s *postScope) { s.post.Status.Posts = nil }
	return []postCase{
		{"retained", list(publishedPosts(2), goneSince(0)), actionWait, 0, says},
		{"nothing to delete", leaving(), actionRemoveFinalizer, 0, says},
		{"two to delete", leaving(publishedPosts(2)), actionDeletePost, 0, says},
		{"the policy changed", leaving(publishedPosts(2), func(s *postScope) { s.post.Spec.DeletionPolicy = v1alpha1.DeletionRetain }), actionRemoveFinalizer, 0, says},
		{"not connected", leaving(publishedPosts(2), notConnected), actionWait, 4 * time.Minute, says},
		{"no connection", leaving(publishedPosts(2), ended), actionLeavePosts, 0, says},
		{"in trouble", leaving(publishedPosts(2), troubled), actionWait, 2 * time.Second, says},
		{"in trouble for too long", late(5*time.Minute, publishedPosts(2), troubled), actionLeavePosts, 0, says},
		{"in trouble once, after a limit", late(15*time.Minute, publishedPosts(2), troubledOnce), actionWait, 2 * time.Second, says},
		{"not connected for too long", late(5*time.Minute, publishedPosts(2), notConnected), actionLeavePosts, 0, says},
		{"limited", leaving(publishedPosts(2), held(pace.HoldAccount)), actionWait, time.Minute, says},
		{"perhaps limited for long", late(5*time.Minute, publishedPosts(2)), actionDeletePost, 0, says},
		{"limited for long", late(5*time.Minute, publishedPosts(2), held(pace.HoldAccount)), actionWait, time.Minute, says},
		{"limited for too long", late(65*time.Minute, publishedPosts(2), held(pace.HoldAccount)), actionLeavePosts, 0, says},
		{"limited until now", late(65*time.Minute, publishedPosts(2)), actionDeletePost, 0, says},
		{"behind another post for long", late(5*time.Minute, publishedPosts(2), queued), actionWait, time.Hour, says},
		{"capped", leaving(publishedPosts(2), held(pace.HoldCapped)), actionWait, time.Minute, says},
		{"capped for too long", late(5*time.Minute, publishedPosts(2), held(pace.HoldCapped)), actionLeavePosts, 0, says},
		{"under way", leaving(trying(attemptSeen{mine: true})), actionWait, 30 * time.Second, says},
		{"lost", leaving(lost(0)), actionLookForPost, 0, says},
		{"lost, and later", leaving(lost(time.Hour)), actionWait, 4 * time.Minute, says},
		{"lost, and capped", leaving(lost(0), held(pace.HoldCapped)), actionStopLooking, 0, says},
		{"lost after another", leaving(publishedPosts(1), lost(0)), actionLookForPost, 0, says},
		{"lost after another, too late to look", late(5*time.Minute, publishedPosts(1), lost(0)), actionStopLooking, 0, says},
		{"lost after another, and no connection", leaving(publishedPosts(1), lost(0), ended), actionLeavePosts, 0, says},
		{"lost for good", leaving(lostForGood), actionLeavePosts, 0, says},
		{"lost for good after another", leaving(publishedPosts(1), lostForGood), actionDeletePost, 0, says},
		{"lost for good after another that is deleted", leaving(publishedPosts(1), lostForGood, noPosts), actionLeavePosts, 0, says},
		{"to be sent once more, and perhaps there", leaving(func(s *postScope) {
			s.post.Status.UncertainSince = &metav1.MicroTime{Time: someTime}
		}), actionLeavePosts, 0, says},
		{"found by a person", leaving(lostForGood, toldTwo), actionAdoptPost, 0, says},
		{"an answer that was about one that is deleted", leaving(publishedPosts(1), lostForGood, noPosts, toldAgain), actionLeavePosts, 0, says},
	}
}

func TestPlanPost(t *testing.T) {
	for _, test := range slices.Concat(sendingCases(), attemptCases(), deletionCases(), expiryCases()) {
		t.Run(test.name, func(t *testing.T) {
			s := readyPostScope()
			for _, change := range test.changes {
				change(s)
			}
			got := planPost(s)
			want := decision{action: test.action}
			if test.wait != 0 {
				want.at = someTime.Add(test.wait)
			}
			if got != want {
				t.Errorf("the plan is %s at %s, want %s at %s", got.action, got.at, want.action, want.at)
			}
			describePost(s)
			if said := sayings(s.post); said != test.says {
				t.Errorf("the conditions are %q, want %q", said, test.says)
			}
		})
	}
}

// sayings are Ready's reason and the conditions that are not False.
func sayings(post *v1alpha1.XPost) string {
	said := []string{}
	for _, condition := range post.Status.Conditions {
		switch condition.Status {
		case metav1.ConditionTrue:
			said = append(said, condition.Type)
		case metav1.ConditionUnknown:
			said = append(said, condition.Type+"?")
		}
	}
	slices.Sort(said)
	return strings.Join(append([]string{post.Status.Conditions[0].Reason}, said...), " ")
}

// A condition's message holds no time: it would change, and make noise, by itself.
func TestPostTimesAreInTheirOwnField(t *testing.T) {
	s := readyPostScope()
	scheduled(time.Hour)(s)
	describePost(s)
	if want := timeOf(someTime.Add(time.Hour)); !s.post.Status.NextAttemptTime.Equal(want) {
		t.Errorf("the next attempt is at %s, want %s", s.post.Status.NextAttemptTime, want)
	}
	before := s.post.Status.DeepCopy()
	s.now = s.now.Add(time.Minute)
	describePost(s)
	if got := sayings(s.post); got != "Scheduled" || before.Conditions[0].Message != s.post.Status.Conditions[0].Message {
		t.Errorf("a minute later it says %q: %s", got, s.post.Status.Conditions[0].Message)
	}
}
