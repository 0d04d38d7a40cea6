// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

const asks = "Open this link and consent with the X account to connect:\n"

const consentWaits = asks + "Waiting for a person's consent ...\n"

// walk is what a person finds, what comes of the link that is opened, and what the
// plugin makes of it.
type walk struct {
	before func(*v1alpha1.XConnection)
	then   func(*stage)
	want   result
}

// TestConnect ends with an account.
func TestConnect(t *testing.T) {
	const success = "xconnection {ns}/agent is connected as @jane_doe\n"
	walkAll(t, map[string]walk{
		"at once": {
			before: invited,
			then:   func(s *stage) { s.plays("agent", connected) },
			want:   result{out: link + "\n", err: consentWaits + success},
		},
		"after an earlier denial": {
			before: denied,
			then:   func(s *stage) { s.plays("agent", connected) },
			want: result{out: link + "\n", err: "The last attempt to connect xconnection {ns}/agent failed: AuthorizationDenied: The person declined.\n" +
				consentWaits + success},
		},
		"with another link": {
			before: invited,
			then: func(s *stage) {
				s.plays("agent", func(conn *v1alpha1.XConnection) { conn.Status.AuthorizeURL = link + "d" })
				s.plays("agent", connected)
			},
			want: result{out: link + "\n" + link + "d\n", err: consentWaits + asks + success},
		},
	})
}

// TestConnectFails says why not, and what to do.
func TestConnectFails(t *testing.T) {
	walkAll(t, map[string]walk{
		"denied": {
			before: invited,
			then:   func(s *stage) { s.plays("agent", denied) },
			want: result{out: link + "\n", code: command.ExitNotReady, err: consentWaits +
				"error: xconnection {ns}/agent was not connected: AuthorizationDenied: The person declined.\n" +
				"To try again: kubectl xconnection connect agent -n {ns}\n"},
		},
		"too late": {
			before: invited,
			then: func(s *stage) {
				s.plays("agent", func(conn *v1alpha1.XConnection) { fails(conn, v1alpha1.ReasonSessionExpired, "The link is newer.") })
			},
			want: result{out: link + "\n", code: command.ExitNotReady, err: consentWaits +
				"error: xconnection {ns}/agent was not connected: SessionExpired: The link is newer.\n" +
				"To try again: kubectl xconnection connect agent -n {ns}\n"},
		},
		"denied after the token died": {
			before: refused,
			then: func(s *stage) {
				s.plays("agent", func(conn *v1alpha1.XConnection) {
					refused(conn)
					conn.Status.LastConsent = &v1alpha1.ConsentOutcome{Reason: v1alpha1.ReasonAuthorizationDenied, Time: metav1.NewTime(now)}
				})
			},
			want: result{out: link + "\n", code: command.ExitNotReady, err: "ReauthorizationRequired: X does not accept the refresh token any more\n" + consentWaits +
				"error: xconnection {ns}/agent was not connected: AuthorizationDenied, and then ReauthorizationRequired: X does not accept the refresh token any more\n" +
				"To try again: kubectl xconnection connect agent -n {ns}\n"},
		},
		"the token can't be written": {
			before: invited,
			then:   func(s *stage) { s.plays("agent", conflicting) },
			want: result{out: link + "\n", code: command.ExitNotReady, err: consentWaits +
				"error: xconnection {ns}/agent is connected as @jane_doe, but not ready: TokenSecretConflict: The Secret is somebody else's\n" +
				"For more: kubectl describe xconnection agent -n {ns}\n"},
		},
		"the app breaks meanwhile": {
			before: invited,
			then:   func(s *stage) { s.plays("agent", stalled) },
			want: result{out: link + "\n", code: command.ExitNotReady, err: consentWaits +
				"error: xconnection {ns}/agent is not ready: InvalidConfig: The Secret \"my-x-app\" lacks the key clientSecret: add it\n" +
				"For more: kubectl describe xconnection agent -n {ns}\n"},
		},
		"the object goes": {
			before: invited,
			then:   deletes,
			want: result{out: link + "\n", code: command.ExitError, err: consentWaits +
				"error: xconnection {ns}/agent was deleted while it was waited for\n"},
		},
	})
}

func walkAll(t *testing.T, walks map[string]walk) {
	for name, walk := range walks {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.apply("agent", walk.before)
			s.browser = func(opened string) {
				if opened != link {
					t.Errorf("the link that was opened is %s", opened)
				}
				walk.then(s)
			}
			s.expect(s.runs("connect", "agent", "--open"), walk.want)
		})
	}
}

