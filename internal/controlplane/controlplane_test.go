// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// patience bounds waiting for what the controller manager does.
const patience = time.Minute

func clientOf(t *testing.T, cluster *controlplane.ControlPlane, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: cluster.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func awaitGone(t *testing.T, c client.Client, object client.Object) {
	t.Helper()
	gone := func(ctx context.Context) (bool, error) {
		err := c.Get(ctx, client.ObjectKeyFromObject(object), object)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	}
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, gone); err != nil {
		t.Fatalf("%s is still there: %v", client.ObjectKeyFromObject(object), err)
	}
}

func TestGarbageCollection(t *testing.T) {
	cluster := envtest.Cluster(t)
	c := cluster.Client()
	owner := &xv1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: envtest.Namespace(t, cluster, nil), Name: "owner"}}
	if err := c.Create(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	owned := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace:       owner.Namespace,
		Name:            "owned",
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, xv1alpha1.GroupVersion.WithKind("XConnection"))},
	}}
	if err := c.Create(t.Context(), owned); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, c, owned)
}

func TestNamespaceEnds(t *testing.T) {
	cluster := envtest.Cluster(t)
	c := cluster.Client()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: envtest.Namespace(t, cluster, nil)}}
	connection := &xv1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "inside"}}
	if err := c.Create(t.Context(), connection); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, c, connection)
	awaitGone(t, c, namespace)
}

func TestUsersHaveOnlyTheirRoles(t *testing.T) {
	cluster := envtest.Cluster(t)
	namespace := envtest.Namespace(t, cluster, nil)
	config, err := cluster.ConfigFor("jane", "customers")
	if err != nil {
		t.Fatal(err)
	}
	jane := clientOf(t, cluster, config)
	secrets := &corev1.SecretList{}
	if err := jane.List(t.Context(), secrets, client.InNamespace(namespace)); !apierrors.IsForbidden(err) {
		t.Errorf("jane lists Secrets without a role: %v", err)
	}
	bindSecretReader(t, cluster, namespace, rbacv1.Subject{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "customers"})
	if err := jane.List(t.Context(), secrets, client.InNamespace(namespace)); err != nil {
		t.Errorf("jane's group has a role now: %v", err)
	}
}

func bindSecretReader(t *testing.T, cluster *controlplane.ControlPlane, namespace string, subject rbacv1.Subject) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "secret-reader"}
	role := &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list"}}}}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		Subjects:   []rbacv1.Subject{subject},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
	}
	for _, object := range []client.Object{role, binding} {
		if err := cluster.Client().Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	awaitAllowed(t, cluster, namespace, subject)
}

// awaitAllowed waits until the authorizer's cache knows the binding.
func awaitAllowed(t *testing.T, cluster *controlplane.ControlPlane, namespace string, group rbacv1.Subject) {
	t.Helper()
	allowed := func(ctx context.Context) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			Groups:             []string{group.Name},
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Resource: "secrets", Verb: "list"},
		}}
		err := cluster.Client().Create(ctx, review)
		return review.Status.Allowed, err
	}
	if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, allowed); err != nil {
		t.Fatal(err)
	}
}

func TestServiceAccountTokens(t *testing.T) {
	cluster := envtest.Cluster(t)
	namespace := envtest.Namespace(t, cluster, nil)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "agent"}}
	if err := cluster.Client().Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	config, err := cluster.ServiceAccountConfig(t.Context(), namespace, "agent")
	if err != nil {
		t.Fatal(err)
	}
	want := "system:serviceaccount:" + namespace + ":agent"
	if got := whoami(t, clientOf(t, cluster, config)); got != want {
		t.Errorf("the token belongs to %q, want %q", got, want)
	}
}

func whoami(t *testing.T, c client.Client) string {
	t.Helper()
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.UserInfo.Username
}

func TestTokenReviewChecksTheAudience(t *testing.T) {
	cluster := envtest.Cluster(t)
	namespace := envtest.Namespace(t, cluster, nil)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "agent"}}
	if err := cluster.Client().Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	config, err := cluster.ServiceAccountConfig(t.Context(), namespace, "agent", "x-operator")
	if err != nil {
		t.Fatal(err)
	}
	for audience, want := range map[string]bool{"x-operator": true, "another": false} {
		review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: config.BearerToken, Audiences: []string{audience}}}
		if err := cluster.Client().Create(t.Context(), review); err != nil {
			t.Fatal(err)
		}
		if got := review.Status.Authenticated; got != want {
			t.Errorf("audience %s: authenticated %t, want %t", audience, got, want)
		}
	}
}

func TestAnonymousReachesHealthAlone(t *testing.T) {
	cluster := envtest.Cluster(t)
	config := rest.AnonymousClientConfig(cluster.Config())
	anonymous, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"readyz": http.StatusOK, "version": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, config.Host+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := anonymous.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("/%s answers an anonymous caller with %d, want %d", path, answer.StatusCode, want)
		}
	}
}

func TestKubectl(t *testing.T) {
	cluster := envtest.Cluster(t)
	if _, err := cluster.Kubectl(t.Context(), "get", "agentconnect", "--all-namespaces"); err != nil {
		t.Error(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "get", "nonsense"); err == nil || !strings.Contains(err.Error(), `a resource type "nonsense"`) {
		t.Errorf("the error is %v, want kubectl's own words", err)
	}
	info, err := os.Stat(cluster.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the kubeconfig has mode %s: others can read it", info.Mode())
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := cluster.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		t.Errorf("left behind: %s", entry.Name())
	}
}

func TestFailingBuildIsToldWithItsOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	script := "#!/bin/sh\necho 'no space left' >&2\nexit 1\n"
	if err := os.MkdirAll("hack/controlplane", 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("hack/controlplane/build.sh", []byte(script), 0o700); err != nil { //nolint:gosec // It is run.
		t.Fatal(err)
	}
	_, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("the error is %v, want the build's own words", err)
	}
}

func TestOutsideTheRepository(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err == nil || !strings.Contains(err.Error(), "run this inside the x-operator repository") {
		t.Errorf("the error is %v, want what to do", err)
	}
}
