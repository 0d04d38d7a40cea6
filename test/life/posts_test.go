// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// post makes an XPost of the connection "agent", changed as wanted.
func (tn *tenant) post(name, text string, change ...func(*v1alpha1.XPost)) *v1alpha1.XPost {
	tn.t.Helper()
	post := &v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: name},
		Spec:       v1alpha1.XPostSpec{ConnectionRef: v1alpha1.ConnectionReference{Name: "agent"}, Text: text},
	}
	for _, apply := range change {
		apply(post)
	}
	tn.create(post)
	return post
}

// thread makes an XPost a thread.
func thread(texts ...string) func(*v1alpha1.XPost) {
	return func(post *v1alpha1.XPost) { post.Spec.Text, post.Spec.Thread = "", texts }
}

// publisher connects "agent" to an account of the tenant's own, and gives its handle.
func (tn *tenant) publisher() string {
	tn.t.Helper()
	account := tn.handle("p")
	tn.connect("agent", account)
	return account
}

// postPatience bounds every wait for something that must happen to a post: the
// operator looks for a lost one for a minute, and refreshes a refused token a minute
// after the last refresh at the earliest.
const postPatience = 3 * time.Minute

// handle makes a handle that no other test has.
func (tn *tenant) handle(prefix string) string {
	return prefix + "_" + tn.namespace[len(tn.namespace)-5:]
}

// postEventually waits until something holds of an XPost.
func (tn *tenant) postEventually(what string, post *v1alpha1.XPost, holds func() bool) {
	tn.t.Helper()
	err := wait.PollUntilContextTimeout(tn.t.Context(), 50*time.Millisecond, postPatience, true, func(ctx context.Context) (bool, error) {
		if err := tn.plane.Client().Get(ctx, client.ObjectKeyFromObject(post), post); err != nil {
			return false, err
		}
		return holds(), nil
	})
	if err != nil {
		status, _ := json.MarshalIndent(post.Status, "", "  ")
		tn.t.Fatalf("%s: %v; the status is %s", what, err, status)
	}
}

