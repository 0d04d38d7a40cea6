// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// TestPost says what became of a post that was waited for.
func TestPost(t *testing.T) {
	const waits = "Waiting for xpost {ns}/news to be published ...\n"
	tests := map[string]struct {
		answer func(*v1alpha1.XPost)
		want   result
	}{
		"published": {
			answer: atX(1),
			want:   result{out: "xpost.x.agentconnect.dev/news published at https://x.com/i/status/20\n", err: waits},
		},
		"refused": {
			answer: refusedFor(v1alpha1.ReasonTooLong, "The post weighs 300 of at most 280"),
			want: result{code: command.ExitNotReady, err: waits +
				"error: xpost {ns}/news is not published: TooLong: The post weighs 300 of at most 280\n" +
				"Change the XPost, or delete it and publish another: kubectl edit xpost news -n {ns}\n"},
		},
		"unknown": {
			answer: refusedFor(v1alpha1.ReasonUnknown, "The post may be published"),
			want: result{code: command.ExitNotReady, err: waits +
				"error: xpost {ns}/news is not published: Unknown: The post may be published\n" +
				"For more: kubectl describe xpost news -n {ns}\n"},
		},
		"a part of it": {
			answer: func(object *v1alpha1.XPost) {
				atX(1)(object)
				refusedFor(v1alpha1.ReasonDuplicateContent, "X has it already")(object)
			},
			want: result{code: command.ExitNotReady, err: waits +
				"error: xpost {ns}/news is not published: DuplicateContent: X has it already (1 of 2 posts are at X)\n" +
				"For more: kubectl describe xpost news -n {ns}\n"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			played := s.answersPost("news", test.answer)
			got := s.runs("post", "agent", "--name=news", "--text=One", "--text=Two")
			played()
			s.expect(got, test.want)
		})
	}
}

// atX is a status with posts that are published.
func atX(count int) func(*v1alpha1.XPost) {
	return func(object *v1alpha1.XPost) {
		for i := range count {
			object.Status.Posts = append(object.Status.Posts, v1alpha1.PublishedPost{
				Index: int32(i), ID: "20", URL: "https://x.com/i/status/20", PublishedAt: metav1.NewTime(now),
			})
		}
		postStands(object, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonPublished, "All posts are published")
	}
}

// refusedFor is a status that waits for a person.
func refusedFor(reason, message string) func(*v1alpha1.XPost) {
	return func(object *v1alpha1.XPost) {
		postStands(object, v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
		postStands(object, v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, message)
	}
}

func postStands(object *v1alpha1.XPost, kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&object.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: object.Generation,
	})
}

// answersPost plays the operator's answer to an XPost once it is there. The returned
// function waits for the play to end.
func (s *stage) answersPost(name string, status func(*v1alpha1.XPost)) func() {
	played := make(chan struct{})
	go func() {
		defer close(played)
		err := wait.PollUntilContextTimeout(s.t.Context(), 20*time.Millisecond, patience, true, s.playPost(name, status))
		if err != nil {
			s.t.Errorf("playing the operator for the xpost %s: %v", name, err)
		}
	}()
	return func() { <-played }
}

// playPost writes the status, if the object is there and nobody else was first.
func (s *stage) playPost(name string, status func(*v1alpha1.XPost)) wait.ConditionWithContextFunc {
	return func(ctx context.Context) (bool, error) {
		object := &v1alpha1.XPost{}
		err := s.cluster.Client().Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, object)
		if err != nil {
			return false, client.IgnoreNotFound(err)
		}
		status(object)
		err = s.cluster.Client().Status().Update(ctx, object)
		if apierrors.IsConflict(err) {
			return false, nil
		}
		return err == nil, err
	}
}

func (s *stage) readsPost(name string) *v1alpha1.XPost {
	s.t.Helper()
	object := &v1alpha1.XPost{}
	if err := s.cluster.Client().Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, object); err != nil {
		s.t.Fatal(err)
	}
	return object
}

