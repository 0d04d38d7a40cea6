// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// none stands in a table for what there is not.
const none = "<none>"

var statusColumns = []metav1.TableColumnDefinition{
	{Name: "Name", Type: "string", Format: "name"},
	{Name: "Connected", Type: "boolean"},
	{Name: "Username", Type: "string"},
	{Name: columnReady, Type: "string"},
	{Name: "Reason", Type: "string"},
	{Name: columnSince, Type: "string"},
	{Name: "Token Expires", Type: "string"},
	{Name: "Consent Expires", Type: "string"},
	{Name: "Next Refresh", Type: "string", Priority: 1},
	{Name: "Token Secret", Type: "string", Priority: 1},
	{Name: "Agent", Type: "string", Priority: 1},
	{Name: "Auth", Type: "string", Priority: 1},
	{Name: "App", Type: "string", Priority: 1},
	{Name: "Message", Type: "string", Priority: 1},
}

// The columns between which a row is painted.
const (
	columnReady = "Ready"
	columnSince = "Since"
)

// statusTable makes the table for people, with times as they read them.
func statusTable(conns []v1alpha1.XConnection, now time.Time) *metav1.Table {
	table := &metav1.Table{ColumnDefinitions: statusColumns}
	for i := range conns {
		table.Rows = append(table.Rows, metav1.TableRow{
			Cells:  statusCells(&conns[i], now),
			Object: runtime.RawExtension{Object: &conns[i]},
		})
	}
	return table
}

func statusCells(conn *v1alpha1.XConnection, now time.Time) []any {
	status, condition := conn.Status, ready(conn)
	secret, agent := "", ""
	if status.TokenSecretRef != nil {
		secret = status.TokenSecretRef.Name
	}
	if conn.Spec.AgentRef != nil {
		agent = conn.Spec.AgentRef.Kind + "/" + conn.Spec.AgentRef.Name
	}
	return []any{
		conn.Name,
		status.Connected,
		orNone(status.Username),
		string(condition.Status),
		condition.Reason,
		since(status.ConnectedAt, now),
		expiry(status.TokenExpiresAt, now),
		expiry(status.RefreshTokenExpiresAt, now),
		expiry(status.NextRefreshTime, now),
		orNone(secret),
		orNone(agent),
		string(conn.Spec.AuthMethod),
		orNone(status.AppName),
		condition.Message,
	}
}

// statusColour is green for what is well, yellow for what waits for a person or
// was stopped by one, and red for what fails.
func statusColour(conn *v1alpha1.XConnection) terminal.Colour {
	switch reason := ready(conn).Reason; {
	case reason == v1alpha1.ReasonConnected:
		return terminal.Green
	case isReady(conn):
		return terminal.Yellow
	case reason == v1alpha1.ReasonConsentRequired, reason == v1alpha1.ReasonProgressing,
		reason == v1alpha1.ReasonSuspended, reason == v1alpha1.ReasonDisconnected:
		return terminal.Yellow
	default:
		return terminal.Red
	}
}

func orNone(text string) string {
	if text == "" {
		return none
	}
	return text
}

// since is how long ago something was.
func since(at *metav1.Time, now time.Time) string {
	if at == nil {
		return none
	}
	return duration.HumanDuration(max(now.Sub(at.Time), 0))
}

// expiry is how long something is still to come, or how long ago it was.
func expiry(at *metav1.Time, now time.Time) string {
	switch {
	case at == nil:
		return none
	case at.Time.After(now):
		return "in " + duration.HumanDuration(at.Sub(now))
	default:
		return duration.HumanDuration(now.Sub(at.Time)) + " ago"
	}
}