func denied(conn *v1alpha1.XConnection) {
	fails(conn, v1alpha1.ReasonAuthorizationDenied, "The person declined.")
}

// fails is a status after a consent that connected nothing.
func fails(conn *v1alpha1.XConnection, reason, message string) {
	conn.Status.AuthorizeURL = link
	conn.Status.LastConsent = &v1alpha1.ConsentOutcome{Reason: reason, Time: metav1.NewTime(now)}
	stands(conn, metav1.ConditionFalse, reason, message)
}

func conflicting(conn *v1alpha1.XConnection) {
	connected(conn)
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonTokenSecretConflict, "The Secret is somebody else's")
}

func deletes(s *stage) {
	conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "agent"}}
	if err := s.cluster.Client().Delete(s.t.Context(), conn); err != nil {
		s.t.Error(err)
	}
}

// TestConnectAtOnce are the cases in which nobody has to open anything.
func TestConnectAtOnce(t *testing.T) {
	tests := map[string]struct {
		before func(*v1alpha1.XConnection)
		change func(*v1alpha1.XConnection)
		want   result
	}{
		"connected already": {
			before: connected,
			want:   result{err: "xconnection {ns}/agent is connected as @jane_doe\n"},
		},
		"the app is broken": {
			before: stalled,
			want: result{code: command.ExitNotReady, err: "error: xconnection {ns}/agent is not ready: InvalidConfig: " +
				"The Secret \"my-x-app\" lacks the key clientSecret: add it\nFor more: kubectl describe xconnection agent -n {ns}\n"},
		},
		"suspended": {
			before: invited,
			change: func(conn *v1alpha1.XConnection) { conn.Spec.Suspend = true },
			want: result{code: command.ExitNotReady, err: "error: xconnection {ns}/agent is suspended: nothing is asked of X for it (spec.suspend)\n" +
				`To resume it: kubectl patch xconnection agent -n {ns} --type=merge -p '{"spec":{"suspend":false}}'` + "\n"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			change := test.change
			if change == nil {
				change = func(*v1alpha1.XConnection) {}
			}
			s.apply("agent", test.before, change)
			s.expect(s.runs("connect", "agent"), test.want)
		})
	}
}

// TestConnectWithoutWaiting prints the link alone, for scripts.
func TestConnectWithoutWaiting(t *testing.T) {
	s := newStage(t)
	s.apply("agent", invited)
	s.expect(s.runs("connect", "xconnection.x.agentconnect.dev/agent", "--wait=false"), result{out: link + "\n", err: asks})
}

// TestConnectTimesOut says in each case what is waited for, with the code for
// scripts.
func TestConnectTimesOut(t *testing.T) {
	s := newStage(t)
	s.apply("agent", invited)
	s.expect(s.runs("connect", "agent", "--timeout=500ms"), result{
		out: link + "\n", code: command.ExitTimeout,
		err: asks + "Waiting for a person's consent ...\n" +
			"error: xconnection {ns}/agent did not see a consent within 500ms: ConsentRequired: A person must open the link in status.authorizeURL and consent\n" +
			"What was asked for stands. To look again: kubectl xconnection status agent -n {ns}\n",
	})
	s.apply("early", missing)
	s.expect(s.runs("connect", "early", "--timeout=500ms"), result{
		code: command.ExitTimeout,
		err: "InvalidConfig: The Secret \"my-x-app\" does not exist: make it\nWaiting for a link ...\n" +
			"error: xconnection {ns}/early did not see a consent within 500ms: InvalidConfig: The Secret \"my-x-app\" does not exist: make it\n" +
			"What was asked for stands. To look again: kubectl xconnection status early -n {ns}\n",
	})
	s.apply("unseen", nothingYet)
	s.expect(s.runs("connect", "unseen", "--timeout=500ms"), result{
		code: command.ExitTimeout,
		err: "Waiting for the operator to look at xconnection {ns}/unseen ...\n" +
			"error: xconnection {ns}/unseen did not see a consent within 500ms: the operator does not answer: is it running?\n" +
			"What was asked for stands. To look again: kubectl xconnection status unseen -n {ns}\n",
	})
}

// missing is a status that mends itself once what is missing appears.
func missing(conn *v1alpha1.XConnection) {
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonInvalidConfig, `The Secret "my-x-app" does not exist: make it`)
}