// TestPostObject makes the XPost that the arguments ask for.
func TestPostObject(t *testing.T) {
	s := newStage(t)
	file := filepath.Join(t.TempDir(), "posts.txt")
	if err := os.WriteFile(file, []byte("One\r\nand a half\r\n---\r\nTwo\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ordinary := v1alpha1.XPostSpec{
		ConnectionRef: v1alpha1.ConnectionReference{Name: "agent"}, Text: "Hello",
		ReplySettings: v1alpha1.ReplyEveryone, Approval: v1alpha1.ApprovalNotRequired, DeletionPolicy: v1alpha1.DeletionRetain,
	}
	with := func(change func(*v1alpha1.XPostSpec)) v1alpha1.XPostSpec {
		spec := *ordinary.DeepCopy()
		change(&spec)
		return spec
	}
	tests := map[string]struct {
		arguments []string
		want      v1alpha1.XPostSpec
	}{
		"text":  {[]string{"--text=Hello", "--wait=false"}, ordinary},
		"texts": {[]string{"--text=One", "--text=Two", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.Text, spec.Thread = "", []string{"One", "Two"} })},
		"file":  {[]string{"-f", file, "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.Text = "One\nand a half\n---\nTwo" })},
		"thread": {[]string{"-f", file, "--thread", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) {
			spec.Text, spec.Thread = "", []string{"One\nand a half", "Two"}
		})},
		"stdin":    {[]string{"-f", "-", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.Text = "From a pipe" })},
		"reply":    {[]string{"--text=Hello", "--reply-to=20", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.ReplyTo = "20" })},
		"ai":       {[]string{"--text=Hello", "--made-with-ai", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.MadeWithAI = true })},
		"approval": {[]string{"--text=Hello", "--approval"}, with(func(spec *v1alpha1.XPostSpec) { spec.Approval = v1alpha1.ApprovalRequired })},
		"ttl":      {[]string{"--text=Hello", "--ttl-after-finished=168h", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.TTLSecondsAfterFinished = ptr.To[int32](604800) })},
		"ttl-0":    {[]string{"--text=Hello", "--ttl-after-finished=0", "--wait=false"}, with(func(spec *v1alpha1.XPostSpec) { spec.TTLSecondsAfterFinished = ptr.To[int32](0) })},
		"at": {[]string{"--text=Hello", "--at=2031-01-02T03:04:05+01:00"}, with(func(spec *v1alpha1.XPostSpec) {
			spec.PublishAt = at(time.Date(2031, 1, 2, 2, 4, 5, 0, time.UTC))
		})},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s.in = "From a pipe\n"
			for _, done := range []string{"created", "unchanged"} {
				got := s.runs(append([]string{"post", "xconnection/agent", "--name", name}, test.arguments...)...)
				s.expect(got, result{out: "xpost.x.agentconnect.dev/" + name + " " + done + "\n"})
			}
			if diff := cmp.Diff(test.want, s.readsPost(name).Spec); diff != "" {
				t.Errorf("the spec is not as wanted (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPostAgain publishes once for a request id, and refuses another text for it: first
// it says how the post stands that there is.
func TestPostAgain(t *testing.T) {
	s := newStage(t)
	post := func(text string, more ...string) result {
		return s.runs(append([]string{"post", "agent", "--request-id=job-1", "--text", text, "--wait=false"}, more...)...)
	}
	const name = "agent-026ab639c21df8aa80e5"
	says := func(done string) result { return result{out: "xpost.x.agentconnect.dev/" + name + " " + done + "\n"} }
	s.expect(post("Hello"), says("created"))
	s.expect(post("Hello"), says("unchanged"))
	s.expect(post("Hello", "--ttl-after-finished=1h"), says("unchanged"))
	refuses := func(stands string) result {
		return result{
			code: command.ExitError,
			err: "error: xpost {ns}/" + name + " is there already, for something else than this call asks (it publishes for the XConnection \"agent\"): nothing was changed. " + stands + "\n" +
				"If it is the post that you mean, do not publish it again: with --keep-first and the same XConnection the call waits for it. " +
				"For something new choose another --request-id or --name. To see what there is: kubectl get xpost " + name + " -n {ns} -o yaml\n",
		}
	}
	s.expect(post("Good bye"), refuses("It says NotSeenYet: The operator has not looked at it yet"))
	s.answersPost(name, atX(1))()
	s.expect(post("Good bye"), refuses("It is published at https://x.com/i/status/20"))
}

// TestPostAgainAfterAChange takes a repetition for one although the XPost was changed
// since, and another text for another although the XPost has it now.
func TestPostAgainAfterAChange(t *testing.T) {
	s := newStage(t)
	post := func(text string) result {
		return s.runs("post", "agent", "--name=news", "--text", text, "--wait=false")
	}
	s.expect(post("Helo"), result{out: "xpost.x.agentconnect.dev/news created\n"})
	mended := s.readsPost("news")
	mended.Spec.Text, mended.Spec.DeletionPolicy = "Hello", v1alpha1.DeletionDelete
	if err := s.cluster.Client().Update(t.Context(), mended); err != nil {
		t.Fatal(err)
	}
	s.expect(post("Helo"), result{out: "xpost.x.agentconnect.dev/news unchanged\n"})
	if got := post("Hello"); got.code != command.ExitError {
		t.Errorf("another text gave %+v", got)
	}
}

// TestPostOfOthers takes an XPost that somebody applied for what its spec says.
func TestPostOfOthers(t *testing.T) {
	s := newStage(t)
	s.creates(&v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "news"},
		Spec: v1alpha1.XPostSpec{
			ConnectionRef: v1alpha1.ConnectionReference{Name: "agent"}, Text: "Hello", DeletionPolicy: v1alpha1.DeletionDelete,
		},
	})
	s.expect(s.runs("post", "agent", "--name=news", "--text=Hello", "--wait=false"), result{out: "xpost.x.agentconnect.dev/news unchanged\n"})
	if got := s.runs("post", "agent", "--name=news", "--text=Hello", "--made-with-ai", "--wait=false"); got.code != command.ExitError {
		t.Errorf("another request gave %+v", got)
	}
}

