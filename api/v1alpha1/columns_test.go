// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// table is what kubectl prints, cell by cell. It parts the columns by at least
// two spaces and their names hold at most one; the row's age is left out.
func table(t *testing.T, arguments ...string) [][]string {
	t.Helper()
	output, err := envtest.Cluster(t).Kubectl(t.Context(), arguments...)
	if err != nil {
		t.Fatal(err)
	}
	parting := regexp.MustCompile(` {2,}`)
	var rows [][]string
	for line := range strings.Lines(output) {
		rows = append(rows, parting.Split(strings.TrimSpace(line), -1))
	}
	return rows
}

func wantTable(t *testing.T, got [][]string, want ...string) {
	t.Helper()
	for row := range got {
		if text := strings.Join(got[row], "|"); row >= len(want) || !regexp.MustCompile("^"+want[row]+"$").MatchString(text) {
			t.Errorf("row %d is %s, want one of %q", row, text, want)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}

func storeWithStatus(t *testing.T, object client.Object, setStatus func()) {
	t.Helper()
	c := envtest.Cluster(t).Client()
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Delete(context.Background(), object); err != nil {
			t.Error(err)
		}
	})
	setStatus()
	if err := c.Status().Update(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

func ready(status metav1.ConditionStatus, reason string) []metav1.Condition {
	return []metav1.Condition{{Type: xv1alpha1.ConditionReady, Status: status, Reason: reason, LastTransitionTime: metav1.Now()}}
}

func TestConnectionColumns(t *testing.T) {
	namespace := envtest.Namespace(t, envtest.Cluster(t), nil)
	connected := &xv1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "connected"}}
	connected.Spec.AgentRef = &xv1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "agent"}
	storeWithStatus(t, connected, func() {
		// Long ahead: kubectl would print <invalid> for it in a date column.
		future := metav1.NewTime(time.Date(2199, 1, 2, 3, 4, 5, 0, time.UTC))
		connected.Status = xv1alpha1.XConnectionStatus{
			Connected: true, Username: "jane_doe", TokenExpiresAt: &future, NextRefreshTime: &future,
			TokenSecretRef: &xv1alpha1.SecretReference{Name: "token"}, AppName: "acme",
			Conditions: ready(metav1.ConditionTrue, xv1alpha1.ReasonConnected),
		}
	})
	waiting := &xv1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "waiting"}}
	storeWithStatus(t, waiting, func() {
		waiting.Status.Conditions = ready(metav1.ConditionFalse, xv1alpha1.ReasonConsentRequired)
	})

	wantTable(t, table(t, "get", "xconn", "-n", namespace),
		`NAME\|CONNECTED\|USERNAME\|READY\|REASON\|EXPIRES\|AGE`,
		`connected\|true\|jane_doe\|True\|Connected\|2199-01-02T03:04:05Z\|\d+s`,
		`waiting\|false\|False\|ConsentRequired\|\d+s`)
	wantTable(t, table(t, "get", "xconn", "-n", namespace, "-o", "wide")[:2],
		`NAME\|CONNECTED\|USERNAME\|READY\|REASON\|EXPIRES\|AGE\|NEXT REFRESH\|TOKEN SECRET\|AGENT\|AUTH\|APP`,
		`connected\|true\|jane_doe\|True\|Connected\|2199-01-02T03:04:05Z\|\d+s\|2199-01-02T03:04:05Z\|token\|agent\|Shared\|acme`)
}

func TestAppColumns(t *testing.T) {
	object := &xv1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{Name: "columns", Annotations: map[string]string{xv1alpha1.AnnotationDefaultApp: "true"}}}
	object.Spec.CredentialsSecretRef.Name = "columns"
	storeWithStatus(t, object, func() {
		object.Status = xv1alpha1.XAppStatus{
			CallbackURL: "https://x.example.com/oauth2/callback", Connections: 412,
			Conditions: ready(metav1.ConditionTrue, xv1alpha1.ReasonAvailable),
		}
	})
	wantTable(t, table(t, "get", "xapp", "columns", "-o", "wide"),
		`NAME\|READY\|REASON\|CONNECTIONS\|DEFAULT\|AGE\|CALLBACK URL`,
		`columns\|True\|Available\|412\|true\|\d+s\|https://x.example.com/oauth2/callback`)
}

func TestPostColumns(t *testing.T) {
	namespace := envtest.Namespace(t, envtest.Cluster(t), nil)
	published := &xv1alpha1.XPost{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "published"}}
	published.Spec.ConnectionRef.Name, published.Spec.Text = "agent", "Hello"
	storeWithStatus(t, published, func() {
		published.Status = xv1alpha1.XPostStatus{
			Progress:   "1/1",
			Posts:      []xv1alpha1.PublishedPost{{ID: "20", URL: "https://x.com/jane_doe/status/20", PublishedAt: metav1.Now()}},
			Conditions: ready(metav1.ConditionTrue, xv1alpha1.ReasonPublished),
		}
	})
	// Long ahead: kubectl would print <invalid> for it in a date column.
	future := metav1.NewTime(time.Date(2199, 1, 2, 3, 4, 5, 0, time.UTC))
	waiting := &xv1alpha1.XPost{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "waiting"}}
	waiting.Spec = xv1alpha1.XPostSpec{
		ConnectionRef: xv1alpha1.ConnectionReference{Name: "agent"}, Thread: []string{"one", "two"},
		PublishAt: &future, Approval: xv1alpha1.ApprovalRequired, DeletionPolicy: xv1alpha1.DeletionDelete,
	}
	storeWithStatus(t, waiting, func() {
		waiting.Status = xv1alpha1.XPostStatus{
			Progress: "0/2", Conditions: ready(metav1.ConditionFalse, xv1alpha1.ReasonAwaitingApproval),
		}
	})

	wantTable(t, table(t, "get", "xpost", "-n", namespace),
		`NAME\|CONNECTION\|READY\|REASON\|POSTS\|URL\|AGE`,
		`published\|agent\|True\|Published\|1/1\|https://x.com/jane_doe/status/20\|\d+s`,
		`waiting\|agent\|False\|AwaitingApproval\|0/2\|\d+s`)
	wantTable(t, table(t, "get", "xpost", "-n", namespace, "-o", "wide"),
		`NAME\|CONNECTION\|READY\|REASON\|POSTS\|URL\|AGE\|PUBLISH AT\|APPROVAL\|DELETION`,
		`published\|agent\|True\|Published\|1/1\|https://x.com/jane_doe/status/20\|\d+s\|NotRequired\|Retain`,
		`waiting\|agent\|False\|AwaitingApproval\|0/2\|\d+s\|2199-01-02T03:04:05Z\|Required\|Delete`)
}
