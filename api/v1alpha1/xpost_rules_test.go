// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// Texts that several rules share.
const (
	saysOneOf  = "spec: exactly one of text and thread must be set"
	saysBytes  = "a post must be at most 4000 bytes long in UTF-8"
	saysBlank  = "a post must hold more than white space"
	saysReply  = "spec.replyTo: replyTo must be a post's id of 1 to 19 digits, in quotes"
	saysFrozen = "spec: publishing has begun, and what is published can't be changed: only deletionPolicy and ttlSecondsAfterFinished may be"
)

// post is a valid base in a new namespace.
func post(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "x.agentconnect.dev/v1alpha1",
		"kind":       "XPost",
		"spec":       map[string]any{"connectionRef": named("agent"), "text": "Hello"},
	}}
	object.SetName("hello")
	object.SetNamespace(envtest.Namespace(t, envtest.Cluster(t), nil))
	return object
}

func TestPostRules(t *testing.T) {
	many := make([]any, 26)
	for i := range many {
		many[i] = "post"
	}
	threadOf := func(texts ...any) map[string]any {
		return map[string]any{"text": nil, "thread": append([]any{}, texts...)}
	}
	heavy := strings.Repeat("早", 1334)
	rules := []rule{
		{name: "a text"},
		{name: "a thread", spec: threadOf("one", "two")},
		{name: "both", spec: one("thread", []any{"one"}), want: []string{saysOneOf}},
		{name: "neither", spec: one("text", nil), want: []string{saysOneOf}},
		{name: "an empty text", spec: one("text", ""), want: []string{
			"spec.text: Invalid value: \"\": spec.text in body should be at least 1 chars long", "spec.text: Invalid value: \"\": " + saysBlank,
		}},
		{name: "a blank text", spec: one("text", " \n\t"), want: []string{"spec.text: " + saysBlank}},
		{name: "a text of 4000 bytes", spec: one("text", strings.Repeat("x", 4000))},
		{name: "a text of more bytes than characters", spec: one("text", heavy), want: []string{"spec.text: " + saysBytes}},
		{name: "an endless text", spec: one("text", strings.Repeat("x", 4001)), want: []string{"spec.text: Too long: may not be more than 4000"}},
		{name: "an empty thread", spec: threadOf(), want: []string{"spec.thread: Invalid value: 0: spec.thread in body should have at least 1 items"}},
		{name: "an endless thread", spec: threadOf(many...), want: []string{"spec.thread: Too many: 26: must have at most 25 items"}},
		{name: "a blank post in a thread", spec: threadOf("one", " "), want: []string{"spec.thread[1]: " + saysBlank}},
		{name: "a heavy post in a thread", spec: threadOf(heavy), want: []string{"spec.thread[0]: " + saysBytes}},
		{name: "a reply", spec: one("replyTo", "1234567890123456789")},
		{name: "a reply to a URL", spec: one("replyTo", "https://x.com/a/status/1"), want: []string{saysReply}},
		{name: "a reply to too long an id", spec: one("replyTo", "12345678901234567890"), want: []string{saysReply}},
		{name: "a time", spec: one("publishAt", "2031-03-07T09:05:01Z")},
		{name: "no time", spec: one("publishAt", "tomorrow"), want: []string{`spec.publishAt: Invalid value: "tomorrow": spec.publishAt in body must be of type date-time`}},
		{name: "who may reply", spec: one("replySettings", "Following")},
		{name: "X's word for it", spec: one("replySettings", "following"), want: []string{`spec.replySettings: Unsupported value: "following"`}},
		{name: "another approval", spec: one("approval", "Yes"), want: []string{`spec.approval: Unsupported value: "Yes"`}},
		{name: "another policy", spec: one("deletionPolicy", "Keep"), want: []string{`spec.deletionPolicy: Unsupported value: "Keep"`}},
		{name: "a time to live", spec: one("ttlSecondsAfterFinished", int64(0))},
		{name: "a negative time to live", spec: one("ttlSecondsAfterFinished", int64(-1)),
			want: []string{"spec.ttlSecondsAfterFinished: Invalid value: -1: spec.ttlSecondsAfterFinished in body should be greater than or equal to 0"}},
		{name: "no connection", spec: one("connectionRef", map[string]any{}), want: []string{"spec.connectionRef.name: Required value"}},
		{name: "a wrong name", spec: one("connectionRef", named("Agent")), want: []string{"spec.connectionRef.name: the name of an XConnection consists of lower-case letters"}},
		{name: "a misspelt field", spec: one("txt", "Hello"),
			want: []string{`XPost in version "v1alpha1" cannot be handled as a XPost: strict decoding error: unknown field "spec.txt"`}},
	}
	base := post(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.check(t, base) })
	}
}