// postReaches waits until Ready has a reason; the other conditions must go with it.
func (tn *tenant) postReaches(post *v1alpha1.XPost, reason string, conditions ...string) {
	tn.t.Helper()
	tn.postEventually("waiting for "+reason, post, func() bool {
		ready := meta.FindStatusCondition(post.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == reason && ready.ObservedGeneration == post.Generation
	})
	var got []string
	for _, condition := range post.Status.Conditions {
		got = append(got, condition.Type+"="+string(condition.Status))
	}
	slices.Sort(got)
	slices.Sort(conditions)
	if !slices.Equal(got, conditions) {
		tn.t.Errorf("with the reason %s the conditions are %q, want %q", reason, got, conditions)
	}
}

// The conditions that go together.
var (
	whenPublished = []string{"Published=True", "Ready=True"}
	whenWaiting   = []string{"Published=False", "Ready=False"}
	whenTrying    = []string{"Published=False", "Ready=False", "Reconciling=True"}
	whenRefused   = []string{"Published=False", "Ready=False", "Stalled=True"}
	whenLooking   = []string{"Published=Unknown", "Ready=False", "Reconciling=True"}
	whenUnknown   = []string{"Published=Unknown", "Ready=False", "Stalled=True"}
)

func (tn *tenant) published(post *v1alpha1.XPost) {
	tn.t.Helper()
	tn.postReaches(post, v1alpha1.ReasonPublished, whenPublished...)
}

// alterPost changes the object by a patch, as kubectl does.
func (tn *tenant) alterPost(post *v1alpha1.XPost, change func(*v1alpha1.XPost)) error {
	before := post.DeepCopy()
	change(post)
	return tn.plane.Client().Patch(tn.t.Context(), post, client.MergeFrom(before))
}

// lookAgain wakes the operator up: annotations that it does not read wake nobody.
func (tn *tenant) lookAgain(post *v1alpha1.XPost) {
	tn.t.Helper()
	tn.annotatePost(post, v1alpha1.AnnotationRequestID, "again")
}

func (tn *tenant) annotatePost(post *v1alpha1.XPost, key, value string) {
	tn.t.Helper()
	err := tn.alterPost(post, func(post *v1alpha1.XPost) { metav1.SetMetaDataAnnotation(&post.ObjectMeta, key, value) })
	if err != nil {
		tn.t.Fatal(err)
	}
}

// approve approves a generation of a post.
func (tn *tenant) approve(post *v1alpha1.XPost, generation int64) {
	tn.t.Helper()
	tn.annotatePost(post, v1alpha1.AnnotationApprovedGeneration, post.ApprovalOf(generation))
}

// wall gives what an account published, oldest first, as "text", "text > parent's
// text" or "text (deleted)".
func (tn *tenant) wall(account string) []string {
	texts := map[string]string{}
	var list []string
	for _, record := range tn.x.Books().Posts {
		texts[record.ID] = record.Text
		if !strings.EqualFold(record.Username, account) {
			continue
		}
		line := record.Text
		if record.ReplyTo != "" {
			line += " > " + texts[record.ReplyTo]
		}
		if record.DeletedAt != nil {
			line += " (deleted)"
		}
		list = append(list, line)
	}
	return list
}

func (tn *tenant) wallIs(account string, want ...string) {
	tn.t.Helper()
	if got := tn.wall(account); !slices.Equal(got, want) {
		tn.t.Errorf("X's books have %q, want %q", got, want)
	}
}

// TestPost: one post, once, with all that the status says of it.
func TestPost(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	post := tn.post("hello", "Hello, https://example.com!", func(post *v1alpha1.XPost) {
		post.Spec.ReplySettings, post.Spec.MadeWithAI = v1alpha1.ReplyMentionedUsers, true
	})
	tn.published(post)
	tn.wallIs(account, "Hello, https://example.com!")
	record := tn.lastPost(account)
	if record.ReplySettings != "mentionedUsers" || !record.MadeWithAI {
		t.Errorf("X was asked for %+v", record)
	}
	want := []v1alpha1.PublishedPost{{
		ID: record.ID, URL: fmt.Sprintf("https://x.com/%s/status/%s", account, record.ID), PublishedAt: post.Status.Posts[0].PublishedAt,
	}}
	if !slices.Equal(post.Status.Posts, want) || post.Status.Progress != "1/1" || post.Status.UserID != record.AuthorID || post.Status.Attempt != nil {
		t.Errorf("the status is %+v", post.Status)
	}
	tn.hasEvent(post, v1alpha1.ReasonPublished)
}

// lastPost is the account's newest post in X's books.
func (tn *tenant) lastPost(account string) (last xsim.PostRecord) {
	for _, record := range tn.x.Books().Posts {
		if strings.EqualFold(record.Username, account) {
			last = record
		}
	}
	return last
}

// TestThread: each post replies to the one before, and the first to the post that is
// named.
func TestThread(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	fan := tn.handle("fan")
	tn.x.RegisterAccount(fan)
	asked, err := tn.x.Publish(fan, "What do you think, @"+account+"?", "", "")
	if err != nil {
		t.Fatal(err)
	}
	post := tn.post("thread", "", thread("one", "two", "three"), func(post *v1alpha1.XPost) { post.Spec.ReplyTo = asked.ID })
	tn.published(post)
	tn.wallIs(account, "one > What do you think, @"+account+"?", "two > one", "three > two")
	if post.Status.Progress != "3/3" || len(post.Status.Posts) != 3 || post.Status.Posts[2].Index != 2 {
		t.Errorf("the status is %+v", post.Status)
	}
}

// TestThreadGoesOn: a thread that X interrupts is continued where it stopped.
func TestThreadGoesOn(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	tn.x.Inject(xsim.Fault{
		Kind: xsim.FaultStatus, Status: 429, ResetIn: xsim.Duration(3 * time.Second),
		Endpoint: xsim.EndpointPost, ClientID: tn.clientID, Skip: 1,
	})
	post := tn.post("thread", "", thread("one", "two", "three"))
	tn.postReaches(post, v1alpha1.ReasonRateLimited, whenTrying...)
	if post.Status.Progress != "1/3" || post.Status.NextAttemptTime == nil {
		t.Errorf("while X limits the account the status is %+v", post.Status)
	}
	tn.published(post)
	tn.wallIs(account, "one", "two > one", "three > two")
}

// TestLostPost: X took the post and its answer was lost: it is found, and not sent
// again.
func TestLostPost(t *testing.T) {
	for name, fault := range map[string]xsim.Fault{
		"reset":      {Kind: xsim.FaultReset, After: true},
		"cut":        {Kind: xsim.FaultCut},
		"status 503": {Kind: xsim.FaultStatus, After: true},
		"HTML":       {Kind: xsim.FaultHTML, After: true},
		"malformed":  {Kind: xsim.FaultMalformed, After: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			account := tn.publisher()
			fault.Endpoint, fault.ClientID, fault.Skip = xsim.EndpointPost, tn.clientID, 1
			tn.x.Inject(fault)
			post := tn.post("lost", "", thread("one", "two", "three"))
			tn.postReaches(post, v1alpha1.ReasonUnknown, whenLooking...)
			tn.hasEvent(post, v1alpha1.ReasonUnknown)
			tn.published(post)
			tn.wallIs(account, "one", "two > one", "three > two")
			if record := tn.lastPost(account); post.Status.Posts[2].ID != record.ID {
				t.Errorf("the last post is %s at X and %s in the status", record.ID, post.Status.Posts[2].ID)
			}
		})
	}
}

