// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
	"github.com/agentconnect/x-operator/internal/app"
)

// publishesAndReads publishes through the connected account, and reads what mentions
// it: with the token Secret, and through the agents' door as a service account. It
// gives all that was said.
func (w *world) publishesAndReads() string {
	w.t.Helper()
	w.x.RegisterAccount("john_roe")
	asked, err := w.x.Publish("john_roe", "@jane_roe what is new?", "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	file, caller := w.serviceAccount("poster", true), []string{"--door", "http://" + w.door}
	steps := []struct {
		arguments []string
		code      int
		out       string
		err       string
	}{
		{arguments: []string{"post", "agent", "--request-id=1", "--text=Hello"}, out: `^xpost\.x\.agentconnect\.dev/agent-\S+ published at https://x\.com/\S+\n$`},
		{arguments: []string{"post", "agent", "--request-id=1", "--text=Hello"}, out: `^xpost\.x\.agentconnect\.dev/agent-\S+ published at https://x\.com/\S+\n$`},
		{arguments: []string{"post", "agent", "--text=One", "--text=Two", "-o", "jsonpath={.status.progress}"}, out: `^2/2$`},
		{arguments: []string{"post", "agent", "--text=This is", "--reply-to", asked.ID}, out: `published at `},
		{arguments: []string{"post", "agent", "--text=" + strings.Repeat("x", 300)}, code: command.ExitNotReady, out: `^$`, err: `is not published: TooLong: `},
		{arguments: []string{"mentions", "agent", "--x-api-url", w.api}, out: `(?m)^` + asked.ID + ` +@john_roe .*@jane_roe what is new\?$`},
		{arguments: append([]string{"mentions", "agent", "--token-file", file, "-o=jsonpath={.items[*].id}"}, caller...), out: `^` + asked.ID + `$`},
		{arguments: append([]string{"mentions", "agent", "--token-file", w.serviceAccount("stranger", false)}, caller...), code: command.ExitError, out: `^$`, err: `(?i)forbidden`},
		{arguments: append([]string{"mentions", "nothing", "--token-file", file}, caller...), code: command.ExitNotReady, out: `^$`, err: `the mentions of xconnection {ns}/nothing can't be read: `},
	}
	said := ""
	for _, step := range steps {
		got := w.runs(step.arguments...)
		said += got.out + got.err
		if got.code != step.code || !matches(w.t, w.fill(step.out), got.out) || !matches(w.t, w.fill(step.err), got.err) {
			w.t.Errorf("%v gave the exit code %d, standard output\n%s\nand standard error\n%s", step.arguments, got.code, got.out, got.err)
		}
	}
	w.checkPosts([]string{"@jane_roe what is new?", "Hello", "One", "Two", "This is"})
	return said
}

// serviceAccount makes one, with or without the right to the agents' tools, and gives
// a file with its token for the door.
func (w *world) serviceAccount(name string, may bool) string {
	w.t.Helper()
	w.creates(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}})
	if may {
		w.creates(&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"xconnections/skill"}, Verbs: []string{"get"},
		}}})
		w.creates(&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.namespace, Name: name}},
		})
	}
	config, err := w.cluster.ServiceAccountConfig(w.t.Context(), w.namespace, name, app.DefaultAgentAudience)
	if err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(w.t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(config.BearerToken), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// checkPosts compares what is at X, in order.
func (w *world) checkPosts(want []string) {
	w.t.Helper()
	var texts []string
	for _, post := range w.x.Books().Posts {
		texts = append(texts, post.Text)
	}
	if !slices.Equal(texts, want) {
		w.t.Errorf("X has the posts %q, want %q", texts, want)
	}
}