// frozen are changes of a spec that must not happen once publishing has begun.
var frozen = map[string]func(*xv1alpha1.XPostSpec){
	"connection": func(spec *xv1alpha1.XPostSpec) { spec.ConnectionRef.Name = "another" },
	"text":       func(spec *xv1alpha1.XPostSpec) { spec.Thread[1] = "another" },
	"more":       func(spec *xv1alpha1.XPostSpec) { spec.Thread = append(spec.Thread, "three") },
	"less":       func(spec *xv1alpha1.XPostSpec) { spec.Thread = spec.Thread[:1] },
	"single":     func(spec *xv1alpha1.XPostSpec) { spec.Text, spec.Thread = "one", nil },
	"reply":      func(spec *xv1alpha1.XPostSpec) { spec.ReplyTo = "21" },
	"no reply":   func(spec *xv1alpha1.XPostSpec) { spec.ReplyTo = "" },
	"time":       func(spec *xv1alpha1.XPostSpec) { spec.PublishAt = &metav1.Time{Time: time.Unix(2e9, 0)} },
	"replies":    func(spec *xv1alpha1.XPostSpec) { spec.ReplySettings = xv1alpha1.ReplyVerified },
	"disclosure": func(spec *xv1alpha1.XPostSpec) { spec.MadeWithAI = true },
	"approval":   func(spec *xv1alpha1.XPostSpec) { spec.Approval = xv1alpha1.ApprovalRequired },
}

// begun are the states in which something is, or may be, at X.
var begun = map[string]xv1alpha1.XPostStatus{
	"under way": {Attempt: &xv1alpha1.PostAttempt{ID: "1", Holder: xv1alpha1.AttemptHolder{Pod: "1", Process: "1"}, StartedAt: metav1.NowMicro()}},
	"uncertain": {UncertainSince: &metav1.MicroTime{Time: time.Unix(2e9, 0)}},
	"published": {Posts: []xv1alpha1.PublishedPost{{ID: "20", URL: "https://x.com/i/status/20", PublishedAt: metav1.Now()}}},
}

// Once publishing has begun nothing but the deletion policy and the time to live can
// change; before, and after a refusal of the first post, everything can.
func TestPostFrozen(t *testing.T) {
	c := envtest.Cluster(t).Client()
	namespace := envtest.Namespace(t, envtest.Cluster(t), nil)
	for state, status := range begun {
		object := storedThread(t, namespace, state, status)
		for name, change := range frozen {
			changed := object.DeepCopy()
			change(&changed.Spec)
			got := causes(c.Update(t.Context(), changed, client.DryRunAll))
			if diff := difference(got, []string{saysFrozen}); diff != "" {
				t.Errorf("%s, a change of %s: the API server says:\n%s", state, name, diff)
			}
		}
		for _, ttl := range []*int32{ptr.To[int32](60), ptr.To[int32](0), nil} {
			object.Spec.DeletionPolicy, object.Spec.TTLSecondsAfterFinished = xv1alpha1.DeletionDelete, ttl
			if err := c.Update(t.Context(), object); err != nil {
				t.Errorf("%s, a change of the deletion policy and the time to live: %v", state, err)
			}
		}
	}
	refused := xv1alpha1.XPostStatus{Refusal: &xv1alpha1.PostRefusal{Reason: xv1alpha1.ReasonDuplicateContent, Message: "no", Generation: 1}}
	object := storedThread(t, namespace, "refused", refused)
	for name, change := range frozen {
		changed := object.DeepCopy()
		change(&changed.Spec)
		if err := c.Update(t.Context(), changed, client.DryRunAll); err != nil {
			t.Errorf("refused, a change of %s: %v", name, err)
		}
	}
}

func storedThread(t *testing.T, namespace, name string, status xv1alpha1.XPostStatus) *xv1alpha1.XPost {
	t.Helper()
	object := &xv1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: strings.ReplaceAll(name, " ", "-")},
		Spec: xv1alpha1.XPostSpec{
			ConnectionRef: xv1alpha1.ConnectionReference{Name: "agent"}, Thread: []string{"one", "two"}, ReplyTo: "20",
		},
	}
	storeWithStatus(t, object, func() { object.Status = status })
	return object
}
