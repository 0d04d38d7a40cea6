// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
)

const (
	// author writes XPosts in a namespace; approver may approve them there.
	author   = "author"
	approver = "approver"

	saysApproving = "approving an XPost takes the verb approve on it"
	saysRejecting = "rejecting an XPost, or taking that back, takes the verb approve on it"
	saysGivingUp  = "spec.approval of an XPost can be taken from Required only with the verb approve on it"
	saysNotThis   = "the approval does not name this XPost as it is now"
)

// as is a client of a user in the test's namespace.
func as(t *testing.T, user string) client.Client {
	t.Helper()
	cluster := envtest.Cluster(t)
	config, err := cluster.ConfigFor(user)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: cluster.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bindApprovers gives the author and the approver the shipped roles in a namespace.
func bindApprovers(t *testing.T, namespace string) {
	t.Helper()
	for user, role := range map[string]string{author: "x-operator-xpost-editor", approver: "x-operator-xpost-approver"} {
		err := envtest.Cluster(t).Client().Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: user},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func newPost(namespace string) *v1alpha1.XPost {
	return &v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "post-"},
		Spec: v1alpha1.XPostSpec{
			ConnectionRef: v1alpha1.ConnectionReference{Name: "agent"}, Text: "Hello", Approval: v1alpha1.ApprovalRequired,
		},
	}
}

// change is what somebody does to a post.
type change func(*v1alpha1.XPost)

// approve names a generation of the object as it should be.
func approve(generation int64) change {
	return func(post *v1alpha1.XPost) { approveAs(post.ApprovalOf(generation))(post) }
}

func approveAs(value string) change {
	return func(post *v1alpha1.XPost) {
		metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationApprovedGeneration, value)
	}
}

func withdraw(post *v1alpha1.XPost) {
	delete(post.Annotations, v1alpha1.AnnotationApprovedGeneration)
}

func reject(value string) change {
	return func(post *v1alpha1.XPost) {
		metav1.SetMetaDataAnnotation(&post.ObjectMeta, v1alpha1.AnnotationRejectedGeneration, value)
	}
}

func takeBack(post *v1alpha1.XPost) {
	delete(post.Annotations, v1alpha1.AnnotationRejectedGeneration)
}

func giveUp(post *v1alpha1.XPost) { post.Spec.Approval = v1alpha1.ApprovalNotRequired }

func reword(post *v1alpha1.XPost) { post.Spec.Text = "Goodbye" }

// TestApproval: who writes posts does not approve them, on a real API server and
// with the roles as they are shipped.
func TestApproval(t *testing.T) {
	install(t, "default")
	namespace := envtest.Namespace(t, envtest.Cluster(t), nil)
	bindApprovers(t, namespace)
	clients := map[string]client.Client{author: as(t, author), approver: as(t, approver)}
	awaitPolicy(t, clients[author], namespace)
	for name, test := range map[string]struct {
		user string
		// approved and rejected are the annotations that the post has; empty for none.
		approved, rejected string
		change             change
		// want is what the API server says; empty if it lets the change pass.
		want string
	}{
		"the author approves":                 {author, "", "", approve(1), saysApproving},
		"the approver approves":               {approver, "", "", approve(1), ""},
		"the author approves in vain":         {author, "", "", approveAs("1"), saysApproving},
		"the approver names another text":     {approver, "", "", approve(2), saysNotThis},
		"the approver names no object":        {approver, "", "", approveAs("1"), saysNotThis},
		"the approver names another object":   {approver, "", "", approveAs("1-1b4e28ba"), saysNotThis},
		"the author renews an approval":       {author, "1", "", approve(2), saysApproving},
		"the author leaves an approval":       {author, "1", "", reword, ""},
		"the author withdraws an approval":    {author, "1", "", withdraw, ""},
		"the author gives up the approval":    {author, "", "", giveUp, saysGivingUp},
		"the approver gives up the approval":  {approver, "", "", giveUp, ""},
		"the author rejects":                  {author, "", "", reject("1"), saysRejecting},
		"the approver rejects":                {approver, "", "", reject("1"), ""},
		"the author leaves a rejection":       {author, "", "1", reword, ""},
		"the author changes a rejection":      {author, "", "1", reject("7"), saysRejecting},
		"the author takes a rejection back":   {author, "", "1", takeBack, saysRejecting},
		"the approver takes a rejection back": {approver, "", "1", takeBack, ""},
		"the author writes":                   {author, "", "", reword, ""},
		"the author writes and approves at once": {author, "", "", func(post *v1alpha1.XPost) {
			reword(post)
			approve(2)(post)
		}, saysApproving},
		"the approver writes and approves at once": {approver, "", "", func(post *v1alpha1.XPost) {
			reword(post)
			approve(2)(post)
		}, ""},
		"the approver writes and approves what was": {approver, "", "", func(post *v1alpha1.XPost) {
			reword(post)
			approve(1)(post)
		}, saysNotThis},
	} {
		post := newPost(namespace)
		if test.approved != "" {
			approveAs(test.approved)(post)
		}
		if test.rejected != "" {
			reject(test.rejected)(post)
		}
		if err := envtest.Cluster(t).Client().Create(t.Context(), post); err != nil {
			t.Fatal(err)
		}
		before := post.DeepCopy()
		test.change(post)
		checkSays(t, name, clients[test.user].Patch(t.Context(), post, client.MergeFrom(before)), test.want)
	}
	created := newPost(namespace)
	approveAs("1")(created)
	checkSays(t, "the author creates an approved post", clients[author].Create(t.Context(), created), saysApproving)
}

func checkSays(t *testing.T, name string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case want != "" && (!apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: the API server says %v, want that it is refused: %s", name, err, want)
	}
}

// awaitPolicy waits until the API server has taken up roles and policy, both of
// which it follows with a delay.
func awaitPolicy(t *testing.T, c client.Client, namespace string) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		if c.Create(ctx, newPost(namespace), client.DryRunAll) != nil {
			return false, nil
		}
		approved := newPost(namespace)
		approveAs("1")(approved)
		return apierrors.IsForbidden(c.Create(ctx, approved, client.DryRunAll)), nil
	})
	if err != nil {
		t.Fatalf("waiting for the policy: %v", err)
	}
}
