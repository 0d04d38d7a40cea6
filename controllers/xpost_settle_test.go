// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// What an answer of X makes of an attempt: told as published, refused with its
// reason, unknown and when to look, or limited or troubled and to be sent later.
func TestOutcomeOfAPost(t *testing.T) {
	answer := func(kind xapi.Kind, sent bool) error { return &xapi.Error{Kind: kind, Sent: sent} }
	for name, test := range map[string]struct {
		err error
		// again is true if an earlier attempt at the same post got no answer.
		again bool
		want  string
	}{
		"taken":                        {nil, false, "published 42"},
		"taken at last":                {nil, true, "published 42"},
		"a duplicate":                  {answer(xapi.KindDuplicate, true), false, "refused DuplicateContent"},
		"a duplicate of a lost one":    {answer(xapi.KindDuplicate, true), true, "unknown, look in 0s"},
		"a reply that is not allowed":  {answer(xapi.KindReplyNotAllowed, true), false, "refused ReplyNotAllowed"},
		"an app that is not enrolled":  {answer(xapi.KindNotEnrolled, true), false, "refused NotEnrolled"},
		"forbidden":                    {answer(xapi.KindForbidden, true), false, "refused Refused"},
		"forbidden after a lost one":   {answer(xapi.KindForbidden, true), true, "refused Refused"},
		"malformed":                    {answer(xapi.KindInvalid, true), false, "refused Refused"},
		"not found":                    {answer(xapi.KindNotFound, true), false, "refused Refused"},
		"no answer":                    {answer(xapi.KindUnknown, true), false, "unknown, look in 2s"},
		"no answer, and nothing left":  {answer(xapi.KindUnknown, false), false, "trouble"},
		"an answer of somebody else":   {answer(xapi.KindNotVerdict, true), false, "unknown, look in 2s"},
		"an error that is none of X's": {errors.New("odd"), false, "unknown, look in 2s"},
		"limited":                      {answer(xapi.KindRateLimited, true), false, "limited Account"},
		"capped":                       {answer(xapi.KindUsageCap, true), false, "limited Capped"},
		"too late to send":             {answer(xapi.KindAborted, false), false, "trouble"},
		"a token that is refused":      {answer(xapi.KindUnauthorized, true), false, "trouble"},
	} {
		s := readyPostScope()
		if test.again {
			s.post.Status.UncertainSince = &metav1.MicroTime{Time: someTime}
		}
		ended := outcomeOf(s, v1alpha1.PostAttempt{ID: "attempt"}, xapi.Post{ID: "42"}, test.err, someTime)
		if got := tell(ended); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// tell says what an attempt came to, and everything that it came to.
func tell(ended attemptOutcome) (text string) {
	if ended.published != nil {
		text += "published " + ended.published.ID
	}
	if ended.refusal != nil {
		text += "refused " + ended.refusal.Reason
	}
	if ended.unknown != "" {
		text += "unknown, look in " + ended.lookAt.Sub(someTime).String()
	}
	if ended.limited != pace.HoldNone {
		text += "limited " + string(ended.limited)
	}
	if ended.trouble != nil {
		text += "trouble"
	}
	return text
}

// What is stored of an outcome, by what is stored already.
func TestApplyOutcome(t *testing.T) {
	started, later := metav1.NewMicroTime(someTime), metav1.NewMicroTime(someTime.Add(time.Second))
	mine := v1alpha1.PostAttempt{ID: "mine", StartedAt: later}
	other := v1alpha1.PostAttempt{ID: "other", StartedAt: started}
	unknown := mine
	unknown.Outcome, unknown.Message, unknown.NextLookTime = v1alpha1.OutcomeUnknown, "no answer", &later
	taken := *published(readyPostScope(), 0, "42", someTime)
	earlier := *published(readyPostScope(), 0, "41", someTime)
	refusal := &v1alpha1.PostRefusal{Reason: v1alpha1.ReasonRefused}
	type status = v1alpha1.XPostStatus
	for name, test := range map[string]struct {
		stored status
		ended  attemptOutcome
		want   status
	}{
		"published": {
			status{Attempt: &mine, UncertainSince: &started, Refusal: refusal}, attemptOutcome{published: &taken},
			status{Posts: []v1alpha1.PublishedPost{taken}},
		},
		"published, over another's attempt at it": {
			status{Attempt: &other}, attemptOutcome{published: &taken}, status{Posts: []v1alpha1.PublishedPost{taken}},
		},
		"published, and already told": {
			status{Posts: []v1alpha1.PublishedPost{earlier}}, attemptOutcome{published: &taken},
			status{Posts: []v1alpha1.PublishedPost{earlier}},
		},
		"unknown": {
			status{Attempt: &mine}, attemptOutcome{unknown: "no answer", lookAt: later.Time},
			status{Attempt: &unknown, UncertainSince: &later},
		},
		"unknown again": {
			status{Attempt: &mine, UncertainSince: &started}, attemptOutcome{unknown: "no answer", lookAt: later.Time},
			status{Attempt: &unknown, UncertainSince: &started},
		},
		"unknown, and another's is there": {
			status{Attempt: &other}, attemptOutcome{unknown: "no answer"}, status{Attempt: &other},
		},
		"refused": {
			status{Attempt: &mine, UncertainSince: &started, UserID: "1"}, attemptOutcome{refusal: refusal}, status{Refusal: refusal},
		},
		"refused in the middle of a thread": {
			status{Attempt: &mine, UserID: "1", Posts: []v1alpha1.PublishedPost{earlier}}, attemptOutcome{refusal: refusal},
			status{Refusal: refusal, UserID: "1", Posts: []v1alpha1.PublishedPost{earlier}},
		},
		"refused, and another's is there": {
			status{Attempt: &other}, attemptOutcome{refusal: refusal}, status{Attempt: &other},
		},
		"not sent": {
			status{Attempt: &mine, UncertainSince: &started, UserID: "1"}, attemptOutcome{}, status{UncertainSince: &started, UserID: "1"},
		},
	} {
		post := &v1alpha1.XPost{Status: *test.stored.DeepCopy()}
		test.ended.attempt = mine
		test.ended.apply(post)
		if !reflect.DeepEqual(post.Status, test.want) {
			t.Errorf("%s: %+v becomes %+v, want %+v", name, test.stored, post.Status, test.want)
		}
	}
}

// A retry that was asked for before an answer came is not one about this answer.
func TestApplyHandlesRetries(t *testing.T) {
	post := &v1alpha1.XPost{Status: v1alpha1.XPostStatus{Attempt: &v1alpha1.PostAttempt{ID: "mine"}}}
	metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationRetryRequestedAt, "while it was sent")
	attemptOutcome{attempt: v1alpha1.PostAttempt{ID: "mine"}, unknown: "no answer"}.apply(post)
	if retryWanted(post) {
		t.Error("the retry would send a post again whose outcome nobody had seen")
	}
}

func TestPublisherOf(t *testing.T) {
	fine := func() (*v1alpha1.XConnection, *grant.Grant) {
		s := connectedScope()
		s.conn.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
		return s.conn, s.grant
	}
	for name, test := range map[string]struct {
		change func(*v1alpha1.XConnection, *grant.Grant)
		// want is what is wrong, and ended whether it mends itself.
		want  string
		ended bool
	}{
		"all well": {func(*v1alpha1.XConnection, *grant.Grant) {}, "", false},
		"deleting": {func(c *v1alpha1.XConnection, _ *grant.Grant) { c.DeletionTimestamp = &metav1.Time{Time: someTime} },
			`The XConnection "agent" is being deleted`, true},
		"disconnected": {func(c *v1alpha1.XConnection, _ *grant.Grant) { c.Spec.State = v1alpha1.StateDisconnected },
			`The XConnection "agent" is disconnected: set its spec.state to Connected`, true},
		"suspended": {func(c *v1alpha1.XConnection, _ *grant.Grant) { c.Spec.Suspend = true },
			`The XConnection "agent" is suspended: set its spec.suspend to false`, false},
		"new": {func(c *v1alpha1.XConnection, _ *grant.Grant) { c.Status.Conditions = nil },
			`The XConnection "agent" is not ready yet`, false},
		"not ready": {func(c *v1alpha1.XConnection, _ *grant.Grant) {
			c.Status.Conditions[0] = metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: "ConsentRequired", Message: "A person must consent"}
		}, `The XConnection "agent" is not ready (ConsentRequired): A person must consent`, false},
		"a missing workload": {func(c *v1alpha1.XConnection, _ *grant.Grant) {
			c.Status.Conditions[0] = metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: "AgentNotFound"}
		}, "", false},
		"no tokens": {func(_ *v1alpha1.XConnection, g *grant.Grant) { g.Tokens = nil },
			`The XConnection "agent" has no valid token yet`, false},
		"a token that ended": {func(_ *v1alpha1.XConnection, g *grant.Grant) { g.Tokens.ExpiresAt = someTime },
			`The XConnection "agent" has no valid token yet`, false},
		"a dead grant": {func(_ *v1alpha1.XConnection, g *grant.Grant) { g.Journal.Verdict = &grant.Verdict{} },
			`The XConnection "agent" has no valid token yet`, false},
		"a token that X refused": {func(_ *v1alpha1.XConnection, g *grant.Grant) { g.RefuseAccess(secret.New("access"), "401", someTime) },
			`The XConnection "agent" has a token that X refuses: the operator refreshes it`, false},
	} {
		conn, g := fine()
		test.change(conn, g)
		got := publisherOf(conn, g, someTime)
		if got.problem != test.want || got.ended != test.ended {
			t.Errorf("%s: %q, ended %t; want %q, %t", name, got.problem, got.ended, test.want, test.ended)
		}
		if hasToken := !got.access.IsZero(); hasToken != (test.want == "") {
			t.Errorf("%s: there is a token: %t", name, hasToken)
		}
	}
	conn, _ := fine()
	if got := publisherOf(conn, nil, someTime); got.problem == "" {
		t.Error("a connection without a grant can publish")
	}
}