// TestUnknownPost: nobody knows whether X took the post, and it is not there: the
// operator says so and waits for a person.
func TestUnknownPost(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	tn.x.Inject(xsim.Fault{Kind: xsim.FaultReset, Endpoint: xsim.EndpointPost, ClientID: tn.clientID})
	retried := tn.post("retried", "not there")
	tn.postReaches(retried, v1alpha1.ReasonUnknown, whenLooking...)
	tn.x.Inject(xsim.Fault{Kind: xsim.FaultReset, Endpoint: xsim.EndpointPost, ClientID: tn.clientID})
	told := tn.post("told", "told by a person")
	for _, post := range []*v1alpha1.XPost{retried, told} {
		tn.postEventually("waiting for a person to be asked", post, func() bool {
			return meta.IsStatusConditionTrue(post.Status.Conditions, v1alpha1.ConditionStalled)
		})
		tn.postReaches(post, v1alpha1.ReasonUnknown, whenUnknown...)
	}
	tn.wallIs(account)
	if err := tn.alterPost(told, func(post *v1alpha1.XPost) { post.Spec.Text = "another" }); err == nil {
		t.Error("the text of a post whose outcome is unknown could be changed")
	}

	tn.annotatePost(retried, v1alpha1.AnnotationRetryRequestedAt, "1")
	tn.published(retried)
	found, err := tn.x.Publish(account, "told by a person", "", "")
	if err != nil {
		t.Fatal(err)
	}
	tn.annotatePost(told, v1alpha1.AnnotationPublishedAs, found.ID)
	tn.published(told)
	if told.Status.Posts[0].ID != found.ID {
		t.Errorf("the status has %+v", told.Status.Posts)
	}
	tn.wallIs(account, "not there", "told by a person")
}

