// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// newGallery is a namespace with a connection in each of several states.
func newGallery(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.apply("ended", ended, func(conn *v1alpha1.XConnection) { conn.Labels["customer"] = "acme" })
	s.apply("invited", invited)
	s.apply("social-manager", func(conn *v1alpha1.XConnection) {
		connected(conn)
		conn.Status.AppName = "acme"
	}, func(conn *v1alpha1.XConnection) {
		conn.Labels["customer"] = "acme"
		conn.Spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "social-manager"}
	})
	s.apply("unseen", nothingYet)
	return s
}

func ended(conn *v1alpha1.XConnection) {
	connected(conn)
	conn.Status.TokenExpiresAt = at(now.Add(-3 * time.Minute))
	conn.Status.NextRefreshTime = nil
	stands(conn, metav1.ConditionFalse, v1alpha1.ReasonXUnavailable, "X did not give a readable answer: the operator tries again.")
}

// TestStatusTable shows what people see.
func TestStatusTable(t *testing.T) {
	s := newGallery(t)
	s.expect(s.runs("status"), result{out: `NAME             CONNECTED   USERNAME   READY     REASON            SINCE    TOKEN EXPIRES   CONSENT EXPIRES
ended            true        jane_doe   False     XUnavailable      15m      3m ago          in 179d
invited          false       <none>     False     ConsentRequired   <none>   <none>          <none>
social-manager   true        jane_doe   True      Connected         15m      in 105m         in 179d
unseen           false       <none>     Unknown   NotSeenYet        <none>   <none>          <none>
`})
	s.expect(s.runs("status", "-l", "customer=acme", "-o", "wide"), result{out: "" +
		"NAME             CONNECTED   USERNAME   READY   REASON         SINCE   TOKEN EXPIRES   CONSENT EXPIRES   NEXT REFRESH   TOKEN SECRET             AGENT                       AUTH     APP      MESSAGE\n" +
		"ended            true        jane_doe   False   XUnavailable   15m     3m ago          in 179d           <none>         ended-x-token            <none>                      Shared   <none>   X did not give a readable answer: the operator tries again.\n" +
		"social-manager   true        jane_doe   True    Connected      15m     in 105m         in 179d           in 75m         social-manager-x-token   Deployment/social-manager   Shared   acme     The account @jane_doe is connected\n"})
	s.expect(s.runs("status", "social-manager", "--no-headers"), result{out: "social-manager   true   jane_doe   True   Connected   15m   in 105m   in 179d\n"})
}

// TestStatusAcrossNamespaces shows the namespace as well.
func TestStatusAcrossNamespaces(t *testing.T) {
	s := newStage(t)
	s.apply("agent", connected, func(conn *v1alpha1.XConnection) { conn.Labels["only"] = s.namespace })
	got := s.runs("status", "-A", "-l", "only="+s.namespace)
	wide := len(s.namespace) + len("   ") - len("NAMESPACE")
	s.expect(got, result{out: "NAMESPACE" + strings.Repeat(" ", wide) + "NAME    CONNECTED   USERNAME   READY   REASON      SINCE   TOKEN EXPIRES   CONSENT EXPIRES\n" +
		"{ns}   agent   true        jane_doe   True    Connected   15m     in 105m         in 179d\n"})
}

// TestStatusForPrograms shows what scripts read.
func TestStatusForPrograms(t *testing.T) {
	s := newGallery(t)
	s.expect(s.runs("status", "social-manager", "-o", "json"), result{out: `{
    "apiVersion": "cli.x.agentconnect.dev/v1alpha1",
    "connected": true,
    "connectedAt": "2026-04-17T12:00:00Z",
    "kind": "XStatus",
    "message": "The account @jane_doe is connected",
    "metadata": {
        "name": "social-manager",
        "namespace": "{ns}"
    },
    "ready": true,
    "reason": "Connected",
    "refreshTokenExpiresAt": "2026-10-14T12:00:00Z",
    "tokenExpiresAt": "2026-04-17T14:00:00Z",
    "username": "jane_doe"
}
`})
	s.expect(s.runs("status", "-l", "customer!=acme", "-o", "yaml"), result{out: `apiVersion: cli.x.agentconnect.dev/v1alpha1
items:
- apiVersion: cli.x.agentconnect.dev/v1alpha1
  connected: false
  kind: XStatus
  message: A person must open the link in status.authorizeURL and consent
  metadata:
    name: invited
    namespace: {ns}
  ready: false
  reason: ConsentRequired
- apiVersion: cli.x.agentconnect.dev/v1alpha1
  connected: false
  kind: XStatus
  message: The operator has not looked at it yet
  metadata:
    name: unseen
    namespace: {ns}
  ready: false
  reason: NotSeenYet
kind: XStatusList
`})
	s.expect(s.runs("status", "social-manager", "-o", "jsonpath={.username}"), result{out: "jane_doe"})
	s.expect(s.runs("status", "-o", `go-template={{range .items}}{{.metadata.name}}={{.ready}} {{end}}`), result{
		out: "ended=false invited=false social-manager=true unseen=false ",
	})
	s.expect(s.runs("status", "-l", "customer=nobody", "-o", "json"), result{out: `{
    "apiVersion": "cli.x.agentconnect.dev/v1alpha1",
    "items": [],
    "kind": "XStatusList"
}
`})
}

// TestStatusTellsOfTheNamed gives a script the code, and a person the reason.
func TestStatusTellsOfTheNamed(t *testing.T) {
	s := newGallery(t)
	s.expect(s.runs("status", "invited", "social-manager", "missing"), result{
		code: command.ExitError,
		out: `NAME             CONNECTED   USERNAME   READY   REASON            SINCE    TOKEN EXPIRES   CONSENT EXPIRES
invited          false       <none>     False   ConsentRequired   <none>   <none>          <none>
social-manager   true        jane_doe   True    Connected         15m      in 105m         in 179d
`,
		err: `Error from server (NotFound): xconnections.x.agentconnect.dev "missing" not found in the namespace {ns}
error: xconnection {ns}/invited is not ready: ConsentRequired: A person must open the link in status.authorizeURL and consent
To connect it: kubectl xconnection connect invited -n {ns}
`})
	s.expect(s.runs("status", "ended", "-o", "jsonpath={.ready}"), result{
		code: command.ExitNotReady,
		out:  "false",
		err: `error: xconnection {ns}/ended is not ready: XUnavailable: X did not give a readable answer: the operator tries again.
For more: kubectl describe xconnection ended -n {ns}
`})
}

// TestStatusOfNothing says so, in kubectl's words.
func TestStatusOfNothing(t *testing.T) {
	s := newStage(t)
	s.expect(s.runs("status"), result{err: "No resources found in {ns} namespace.\n"})
	s.expect(s.runs("status", "-A", "-l", "customer="+s.namespace), result{err: "No resources found\n"})
}