// One at a time, in the order of coming; who was woken and does not come passes the
// lane on.
func TestLanes(t *testing.T) {
	var woken []string
	var l lanes
	l.wakeBy(func(request reconcile.Request) { woken = append(woken, request.Name) })
	post := func(i int) reconcile.Request {
		return reconcile.Request{NamespacedName: types.NamespacedName{Name: fmt.Sprint("post-", i)}}
	}
	if !l.take("one", post(1)) || !l.take("two", post(9)) {
		t.Fatal("a free lane could not be taken")
	}
	for _, i := range []int{2, 3, 2, 4} {
		if l.take("one", post(i)) {
			t.Fatalf("post %d took a lane that is taken", i)
		}
	}
	l.pass()
	l.leave("one")
	if !l.take("one", post(2)) {
		t.Error("the one that was woken could not take the lane")
	}
	l.leave("one")
	l.pass()
	l.pass()
	if want := []string{"post-2", "post-3", "post-4"}; !slices.Equal(woken, want) {
		t.Errorf("%q were woken, want %q", woken, want)
	}
	if len(l.byID) != 1 {
		t.Errorf("%d lanes are remembered, and one is taken", len(l.byID))
	}
}

// The API server refuses an event whose note is too long: it is cut, between two
// characters.
func TestLongNotesAreCut(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	r := &XPostReconciler{Recorder: recorder}
	r.postEvent(readyPostScope().post, corev1.EventTypeNormal, "Reason", "Publish", strings.Repeat("é", 600))
	if got, want := <-recorder.Events, "Normal Reason "+strings.Repeat("é", 510)+" ..."; got != want {
		t.Errorf("the event is %q", got)
	}
}

