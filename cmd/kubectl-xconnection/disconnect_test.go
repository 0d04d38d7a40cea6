// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

func isUnwanted(conn *v1alpha1.XConnection) bool {
	return conn.Spec.State == v1alpha1.StateDisconnected
}

// TestDisconnect waits until the tokens are revoked, and finds nothing to do the
// second time.
func TestDisconnect(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	played := s.once("agent", isUnwanted, given)
	got := s.runs("disconnect", "agent")
	played()
	s.expect(got, result{
		out: "xconnection.x.agentconnect.dev/agent disconnected\n",
		err: "Waiting for the tokens of xconnection {ns}/agent to be revoked ...\n",
	})
	s.expect(s.runs("disconnect", "agent"), result{out: "xconnection.x.agentconnect.dev/agent disconnected (unchanged)\n"})
}

// TestDisconnectWithoutWaiting asks and goes; the next call waits for the same.
func TestDisconnectWithoutWaiting(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected)
	s.expect(s.runs("disconnect", "agent", "--wait=false"), result{out: "xconnection.x.agentconnect.dev/agent disconnect requested\n"})
	s.plays("agent", func(conn *v1alpha1.XConnection) {
		const message = "X is yet to be asked to revoke the tokens"
		stands(conn, metav1.ConditionFalse, v1alpha1.ReasonNotRevoked, message)
		meta.SetStatusCondition(&conn.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNotRevoked, Message: message,
		})
	})
	s.expect(s.runs("disconnect", "agent", "--timeout=300ms"), result{
		code: command.ExitTimeout,
		err: "NotRevoked: X is yet to be asked to revoke the tokens\n" +
			"Waiting for the tokens of xconnection {ns}/agent to be revoked ...\n" +
			"error: xconnection {ns}/agent did not see the revocation within 300ms: NotRevoked: X is yet to be asked to revoke the tokens\n" +
			"What was asked for stands. To look again: kubectl xconnection status agent -n {ns}\n",
	})
}