// TestCrashedAttempt: the process that was publishing is gone. What it published is
// found; the attempt that it left is never repeated by itself.
func TestCrashedAttempt(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	post := tn.post("crashed", "sent just before the end", func(post *v1alpha1.XPost) { post.Spec.Approval = v1alpha1.ApprovalRequired })
	tn.postReaches(post, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	before := post.DeepCopy()
	post.Status.Attempt = &v1alpha1.PostAttempt{
		ID: "left", StartedAt: metav1.NowMicro(),
		Holder: v1alpha1.AttemptHolder{Pod: "1", PodName: "no-such-pod", PodNamespace: operatorNamespace, Process: "1"},
	}
	if err := tn.plane.Client().Status().Patch(t.Context(), post, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	found, err := tn.x.Publish(account, "sent just before the end", "", "")
	if err != nil {
		t.Fatal(err)
	}
	tn.lookAgain(post)
	tn.published(post)
	if post.Status.Posts[0].ID != found.ID {
		t.Errorf("the status has %+v", post.Status.Posts)
	}
	tn.wallIs(account, "sent just before the end")
}

// TestRefusedPosts: what X refuses is said with its own reason, is not sent again by
// itself, and can be corrected as long as nothing is published.
func TestRefusedPosts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	stranger := tn.handle("s")
	tn.x.RegisterAccount(stranger)
	strange, err := tn.x.Publish(stranger, "Nobody asked you", "", "")
	if err != nil {
		t.Fatal(err)
	}
	tn.published(tn.post("first", "the same"))
	duplicate := tn.post("duplicate", "the same")
	tn.postReaches(duplicate, v1alpha1.ReasonDuplicateContent, whenRefused...)
	tn.hasEvent(duplicate, v1alpha1.ReasonDuplicateContent)
	reply := tn.post("reply", "I do", func(post *v1alpha1.XPost) { post.Spec.ReplyTo = strange.ID })
	tn.postReaches(reply, v1alpha1.ReasonReplyNotAllowed, whenRefused...)
	cashtags := tn.post("cashtags", "$AAPL $MSFT")
	tn.postReaches(cashtags, v1alpha1.ReasonRefused, whenRefused...)
	long := tn.post("long", "", thread("fits", strings.Repeat("早", 141)))
	tn.postReaches(long, v1alpha1.ReasonTooLong, whenRefused...)
	odd := tn.post("odd", "a\uFEFFb")
	tn.postReaches(odd, v1alpha1.ReasonInvalidText, whenRefused...)
	tn.wallIs(account, "the same")

	if err := tn.alterPost(duplicate, func(post *v1alpha1.XPost) { post.Spec.Text = "not the same" }); err != nil {
		t.Fatal(err)
	}
	tn.published(duplicate)
	if _, err := tn.x.Publish(stranger, "I ask you, @"+account, "", ""); err != nil {
		t.Fatal(err)
	}
	tn.annotatePost(reply, v1alpha1.AnnotationRetryRequestedAt, "now")
	tn.published(reply)
	tn.wallIs(account, "the same", "not the same", "I do > Nobody asked you")
}

// TestCaps: what only the app's owner can mend has its own reason; a person who
// mended it does not wait for the operator's hour to end.
func TestCaps(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	none := 0
	tn.x.SetBudget(tn.clientID, xsim.Budget{Credits: &none})
	post := tn.post("capped", "costs money")
	tn.postReaches(post, v1alpha1.ReasonUsageCapExceeded, whenTrying...)
	other := tn.post("other", "costs money too")
	tn.postReaches(other, v1alpha1.ReasonUsageCapExceeded, whenTrying...)
	refusals := tn.refusals()
	tn.x.SetBudget(tn.clientID, xsim.Budget{})
	tn.annotatePost(post, v1alpha1.AnnotationRetryRequestedAt, "credits bought")
	tn.published(post)
	tn.annotatePost(other, v1alpha1.AnnotationRetryRequestedAt, "credits bought")
	tn.published(other)
	tn.wallIs(account, "costs money", "costs money too")
	if refusals != 1 {
		t.Errorf("X was asked %d times although the first answer was about all of the app", refusals)
	}
}

// refusals counts the posts of the tenant's app that X refused for want of money.
func (tn *tenant) refusals() int {
	count := 0
	for _, event := range tn.x.Books().Events {
		if event.Endpoint == xsim.EndpointPost && event.ClientID == tn.clientID && event.Status == 402 {
			count++
		}
	}
	return count
}

// TestSchedule: a post waits for its time, and its plan can be changed until then.
func TestSchedule(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	at := metav1.NewTime(time.Now().Add(time.Hour).Truncate(time.Second))
	post := tn.post("later", "good morning", func(post *v1alpha1.XPost) { post.Spec.PublishAt = &at })
	tn.postReaches(post, v1alpha1.ReasonScheduled, whenWaiting...)
	if !post.Status.NextAttemptTime.Equal(&at) {
		t.Errorf("the status is %+v", post.Status)
	}
	tn.wallIs(account)
	soon := metav1.NewTime(time.Now().Add(2 * time.Second).Truncate(time.Second))
	if err := tn.alterPost(post, func(post *v1alpha1.XPost) { post.Spec.PublishAt = &soon }); err != nil {
		t.Fatal(err)
	}
	tn.published(post)
	if published := tn.lastPost(account); published.At.Before(soon.Time) {
		t.Errorf("it was published at %s, before %s", published.At, soon)
	}
}

// TestApproval: a post waits for the approval of what it is now, not of what it was;
// a namespace can insist on it.
func TestApproval(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	post := tn.post("approved", "first draft", func(post *v1alpha1.XPost) { post.Spec.Approval = v1alpha1.ApprovalRequired })
	tn.postReaches(post, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	if err := tn.alterPost(post, func(post *v1alpha1.XPost) { post.Spec.Text = "second draft" }); err != nil {
		t.Fatal(err)
	}
	err := tn.alterPost(post, func(post *v1alpha1.XPost) {
		metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationApprovedGeneration, post.ApprovalOf(1))
	})
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "does not name this XPost as it is now") {
		t.Errorf("the approval of what the post was: %v", err)
	}
	tn.postReaches(post, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	tn.approve(post, 2)
	tn.published(post)

	namespace := &corev1.Namespace{}
	if err := tn.plane.Client().Get(t.Context(), types.NamespacedName{Name: tn.namespace}, namespace); err != nil {
		t.Fatal(err)
	}
	namespace.Labels[v1alpha1.LabelPostApproval] = string(v1alpha1.ApprovalRequired)
	tn.update(namespace)
	insisted := tn.post("insisted", "by the namespace")
	tn.postReaches(insisted, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	tn.approve(insisted, 1)
	tn.published(insisted)
	rejected := tn.post("rejected", "not this one")
	tn.postReaches(rejected, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	tn.annotatePost(rejected, v1alpha1.AnnotationRejectedGeneration, "1")
	tn.postReaches(rejected, v1alpha1.ReasonRejected, whenRefused...)
	tn.hasEvent(rejected, v1alpha1.ReasonRejected)
	tn.wallIs(account, "second draft", "by the namespace")
}

// TestDeletionPolicy: posts stay at X or go, as the object says, the last first.
func TestDeletionPolicy(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	kept := tn.post("kept", "stays")
	deleted := tn.post("deleted", "", thread("goes", "goes too"), func(post *v1alpha1.XPost) {
		post.Spec.DeletionPolicy = v1alpha1.DeletionDelete
	})
	changed := tn.post("changed", "goes in the end")
	for _, post := range []*v1alpha1.XPost{kept, deleted, changed} {
		tn.published(post)
	}
	if err := tn.alterPost(changed, func(post *v1alpha1.XPost) { post.Spec.DeletionPolicy = v1alpha1.DeletionDelete }); err != nil {
		t.Fatal(err)
	}
	tn.postEventually("waiting for the finalizer", changed, func() bool {
		return slices.Contains(changed.Finalizers, v1alpha1.FinalizerDeletePosts)
	})
	for _, post := range []*v1alpha1.XPost{kept, deleted, changed} {
		if err := tn.plane.Client().Delete(t.Context(), post); err != nil {
			t.Fatal(err)
		}
		tn.gone(post)
	}
	tn.hasEvent(deleted, v1alpha1.ReasonDeleted)
	got := tn.wall(account)
	slices.Sort(got)
	want := []string{"goes (deleted)", "goes in the end (deleted)", "goes too > goes (deleted)", "stays"}
	if !slices.Equal(got, want) {
		t.Errorf("X's books have %q, want %q", got, want)
	}
}

// TestDeletionWithoutConnection: posts that can't be deleted at X hold nobody up
// once the connection is gone.
func TestDeletionWithoutConnection(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	post := tn.post("orphan", "stays after all", func(post *v1alpha1.XPost) { post.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	tn.published(post)
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent"}}
	if err := tn.plane.Client().Delete(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	tn.gone(conn)
	if err := tn.plane.Client().Delete(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	tn.gone(post)
	tn.hasEvent(post, v1alpha1.ReasonNotDeleted)
	tn.wallIs(account, "stays after all")
}

// TestNotConnected: a post waits for its connection, whatever it lacks.
func TestNotConnected(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	post := tn.post("early", "at last")
	tn.postReaches(post, v1alpha1.ReasonNotConnected, whenWaiting...)
	account := tn.publisher()
	tn.published(post)
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent"}}
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.Suspend = true })
	// The operator has seen it by then: before that it may still publish.
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
	suspended := tn.post("suspended", "after a rest")
	tn.postReaches(suspended, v1alpha1.ReasonNotConnected, whenWaiting...)
	tn.wallIs(account, "at last")
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.Suspend = false })
	tn.published(suspended)
	tn.wallIs(account, "at last", "after a rest")
}

// TestRefusedToken: X does not accept the access token. It is refreshed, and the
// post goes out; if X refuses the new one too, a person must consent.
func TestRefusedToken(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent"}}
	refuse := xsim.Fault{Kind: xsim.FaultStatus, Status: 401, Endpoint: xsim.EndpointPost, ClientID: tn.clientID}
	tn.x.Inject(refuse)
	once := tn.post("once", "with a new token")
	tn.published(once)
	tn.eventually("looking at the connection", conn, func(conn *v1alpha1.XConnection) bool { return conn.Status.Rotation == 2 })
	tn.published(tn.post("after", "all is well"))

	refuse.Times = -1
	tn.x.Inject(refuse)
	never := tn.post("never", "with no token")
	tn.postReaches(never, v1alpha1.ReasonNotConnected, whenWaiting...)
	tn.postEventually("waiting for the connection to need a person", never, func() bool {
		return strings.Contains(never.Status.Conditions[0].Message, v1alpha1.ReasonReauthorizationRequired)
	})
	tn.says(conn, v1alpha1.ReasonReauthorizationRequired, "status.authorizeURL")
	tn.wallIs(account, "with a new token", "all is well")
}

// TestManyPosts: of many posts at once each goes out once.
func TestManyPosts(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	var want []string
	var posts []*v1alpha1.XPost
	for i := range 20 {
		text := fmt.Sprintf("post %02d", i)
		want = append(want, text)
		posts = append(posts, tn.post(fmt.Sprintf("post-%d", i), text))
	}
	for _, post := range posts {
		tn.published(post)
	}
	got := tn.wall(account)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("X's books have %q, want each of %q once", got, want)
	}
}

// TestExpiredPost: an XPost whose time to live is over goes, and its post stays at X,
// whatever the deletion policy. What somebody is yet to settle stays.
func TestExpiredPost(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	account := tn.publisher()
	anHour := func(post *v1alpha1.XPost) { post.Spec.TTLSecondsAfterFinished = ptr.To[int32](3600) }
	waits := tn.post("waits", "in a while", anHour, func(post *v1alpha1.XPost) { post.Spec.Approval = v1alpha1.ApprovalRequired })
	tn.postReaches(waits, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	expires := tn.post("expires", "here to stay", anHour, func(post *v1alpha1.XPost) { post.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	tn.published(expires)
	refused := tn.post("refused", "here to stay", anHour)
	tn.postReaches(refused, v1alpha1.ReasonDuplicateContent, whenRefused...)
	for _, post := range []*v1alpha1.XPost{waits, expires, refused} {
		tn.anHourPasses(post)
	}
	for _, post := range []*v1alpha1.XPost{expires, refused} {
		tn.waitFor("the end of "+post.Name, func() bool {
			return apierrors.IsNotFound(tn.plane.Client().Get(t.Context(), client.ObjectKeyFromObject(post), &v1alpha1.XPost{}))
		})
	}
	tn.postReaches(waits, v1alpha1.ReasonAwaitingApproval, whenWaiting...)
	tn.wallIs(account, "here to stay")
}

// anHourPasses puts the transitions of an XPost's conditions an hour back, and has the
// operator look at it.
func (tn *tenant) anHourPasses(post *v1alpha1.XPost) {
	tn.t.Helper()
	before := post.DeepCopy()
	for i := range post.Status.Conditions {
		at := &post.Status.Conditions[i].LastTransitionTime
		*at = metav1.NewTime(at.Add(-time.Hour))
	}
	if err := tn.plane.Client().Status().Patch(tn.t.Context(), post, client.MergeFrom(before)); err != nil {
		tn.t.Fatal(err)
	}
	tn.lookAgain(post)
}