// An outcome that never fits is given up: it must neither keep the process from ending nor
// look like an API server that fails.
func TestOutcomeWithoutRoom(t *testing.T) {
	for name, test := range map[string]struct {
		room  int
		tries int
		err   error
	}{
		"none, ever":      {tooLargeTries + 100, tooLargeTries + 1, errNoRoom},
		"after some time": {100, 101, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := readyPostScope()
				s.post.Status.Attempt = &v1alpha1.PostAttempt{ID: "mine"}
				tries := 0
				api := interceptor.NewClient(fakeXPosts(t, s.post), interceptor.Funcs{
					SubResourcePatch: func(ctx context.Context, c client.Client, sub string, object client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
						if tries++; tries <= test.room {
							return apierrors.NewInternalError(errors.New("etcdserver: request is too large"))
						}
						return c.SubResource(sub).Patch(ctx, object, patch, opts...)
					},
				})
				r := &XPostReconciler{Client: api, Live: api, Recorder: events.NewFakeRecorder(10), Now: func() time.Time { return someTime }}
				ended := attemptOutcome{attempt: v1alpha1.PostAttempt{ID: "mine"}, refusal: &v1alpha1.PostRefusal{Reason: v1alpha1.ReasonRefused}}
				if _, err := r.settleAttempt(t.Context(), s, ended); !errors.Is(err, test.err) || tries != test.tries {
					t.Errorf("the error is %v after %d tries, want %v after %d", err, tries, test.err, test.tries)
				}
			})
		})
	}
}

func fakeXPosts(t *testing.T, post *v1alpha1.XPost) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(post).WithStatusSubresource(post).Build()
}
