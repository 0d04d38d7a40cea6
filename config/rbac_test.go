// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"context"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/envtest"
)

const (
	controllers = "system:serviceaccount:" + systemNamespace + ":x-operator-controllers"
	callback    = "system:serviceaccount:" + systemNamespace + ":x-operator-callback"
	agent       = "system:serviceaccount:" + systemNamespace + ":x-operator-agent"
	// editor, viewer and admin are people with Kubernetes' own roles in customer-a.
	editor = "editor"
	viewer = "viewer"
	admin  = "admin"
	// reader, poster and holder are agents with the shipped roles in customer-a.
	reader = "system:serviceaccount:customer-a:reader"
	poster = "system:serviceaccount:customer-a:poster"
	holder = "system:serviceaccount:customer-a:holder"
)

// question is one that RBAC answers: may user do verb on resource (with its group
// and subresource) in namespace.
type question struct {
	user, verb, resource, namespace string
}

// rights are what each folder must, and must not, grant.
var rights = map[string]map[question]bool{
	"default": {
		{controllers, "list", "secrets", "customer-a"}:                            true,
		{controllers, "list", "secrets", ""}:                                      true,
		{controllers, "delete", "secrets", systemNamespace}:                       true,
		{controllers, "create", "xconnections.x.agentconnect.dev", ""}:            false,
		{controllers, "delete", "xconnections.x.agentconnect.dev", ""}:            false,
		{controllers, "patch", "xconnections.x.agentconnect.dev/status", ""}:      true,
		{controllers, "delete", "xposts.x.agentconnect.dev", ""}:                  true,
		{controllers, "create", "xposts.x.agentconnect.dev", ""}:                  false,
		{controllers, "deletecollection", "xposts.x.agentconnect.dev", ""}:        false,
		{controllers, "update", "xapps.x.agentconnect.dev", ""}:                   false,
		{controllers, "patch", "xapps.x.agentconnect.dev/status", ""}:             true,
		{controllers, "create", "pods", systemNamespace}:                          false,
		{controllers, "update", "leases.coordination.k8s.io", systemNamespace}:    true,
		{controllers, "update", "leases.coordination.k8s.io", "kube-system"}:      false,
		{controllers, "escalate", "clusterroles.rbac.authorization.k8s.io", ""}:   false,
		{callback, "get", "secrets", "customer-a"}:                                false,
		{callback, "list", "secrets", ""}:                                         false,
		{callback, "get", "secrets", systemNamespace}:                             true,
		{callback, "patch", "secrets", systemNamespace}:                           true,
		{callback, "create", "secrets", systemNamespace}:                          false,
		{callback, "delete", "secrets", systemNamespace}:                          false,
		{callback, "watch", "xconnections.x.agentconnect.dev", ""}:                true,
		{callback, "update", "xconnections.x.agentconnect.dev", ""}:               false,
		{callback, "patch", "xconnections.x.agentconnect.dev/status", ""}:         false,
		{callback, "list", "namespaces", ""}:                                      false,
		{callback, "get", "pods", "customer-a"}:                                   false,
		{agent, "get", "secrets", "customer-a"}:                                   false,
		{agent, "list", "secrets", ""}:                                            false,
		{agent, "list", "secrets", systemNamespace}:                               true,
		{agent, "create", "secrets", systemNamespace}:                             false,
		{agent, "patch", "secrets", systemNamespace}:                              false,
		{agent, "delete", "secrets", systemNamespace}:                             false,
		{agent, "watch", "xconnections.x.agentconnect.dev", ""}:                   true,
		{agent, "patch", "xconnections.x.agentconnect.dev", ""}:                   false,
		{agent, "create", "xposts.x.agentconnect.dev", ""}:                        true,
		{agent, "patch", "xposts.x.agentconnect.dev", ""}:                         true,
		{agent, "delete", "xposts.x.agentconnect.dev", ""}:                        true,
		{agent, "deletecollection", "xposts.x.agentconnect.dev", ""}:              false,
		{agent, "approve", "xposts.x.agentconnect.dev", ""}:                       false,
		{agent, "patch", "xposts.x.agentconnect.dev/status", ""}:                  false,
		{agent, "create", "tokenreviews.authentication.k8s.io", ""}:               true,
		{agent, "create", "subjectaccessreviews.authorization.k8s.io", ""}:        true,
		{agent, "create", "xconnections.x.agentconnect.dev/skill", "customer-a"}:  false,
		{agent, "get", "pods", systemNamespace}:                                   false,
		{reader, "get", "xconnections.x.agentconnect.dev/skill", "customer-a"}:    true,
		{reader, "create", "xconnections.x.agentconnect.dev/skill", "customer-a"}: false,
		{reader, "get", "xconnections.x.agentconnect.dev/skill", "customer-b"}:    false,
		{reader, "get", "xconnections.x.agentconnect.dev/token", "customer-a"}:    false,
		{poster, "create", "xconnections.x.agentconnect.dev/skill", "customer-a"}: true,
		{poster, "delete", "xconnections.x.agentconnect.dev/skill", "customer-a"}: true,
		{poster, "get", "xconnections.x.agentconnect.dev/token", "customer-a"}:    false,
		{poster, "create", "xposts.x.agentconnect.dev", "customer-a"}:             false,
		{poster, "get", "secrets", "customer-a"}:                                  false,
		{holder, "get", "xconnections.x.agentconnect.dev/token", "customer-a"}:    true,
		{holder, "get", "xconnections.x.agentconnect.dev/skill", "customer-a"}:    false,
		{admin, "create", "xconnections.x.agentconnect.dev/skill", "customer-a"}:  true,
		{admin, "get", "xconnections.x.agentconnect.dev/token", "customer-a"}:     true,
		{viewer, "get", "xconnections.x.agentconnect.dev/token", "customer-a"}:    false,
		{viewer, "get", "xconnections.x.agentconnect.dev/skill", "customer-a"}:    false,
		{editor, "create", "xconnections.x.agentconnect.dev", "customer-a"}:       true,
		{editor, "patch", "xconnections.x.agentconnect.dev/status", "customer-a"}: false,
		{editor, "create", "xconnections.x.agentconnect.dev", "customer-b"}:       false,
		{editor, "create", "xapps.x.agentconnect.dev", ""}:                        false,
		{viewer, "get", "xconnections.x.agentconnect.dev", "customer-a"}:          false,
		{viewer, "list", "xconnections.x.agentconnect.dev/status", "customer-a"}:  false,
	},
	"overlays/hardened": {
		{controllers, "list", "secrets", "customer-a"}:                     true,
		{controllers, "list", "secrets", "customer-b"}:                     true,
		{controllers, "list", "secrets", systemNamespace}:                  true,
		{controllers, "list", "secrets", "customer-c"}:                     false,
		{controllers, "get", "secrets", ""}:                                false,
		{controllers, "get", "xconnections.x.agentconnect.dev", ""}:        false,
		{controllers, "watch", "xapps.x.agentconnect.dev", ""}:             true,
		{callback, "get", "xconnections.x.agentconnect.dev", "customer-a"}: true,
		{callback, "get", "xconnections.x.agentconnect.dev", "customer-c"}: false,
		{callback, "get", "secrets", "customer-a"}:                         false,
		{agent, "create", "xposts.x.agentconnect.dev", "customer-a"}:       true,
		{agent, "create", "xposts.x.agentconnect.dev", "customer-c"}:       false,
		{agent, "get", "secrets", "customer-a"}:                            false,
	},
	"overlays/single-namespace": {
		{controllers, "list", "secrets", "customer-a"}:                     true,
		{controllers, "list", "secrets", "customer-b"}:                     false,
		{controllers, "list", "secrets", ""}:                               false,
		{callback, "get", "xconnections.x.agentconnect.dev", "customer-a"}: true,
		{callback, "get", "xconnections.x.agentconnect.dev", "customer-b"}: false,
		{callback, "get", "secrets", "customer-a"}:                         false,
		{agent, "create", "xposts.x.agentconnect.dev", "customer-a"}:       true,
		{agent, "create", "xposts.x.agentconnect.dev", "customer-b"}:       false,
		{agent, "get", "secrets", "customer-a"}:                            false,
	},
}

