// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// draft makes an XPost that waits for somebody.
func (s *stage) draft(change ...func(*v1alpha1.XPost)) *v1alpha1.XPost {
	s.t.Helper()
	post := &v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "launch"},
		Spec: v1alpha1.XPostSpec{
			ConnectionRef: v1alpha1.ConnectionReference{Name: "agent"}, Text: "Hello\nworld", Approval: v1alpha1.ApprovalRequired,
		},
	}
	for _, apply := range change {
		apply(post)
	}
	s.creates(post)
	return post
}

// stored reads an XPost again.
func (s *stage) stored(post *v1alpha1.XPost) *v1alpha1.XPost {
	s.t.Helper()
	if err := s.cluster.Client().Get(s.t.Context(), client.ObjectKeyFromObject(post), post); err != nil {
		s.t.Fatal(err)
	}
	return post
}

// changes changes an XPost as somebody else would.
func (s *stage) changes(post *v1alpha1.XPost, change func(*v1alpha1.XPost)) {
	s.t.Helper()
	change(s.stored(post))
	if err := s.cluster.Client().Update(s.t.Context(), post); err != nil {
		s.t.Error(err)
	}
}

// told changes an XPost's status as the operator would.
func (s *stage) told(post *v1alpha1.XPost, change func(*v1alpha1.XPostStatus)) {
	s.t.Helper()
	change(&s.stored(post).Status)
	if err := s.cluster.Client().Status().Update(s.t.Context(), post); err != nil {
		s.t.Error(err)
	}
}

func rejecting(post *v1alpha1.XPost) {
	metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationRejectedGeneration, "1")
}

const shownDraft = "xpost {ns}/launch, generation 1, through the XConnection \"agent\":\n\n  | Hello\n  | world\n\n"

// TestApprove shows a post, asks, and approves this object and no other; the second time
// there is nothing to do.
func TestApprove(t *testing.T) {
	s := newStage(t)
	post := s.draft()
	s.in = "y\n"
	s.expect(s.runs("approve", "xpost/launch"), result{
		out: "xpost.x.agentconnect.dev/launch approved\n", err: shownDraft + "Approve this? [y/N]: ",
	})
	if !s.stored(post).Approved() {
		t.Errorf("the annotations are %v", post.Annotations)
	}
	s.expect(s.runs("approve", "launch"), result{out: "xpost.x.agentconnect.dev/launch approved (unchanged)\n"})
}

// TestApproveUnasked: who has read a post elsewhere is not asked.
func TestApproveUnasked(t *testing.T) {
	s := newStage(t)
	post := s.draft()
	s.expect(s.runs("approve", "launch", "--yes"), result{out: "xpost.x.agentconnect.dev/launch approved\n", err: shownDraft})
	if !s.stored(post).Approved() {
		t.Errorf("the annotations are %v", post.Annotations)
	}
}

// TestApproveNot: any other answer than yes, and none, approves nothing.
func TestApproveNot(t *testing.T) {
	s := newStage(t)
	post := s.draft()
	const no = "error: xpost {ns}/launch was not approved\n"
	for in, says := range map[string]string{
		"n\n": no, "\n": no, "sure\n": no,
		"": "\n" + no + "Without somebody to ask, give --yes, once the post was read.\n",
	} {
		s.in = in
		s.expect(s.runs("approve", "launch"), result{code: command.ExitError, err: shownDraft + "Approve this? [y/N]: " + says})
	}
	if len(s.stored(post).Annotations) > 0 {
		t.Errorf("the annotations are %v", post.Annotations)
	}
}

// TestReject says no, and an approval takes it back.
func TestReject(t *testing.T) {
	s := newStage(t)
	post := s.draft()
	s.in = "yes\n"
	s.expect(s.runs("reject", "launch"), result{
		out: "xpost.x.agentconnect.dev/launch rejected\n", err: shownDraft + "Reject this? [y/N]: ",
	})
	if !s.stored(post).Rejects(1) {
		t.Errorf("the annotations are %v", post.Annotations)
	}
	s.expect(s.runs("reject", "launch"), result{out: "xpost.x.agentconnect.dev/launch rejected (unchanged)\n"})
	got := s.runs("approve", "launch")
	if !strings.Contains(got.err, "  Somebody rejected it; an approval ends that.\n") {
		t.Errorf("the rejection is not shown: %s", got.err)
	}
	if !s.stored(post).Approved() || post.Rejects(1) {
		t.Errorf("the annotations are %v", post.Annotations)
	}
}

