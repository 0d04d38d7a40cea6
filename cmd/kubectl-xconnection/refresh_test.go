// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

const requested = "2026-04-17T12:15:00Z"

// TestRefresh says what came of a refresh that was waited for.
func TestRefresh(t *testing.T) {
	const waits = "Waiting for the refresh of xconnection {ns}/agent ...\n"
	tests := map[string]struct {
		answer func(*v1alpha1.XConnection)
		want   result
	}{
		"made": {
			answer: connected,
			want:   result{out: "xconnection.x.agentconnect.dev/agent refreshed\n", err: waits},
		},
		"refused for good": {
			answer: refused,
			want: result{code: command.ExitNotReady, err: waits +
				"error: xconnection {ns}/agent is not ready: ReauthorizationRequired: X does not accept the refresh token any more\n" +
				"To connect it: kubectl xconnection connect agent -n {ns}\n"},
		},
		"failed while the token is valid": {
			answer: unavailable,
			want: result{code: command.ExitError, err: waits +
				"error: the token of xconnection {ns}/agent was not refreshed: XUnavailable: X did not give a readable answer\n" +
				"The present token is valid until it ends; the operator tries again by itself.\n"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.apply("agent", connected)
			played := s.once("agent", asksForRefresh, func(conn *v1alpha1.XConnection) {
				test.answer(conn)
				conn.Status.LastHandledRefreshAt = requested
			})
			got := s.runs("refresh", "agent", "--wait")
			played()
			s.expect(got, test.want)
		})
	}
}

func asksForRefresh(conn *v1alpha1.XConnection) bool {
	return conn.Annotations[v1alpha1.AnnotationRefreshRequestedAt] == requested
}

func refused(conn *v1alpha1.XConnection) {
	conn.Status.Connected = false
	conn.Status.AuthorizeURL = link
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonReauthorizationRequired, "X does not accept the refresh token any more")
}

func unavailable(conn *v1alpha1.XConnection) {
	stands(conn, metav1.ConditionTrue, v1alpha1.ReasonXUnavailable, "X did not give a readable answer")
}

// TestRefreshEndsEarly waits for nothing that can't come.
func TestRefreshEndsEarly(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	played := s.once("agent", asksForRefresh, stalled)
	got := s.runs("refresh", "agent", "--wait")
	played()
	s.expect(got, result{code: command.ExitNotReady, err: "Waiting for the refresh of xconnection {ns}/agent ...\n" +
		"error: xconnection {ns}/agent is not ready: InvalidConfig: The Secret \"my-x-app\" lacks the key clientSecret: add it\n" +
		"For more: kubectl describe xconnection agent -n {ns}\n"})
}

// TestRefreshWithoutWaiting asks and goes.
func TestRefreshWithoutWaiting(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	s.expect(s.runs("refresh", "agent"), result{out: "xconnection.x.agentconnect.dev/agent refresh requested\n"})
	if conn, err := s.reads(t.Context(), "agent"); err != nil || !asksForRefresh(conn) {
		t.Errorf("the annotations are %v (%v)", conn.Annotations, err)
	}
	s.expect(s.runs("refresh", "agent", "-o", "name"), result{out: "xconnection.x.agentconnect.dev/agent\n"})
	s.expect(s.runs("refresh", "agent", "-o", "jsonpath={.kind} {.status.username}"), result{out: "XConnection jane_doe"})
	s.expect(s.runs("refresh", "agent", "--wait", "--timeout=300ms"), result{
		code: command.ExitTimeout,
		err: "Waiting for the refresh of xconnection {ns}/agent ...\n" +
			"error: xconnection {ns}/agent did not see the refresh within 300ms: Connected: The account @jane_doe is connected\n" +
			"What was asked for stands. To look again: kubectl xconnection status agent -n {ns}\n",
	})
}

// TestRefreshOfNothing refuses what has no token.
func TestRefreshOfNothing(t *testing.T) {
	s := newStage(t)
	s.apply("agent", invited)
	s.expect(s.runs("refresh", "agent"), result{code: command.ExitNotReady, err: "error: xconnection {ns}/agent has no token to refresh: " +
		"ConsentRequired: A person must open the link in status.authorizeURL and consent\n" +
		"To connect it: kubectl xconnection connect agent -n {ns}\n"})
	s.expect(s.runs("refresh", "other"), result{code: command.ExitError, err: "Error from server (NotFound): " +
		"xconnections.x.agentconnect.dev \"other\" not found in the namespace {ns}\n"})
}