// TestConnectWantsAgain connects what was disconnected.
func TestConnectWantsAgain(t *testing.T) {
	s := newStage(t)
	s.apply("agent", given, func(conn *v1alpha1.XConnection) { conn.Spec.State = v1alpha1.StateDisconnected })
	played := s.once("agent", func(conn *v1alpha1.XConnection) bool { return conn.Spec.State == v1alpha1.StateConnected }, invited)
	s.browser = func(string) { s.plays("agent", connected) }
	got := s.runs("connect", "agent", "--open")
	played()
	s.expect(got, result{
		out: link + "\n",
		err: "xconnection {ns}/agent was disconnected and is wanted again: spec.state is Connected\n" +
			"Waiting for the operator to look at xconnection {ns}/agent ...\n" +
			asks + "Waiting for a person's consent ...\nxconnection {ns}/agent is connected as @jane_doe\n",
	})
}

// given is a status of tokens that were given up.
func given(conn *v1alpha1.XConnection) {
	conn.Status = v1alpha1.XConnectionStatus{Conditions: conn.Status.Conditions}
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonDisconnected, "No account is connected, and no tokens are kept")
}

// TestReconnect waits until this very request was answered: the account that is
// connected all the while is no answer.
func TestReconnect(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	played := s.once("agent", wantsReconnect, due)
	s.browser = func(string) {
		s.plays("agent", func(conn *v1alpha1.XConnection) {
			connected(conn)
			conn.Status.Username = "jane_roe"
			conn.Status.LastHandledReconnectAt = conn.Annotations[v1alpha1.AnnotationReconnectRequestedAt]
		})
	}
	got := s.runs("reconnect", "agent", "--open")
	played()
	s.expect(got, result{
		out: link + "\n",
		err: "Waiting for a link ...\n" +
			"ReauthorizationDue: A new consent was requested\n" +
			asks + "Waiting for a person's consent ...\nxconnection {ns}/agent is connected as @jane_roe\n",
	})
	conn, err := s.reads(t.Context(), "agent")
	if value := conn.Annotations[v1alpha1.AnnotationReconnectRequestedAt]; err != nil || value != "2026-04-17T12:15:00Z" {
		t.Errorf("the request is %q (%v)", value, err)
	}
}

// TestReconnectFails tells how a consent failed although the condition speaks of
// something else, and goes on: the account stays connected, and the link is good.
func TestReconnectFails(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	played := s.once("agent", wantsReconnect, func(conn *v1alpha1.XConnection) {
		conn.Status.AuthorizeURL = link
		unavailable(conn)
	})
	s.browser = func(string) {
		s.plays("agent", func(conn *v1alpha1.XConnection) {
			conn.Status.LastConsent = &v1alpha1.ConsentOutcome{Reason: v1alpha1.ReasonSessionExpired, Time: metav1.NewTime(now)}
		})
		s.plays("agent", func(conn *v1alpha1.XConnection) {
			connected(conn)
			conn.Status.LastHandledReconnectAt = conn.Annotations[v1alpha1.AnnotationReconnectRequestedAt]
		})
	}
	got := s.runs("reconnect", "agent", "--open")
	played()
	s.expect(got, result{
		out: link + "\n",
		err: "Waiting for a link ...\n" +
			"XUnavailable: X did not give a readable answer\n" +
			asks + "Waiting for a person's consent ...\n" +
			"That consent failed: SessionExpired. The present token stays\n" +
			"xconnection {ns}/agent is connected as @jane_doe\n",
	})
}

func due(conn *v1alpha1.XConnection) {
	conn.Status.AuthorizeURL = link
	stands(conn, metav1.ConditionTrue, v1alpha1.ReasonReauthorizationDue, "A new consent was requested")
}

// TestDeletingIsRefused asks nothing of an object that is about to go.
func TestDeletingIsRefused(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected, func(conn *v1alpha1.XConnection) { conn.Finalizers = []string{v1alpha1.FinalizerRevoke} })
	deletes(s)
	for _, verb := range []string{"connect", "reconnect", "refresh"} {
		s.expect(s.runs(verb, "agent"), result{code: command.ExitError, err: "error: xconnection {ns}/agent is being deleted: make a new one once it is gone\n"})
	}
	s.expect(s.runs("disconnect", "agent"), result{code: command.ExitError, err: "error: xconnection {ns}/agent is being deleted: its tokens are revoked with it\n"})
}

func wantsReconnect(conn *v1alpha1.XConnection) bool {
	return conn.Annotations[v1alpha1.AnnotationReconnectRequestedAt] != ""
}
