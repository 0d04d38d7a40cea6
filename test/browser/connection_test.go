// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// connection is one XConnection, in a namespace of its own.
type connection struct {
	t *testing.T
	*v1alpha1.XConnection
}

// newConnection makes an XConnection that uses the shared app.
func newConnection(t *testing.T, change ...func(*v1alpha1.XConnectionSpec)) *connection {
	t.Helper()
	if shared == nil {
		t.Skip("no Chromium is on the PATH (in CI this fails)")
	}
	namespace, err := shared.plane.CreateNamespace(t.Context(), "customer", map[string]string{"x": "allowed"})
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{t, &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "social-manager"}}}
	for _, apply := range change {
		apply(&c.Spec)
	}
	if err := shared.plane.Client().Create(t.Context(), c.XConnection); err != nil {
		t.Fatal(err)
	}
	return c
}

// runsAgent makes the Deployment "writer" in the connection's namespace.
func (c *connection) runsAgent() {
	c.t.Helper()
	labels := map[string]string{"app": "writer"}
	agent := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "writer"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "writer", Image: "writer"}}},
			},
		},
	}
	if err := shared.plane.Client().Create(c.t.Context(), agent); err != nil {
		c.t.Fatal(err)
	}
}

// pinned lets one account through and no other.
func pinned(account string) func(*v1alpha1.XConnectionSpec) {
	return func(spec *v1alpha1.XConnectionSpec) { spec.Username = account }
}

// returning sends the browser to the product's page afterwards.
func returning(spec *v1alpha1.XConnectionSpec) {
	spec.RedirectURL = "https://" + productHost + "/settings?tab=x"
}

// eventually waits until something holds of the object.
func (c *connection) eventually(what string, holds func() bool) {
	c.t.Helper()
	err := wait.PollUntilContextTimeout(c.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := shared.plane.Client().Get(ctx, client.ObjectKeyFromObject(c), c.XConnection)
		return err == nil && holds(), err
	})
	if err != nil {
		c.t.Fatalf("waiting for %s: %v; the status is %+v", what, err, c.Status)
	}
}

// link waits for the link that a person is given.
func (c *connection) link() string {
	c.t.Helper()
	c.eventually("a link", func() bool { return c.Status.AuthorizeURL != "" })
	return c.Status.AuthorizeURL
}

// ends waits until Ready has a status and a reason: what `kubectl get` shows.
func (c *connection) ends(status metav1.ConditionStatus, reason string) {
	c.t.Helper()
	c.eventually(reason, func() bool {
		ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Status == status && ready.Reason == reason && ready.ObservedGeneration == c.Generation
	})
}

// alter changes the spec.
func (c *connection) alter(change func(*v1alpha1.XConnectionSpec)) {
	c.t.Helper()
	before := c.DeepCopy()
	change(&c.Spec)
	if err := shared.plane.Client().Patch(c.t.Context(), c.XConnection, client.MergeFrom(before)); err != nil {
		c.t.Fatal(err)
	}
}