// TestPostKeepsTheFirst waits for what the first call made, whatever the text is now: so
// a Job whose pod was lost publishes once. Another connection's is another matter.
func TestPostKeepsTheFirst(t *testing.T) {
	s := newStage(t)
	post := func(connection, text string) result {
		return s.runs("post", connection, "--name=news", "--text", text, "--keep-first")
	}
	const waits = "Waiting for xpost {ns}/news to be published ...\n"
	published := result{out: "xpost.x.agentconnect.dev/news published at https://x.com/i/status/20\n", err: waits}
	played := s.answersPost("news", atX(1))
	got := post("agent", "Hello at 12:00")
	played()
	s.expect(got, published)
	s.expect(post("agent", "Hello at 12:05"), result{
		out: published.out, err: "xpost {ns}/news is there already, for another text: it is kept, and this one is not published.\n",
	})
	if text := s.readsPost("news").Spec.Text; text != "Hello at 12:00" {
		t.Errorf("the post says %q", text)
	}
	if got := post("other", "Hello at 12:00"); got.code != command.ExitError {
		t.Errorf("another connection's gave %+v", got)
	}
}

// TestPostTimeout leaves what was asked for, and says so. What stands in the way is
// told meanwhile.
func TestPostTimeout(t *testing.T) {
	s := newStage(t)
	s.expect(s.runs("post", "agent", "--name=news", "--text=One", "--wait=false"), result{out: "xpost.x.agentconnect.dev/news created\n"})
	played := s.answersPost("news", func(object *v1alpha1.XPost) {
		postStands(object, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotConnected, "The XConnection is not there")
	})
	played()
	s.expect(s.runs("post", "agent", "--name=news", "--text=One", "--timeout=300ms"), result{
		code: command.ExitTimeout,
		err: "NotConnected: The XConnection is not there\n" +
			"Waiting for xpost {ns}/news to be published ...\n" +
			"error: xpost {ns}/news did not see the publication within 300ms: NotConnected: The XConnection is not there\n" +
			"What was asked for stands. To look again: kubectl get xpost news -n {ns}\n",
	})
}

// TestPostRights needs to create, get and watch XPosts, and nothing else.
func TestPostRights(t *testing.T) {
	s := newStage(t)
	poster := s.with("poster", rbacv1.PolicyRule{
		APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"xposts"}, Verbs: []string{"create", "get", "watch"},
	})
	played := s.answersPost("news", atX(1))
	got := poster.runs("post", "agent", "--name=news", "--text=One")
	played()
	s.expect(got, result{
		out: "xpost.x.agentconnect.dev/news published at https://x.com/i/status/20\n",
		err: "Waiting for xpost {ns}/news to be published ...\n",
	})
	nobody := s.with("nobody")
	s.expect(nobody.runs("post", "agent", "--name=more", "--text=One"), result{
		code: command.ExitError,
		err: `Error from server (Forbidden): making the xpost {ns}/more: xposts.x.agentconnect.dev is forbidden: ` +
			`User "nobody" cannot create resource "xposts" in API group "x.agentconnect.dev" in the namespace "{ns}"` + "\n",
	})
}

// with makes somebody who has these rights in the stage's namespace, and no others.
func (s *stage) with(name string, rules ...rbacv1.PolicyRule) *person {
	s.t.Helper()
	s.creates(&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}, Rules: rules})
	s.creates(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	})
	config, err := s.cluster.ConfigFor(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return personWith(s.t, s.cluster, config, s.namespace)
}