// TestRights waits for what is allowed, and only then asks, once, what is not: before RBAC
// is known nothing is allowed, and a wait would end at that.
func TestRights(t *testing.T) {
	for folder, answers := range rights {
		t.Run(folder, func(t *testing.T) {
			install(t, folder)
			bindPeople(t)
			awaitRBAC(t)
			for asked, allowed := range answers {
				if allowed {
					awaitYes(t, asked)
				}
			}
			for asked, allowed := range answers {
				if allowed {
					continue
				}
				if got, reason := ask(t, asked); got {
					t.Errorf("%+v is allowed: %s", asked, reason)
				}
			}
		})
	}
}

// awaitRBAC waits until the API server's authorizer, which follows RBAC objects with a
// delay, knows of all that were made and deleted before: it follows each kind in order,
// and here comes a last one of each.
func awaitRBAC(t *testing.T) {
	t.Helper()
	cluster := envtest.Cluster(t)
	namespace := envtest.Namespace(t, cluster, nil)
	named := metav1.ObjectMeta{Name: namespace}
	inside := metav1.ObjectMeta{Name: namespace, Namespace: namespace}
	rules := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get"}}}
	everywhere, here := "everywhere-"+namespace, "here-"+namespace
	person := func(name string) []rbacv1.Subject {
		return []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}}
	}
	role := func(kind string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: namespace}
	}
	for _, object := range []client.Object{
		&rbacv1.ClusterRole{ObjectMeta: named, Rules: rules},
		&rbacv1.ClusterRoleBinding{ObjectMeta: named, Subjects: person(everywhere), RoleRef: role("ClusterRole")},
		&rbacv1.Role{ObjectMeta: inside, Rules: rules},
		&rbacv1.RoleBinding{ObjectMeta: inside, Subjects: person(here), RoleRef: role("Role")},
	} {
		if err := cluster.Client().Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	awaitYes(t, question{everywhere, "get", "configmaps", ""})
	awaitYes(t, question{here, "get", "configmaps", namespace})
}

