// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestLife walks a connection's life with the plugin, against the operator itself,
// as somebody who has the shipped role for it and nothing more.
func TestLife(t *testing.T) {
	w := newWorld(t)
	editor := w.editor()
	w.connection("agent")
	said := ""
	steps := []struct {
		arguments []string
		browser   func(link string)
		code      int
		out       string
		err       string
	}{
		{
			arguments: []string{"connect", "agent", "--open"}, browser: w.consents(xsim.Choice{Deny: true}), code: command.ExitNotReady,
			out: `^http://127\.0\.0\.1:\d+/connect/{ns}/agent\?\S+\n$`,
			err: `was not connected: AuthorizationDenied: X reports that the authorization was denied\. .*\nTo try again: kubectl xconnection connect agent -n {ns}\n$`,
		},
		{
			arguments: []string{"connect", "agent", "--open"}, browser: w.consents(xsim.Choice{Account: "jane_doe"}),
			out: `^http://127\.0\.0\.1:\d+/connect/{ns}/agent\?\S+\n$`, err: `xconnection {ns}/agent is connected as @jane_doe\n$`,
		},
		{arguments: []string{"connect", "agent"}, out: `^$`, err: `^xconnection {ns}/agent is connected as @jane_doe\n$`},
		{arguments: []string{"status", "agent"}, out: `(?m)^agent   true +jane_doe   True +Connected   `, err: `^$`},
		{arguments: []string{"refresh", "agent", "--wait"}, out: `^xconnection\.x\.agentconnect\.dev/agent refreshed\n$`, err: `^Waiting for the refresh`},
		{
			arguments: []string{"reconnect", "agent", "--open"}, browser: w.hesitates("jane_doe"),
			out: `^http://127\.0\.0\.1:\d+/connect/{ns}/agent\?\S+\n$`,
			err: `The last consent failed \(AuthorizationDenied\)(?s:.*)xconnection {ns}/agent is connected as @jane_doe\n$`,
		},
		{arguments: []string{"disconnect", "agent"}, out: `^xconnection\.x\.agentconnect\.dev/agent disconnected\n$`, err: `^Waiting for the tokens`},
		{arguments: []string{"status", "agent", "-o", "jsonpath={.connected}"}, code: command.ExitNotReady, out: `^false$`, err: `is not ready: Disconnected`},
		{
			arguments: []string{"connect", "agent", "--open"}, browser: w.consents(xsim.Choice{Account: "jane_roe"}),
			out: `^http://127\.0\.0\.1:\d+/connect/{ns}/agent\?\S+\n$`, err: `wanted again(?s:.*)xconnection {ns}/agent is connected as @jane_roe\n$`,
		},
	}
	for _, step := range steps {
		editor.browser = step.browser
		got := editor.runs(step.arguments...)
		said += got.out + got.err
		if got.code != step.code || !matches(t, editor.fill(step.out), got.out) || !matches(t, editor.fill(step.err), got.err) {
			t.Fatalf("%v gave the exit code %d, standard output\n%s\nand standard error\n%s", step.arguments, got.code, got.out, got.err)
		}
	}
	w.checkStatus(editor.runs("status", "agent", "-o", "json"))
	said += w.publishesAndReads()
	for _, issued := range w.x.Secrets() {
		if strings.Contains(said, issued.Value) {
			t.Errorf("the plugin showed a %s", issued.Kind)
		}
	}
	w.movesAndAdopts()
}

// hesitates is a browser in which somebody declines, and consents once that shows.
func (w *world) hesitates(account string) func(link string) {
	return func(link string) {
		w.consents(xsim.Choice{Account: account, Deny: true})(link)
		w.until("agent", func(conn *v1alpha1.XConnection) bool {
			return strings.Contains(meta.FindStatusCondition(conn.Status.Conditions, v1alpha1.ConditionReady).Message, v1alpha1.ReasonAuthorizationDenied)
		})
		w.consents(xsim.Choice{Account: account})(link)
	}
}

func matches(t *testing.T, pattern, text string) bool {
	t.Helper()
	matched, err := regexp.MatchString(pattern, text)
	if err != nil {
		t.Fatal(err)
	}
	return matched
}

// checkStatus checks the seed's five fields against the object.
func (w *world) checkStatus(got result) {
	w.t.Helper()
	var status struct {
		Connected             bool      `json:"connected"`
		Username              string    `json:"username"`
		ConnectedAt           time.Time `json:"connectedAt"`
		TokenExpiresAt        time.Time `json:"tokenExpiresAt"`
		RefreshTokenExpiresAt time.Time `json:"refreshTokenExpiresAt"`
	}
	if err := json.Unmarshal([]byte(got.out), &status); err != nil {
		w.t.Fatalf("%v in %s", err, got.out)
	}
	token, consent := status.TokenExpiresAt.Sub(status.ConnectedAt), status.RefreshTokenExpiresAt.Sub(status.ConnectedAt)
	if !status.Connected || status.Username != "jane_roe" || token != 2*time.Hour || consent != 180*24*time.Hour {
		w.t.Errorf("the status is %s", got.out)
	}
}

// movesAndAdopts lets the grant be another cluster's, and adopts it.
func (w *world) movesAndAdopts() {
	w.t.Helper()
	conn, err := w.reads(w.t.Context(), "agent")
	if err != nil {
		w.t.Fatal(err)
	}
	stored := &corev1.Secret{}
	stored.Namespace, stored.Name = w.grants, grant.SecretName(conn.UID)
	if err := w.cluster.Client().Patch(w.t.Context(), stored, client.RawPatch("application/merge-patch+json", []byte(`{"stringData":{"cluster":"another"}}`))); err != nil {
		w.t.Fatal(err)
	}
	w.until("agent", hasReason(v1alpha1.ReasonInvalidConfig))
	got := w.runs("adopt", "--grant-namespace", w.grants)
	if got.code != command.ExitOK || !strings.HasSuffix(got.out, "   adopted\n") {
		w.t.Errorf("adopting gave %+v", got)
	}
	w.until("agent", hasReason(v1alpha1.ReasonConnected))
	w.expect(w.runs("connect", "agent"), result{err: "xconnection {ns}/agent is connected as @jane_roe\n"})
}

func hasReason(reason string) func(*v1alpha1.XConnection) bool {
	return func(conn *v1alpha1.XConnection) bool {
		ready := meta.FindStatusCondition(conn.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == reason
	}
}