// TestAnswerToWhatWasShown: what somebody changes while a person reads is not approved;
// what the operator tells meanwhile is no change.
func TestAnswerToWhatWasShown(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*stage, *v1alpha1.XPost)
		approved  bool
		says      string
	}{
		"a status is written": {
			meanwhile: func(s *stage, post *v1alpha1.XPost) {
				s.told(post, func(status *v1alpha1.XPostStatus) { status.Progress = "0/1" })
			},
			approved: true,
		},
		"the text is changed": {
			meanwhile: func(s *stage, post *v1alpha1.XPost) {
				s.changes(post, func(post *v1alpha1.XPost) { post.Spec.Text = "Goodbye" })
			},
			says: "was changed while it was read: it was not approved",
		},
		"somebody rejects it": {
			meanwhile: func(s *stage, post *v1alpha1.XPost) { s.changes(post, rejecting) },
			says:      "was changed while it was read: it was not approved",
		},
		"it is made anew": {
			meanwhile: func(s *stage, post *v1alpha1.XPost) {
				if err := s.cluster.Client().Delete(s.t.Context(), post); err != nil {
					s.t.Error(err)
				}
				s.draft()
			},
			says: "was changed while it was read: it was not approved",
		},
		"it is deleted": {
			meanwhile: func(s *stage, post *v1alpha1.XPost) {
				if err := s.cluster.Client().Delete(s.t.Context(), post); err != nil {
					s.t.Error(err)
				}
			},
			says: "not found",
		},
		"it is published": {
			meanwhile: func(s *stage, post *v1alpha1.XPost) { s.told(post, wentOut) },
			says:      "is published at https://x.com/jane_doe/status/21 already",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			post := s.draft()
			s.in, s.hesitates = "y\n", func() { test.meanwhile(s, post.DeepCopy()) }
			got := s.runs("approve", "launch")
			if !strings.Contains(got.err, test.says) || (got.code == command.ExitOK) != test.approved {
				t.Errorf("got %d: %s", got.code, got.err)
			}
			if name != "it is deleted" && s.stored(post).Approved() != test.approved {
				t.Errorf("the annotations are %v", post.Annotations)
			}
		})
	}
}

func wentOut(status *v1alpha1.XPostStatus) {
	status.Posts = []v1alpha1.PublishedPost{{ID: "21", URL: "https://x.com/jane_doe/status/21", PublishedAt: metav1.Now()}}
}

// TestAnswerTooLate: what is at X is neither approved nor rejected.
func TestAnswerTooLate(t *testing.T) {
	s := newStage(t)
	s.told(s.draft(), wentOut)
	for _, verb := range []string{"approve", "reject"} {
		s.expect(s.runs(verb, "launch"), result{
			code: command.ExitError,
			err: "error: xpost {ns}/launch is published at https://x.com/jane_doe/status/21 already: nobody's answer matters any more\n" +
				"To take it back from X: kubectl patch xpost launch -n {ns} --type=merge -p '{\"spec\":{\"deletionPolicy\":\"Delete\"}}', and then kubectl delete it.\n",
		})
	}
}

// TestAnswerShowsAll: nothing of what is to be sent is hidden from who answers.
func TestAnswerShowsAll(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	s.draft(func(post *v1alpha1.XPost) {
		post.Spec.Text, post.Spec.Thread = "", []string{"pay\u202eyap \u00e9\U0001f600", "tab\there \U000e0041", "fill\u3164er \u2800\ufe0f\U000e0100."}
		post.Spec.ReplyTo = "1846987139428634858"
		post.Spec.PublishAt = ptr.To(metav1.Unix(1_800_000_000, 0))
		post.Spec.ReplySettings, post.Spec.MadeWithAI = v1alpha1.ReplyFollowing, true
		post.Spec.DeletionPolicy, post.Spec.TTLSecondsAfterFinished = v1alpha1.DeletionDelete, ptr.To[int32](90)
	})
	s.in = "y\n"
	s.expect(s.runs("approve", "launch"), result{
		out: "xpost.x.agentconnect.dev/launch approved\n",
		err: "xpost {ns}/launch, generation 1, through the XConnection \"agent\" (@jane_doe):\n" +
			"  In reply to https://x.com/i/status/1846987139428634858.\n" +
			"  At 2027-01-15T08:00:00Z, or as soon as it is approved after that.\n" +
			"  Who may reply: Following.\n" +
			"  It says that it was made with AI.\n" +
			"  It is deleted at X with this object.\n" +
			"  This object goes 1m30s after it has finished.\n" +
			"\n  1 of 3\n  | pay\\u202eyap \u00e9\U0001f600\n" +
			"\n  2 of 3\n  | tab\\u0009here \\U000e0041\n" +
			"\n  3 of 3\n  | fill\\u3164er \\u2800\\ufe0f\\U000e0100.\n\n" +
			"Approve this? [y/N]: ",
	})
}