// awaitYes asks until the answer is yes: Kubernetes' own roles take up ours with a delay.
func awaitYes(t *testing.T, asked question) {
	t.Helper()
	allowed := func(context.Context) (bool, error) {
		yes, _ := ask(t, asked)
		return yes, nil
	}
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 20*time.Second, true, allowed); err != nil {
		t.Errorf("%+v is not allowed: %v", asked, err)
	}
}

func ask(t *testing.T, asked question) (allowed bool, reason string) {
	t.Helper()
	review := asked.review()
	if err := envtest.Cluster(t).Client().Create(t.Context(), review); err != nil {
		t.Fatalf("asking for a review: %v", err)
	}
	return review.Status.Allowed, review.Status.Reason
}

func (q question) review() *authorizationv1.SubjectAccessReview {
	resource, subresource, _ := strings.Cut(q.resource, "/")
	resource, group, _ := strings.Cut(resource, ".")
	return &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: q.user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: q.namespace, Verb: q.verb, Group: group, Resource: resource, Subresource: subresource,
		},
	}}
}

// bindPeople gives people Kubernetes' own roles in customer-a, and agents ours.
func bindPeople(t *testing.T) {
	t.Helper()
	c := envtest.Cluster(t).Client()
	ensureNamespace(t, c, "customer-a")
	for user, role := range map[string]string{
		editor: "edit", viewer: "view", admin: "admin",
		reader: "x-operator-agent-reader", poster: "x-operator-agent-poster", holder: "x-operator-agent-token",
	} {
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: "customer-a", Name: user},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: user}},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		}
		if err := c.Create(t.Context(), binding); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
}
