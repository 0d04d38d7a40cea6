// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

// labelPlayed marks the objects whose operator is played by a test.
const labelPlayed = "played"

// stage is where a test plays the operator's part.
type stage struct {
	*person
	cluster *controlplane.ControlPlane
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cluster := envtest.Cluster(t)
	namespace := envtest.Namespace(t, cluster, nil)
	return &stage{person: newPerson(t, cluster, namespace), cluster: cluster}
}

// apply makes an XConnection and gives it a status.
func (s *stage) apply(name string, status func(*v1alpha1.XConnection), change ...func(*v1alpha1.XConnection)) *v1alpha1.XConnection {
	s.t.Helper()
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.namespace, Name: name, Labels: map[string]string{labelPlayed: "true"},
	}}
	for _, apply := range change {
		apply(conn)
	}
	if err := s.cluster.Client().Create(s.t.Context(), conn); err != nil {
		s.t.Fatal(err)
	}
	s.plays(name, status)
	return conn
}

// plays writes a status, as the operator would after it has seen the spec.
func (s *stage) plays(name string, status func(*v1alpha1.XConnection)) {
	s.t.Helper()
	s.alters(name, func(conn *v1alpha1.XConnection) error {
		status(conn)
		conn.Status.ObservedGeneration = conn.Generation
		for i := range conn.Status.Conditions {
			conn.Status.Conditions[i].ObservedGeneration = conn.Generation
		}
		return s.cluster.Client().Status().Update(s.t.Context(), conn)
	})
}

// alters changes an object, again if somebody else was first.
func (s *stage) alters(name string, change func(*v1alpha1.XConnection) error) {
	s.t.Helper()
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		conn, err := s.reads(s.t.Context(), name)
		if err != nil {
			return err
		}
		return change(conn)
	})
	if err != nil {
		s.t.Error(err)
	}
}

func (s *stage) reads(ctx context.Context, name string) (*v1alpha1.XConnection, error) {
	conn := &v1alpha1.XConnection{}
	return conn, s.cluster.Client().Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, conn)
}

// until waits until an object is as wanted, and tells whether it became so.
func (s *stage) until(name string, wanted func(*v1alpha1.XConnection) bool) bool {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		conn, err := s.reads(ctx, name)
		return err == nil && wanted(conn), err
	})
	if err != nil {
		s.t.Errorf("waiting for the xconnection %s to be as wanted: %v", name, err)
	}
	return err == nil
}

// once plays the operator's answer when an object has become as it waits for. The
// returned function waits for the play to end.
func (s *stage) once(name string, asked func(*v1alpha1.XConnection) bool, status func(*v1alpha1.XConnection)) func() {
	played := make(chan struct{})
	go func() {
		defer close(played)
		if s.until(name, asked) {
			s.plays(name, status)
		}
	}()
	return func() { <-played }
}

// stands sets the condition Ready, and Connected with it.
func stands(conn *v1alpha1.XConnection, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&conn.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message,
	})
}

// invited is a status that waits for a person.
func invited(conn *v1alpha1.XConnection) {
	conn.Status.AuthorizeURL = link
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired, "A person must open the link in status.authorizeURL and consent")
}

const link = "https://x.example.com/connect/customer/agent?c=abc"

// connected is a status with an account.
func connected(conn *v1alpha1.XConnection) {
	conn.Status.AuthorizeURL = ""
	conn.Status.Connected, conn.Status.Username, conn.Status.UserID = true, "jane_doe", "2244994945"
	conn.Status.Rotation++
	conn.Status.ConnectedAt = at(now.Add(-15 * time.Minute))
	conn.Status.TokenExpiresAt = at(now.Add(105 * time.Minute))
	conn.Status.RefreshTokenExpiresAt = at(now.Add(180*24*time.Hour - 15*time.Minute))
	conn.Status.NextRefreshTime = at(now.Add(75 * time.Minute))
	conn.Status.TokenSecretRef = &v1alpha1.SecretReference{Name: conn.TokenSecretName()}
	stands(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected, "The account @jane_doe is connected")
}

// stalled is a status that somebody must do something about.
func stalled(conn *v1alpha1.XConnection) {
	conn.Status.AuthorizeURL = ""
	const message = `The Secret "my-x-app" lacks the key clientSecret: add it`
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonInvalidConfig, message)
	meta.SetStatusCondition(&conn.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonInvalidConfig, Message: message,
	})
}

func at(t time.Time) *metav1.Time { return &metav1.Time{Time: t} }

// nothingYet is a status that the operator has not written.
func nothingYet(*v1alpha1.XConnection) {}
