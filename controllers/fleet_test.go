// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/gosource"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// TestReasonsAreAllKnown holds the reasons that metrics tell apart to the API's.
func TestReasonsAreAllKnown(t *testing.T) {
	declared, err := gosource.Constants("api/v1alpha1", "Reason")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Values(declared))
	if got := slices.Sorted(maps.Keys(reasons)); !slices.Equal(got, want) {
		t.Errorf("metrics know the reasons\n%v, the API has\n%v", got, want)
	}
}

// anHourAgo is the uid of connections that were refreshed then.
var anHourAgo = uidDue(someTime.Add(-time.Hour))

// refreshedConnection is one whose token is valid for another hour, and whose refresh
// is due in half an hour.
func refreshedConnection() *v1alpha1.XConnection {
	return &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{Namespace: "customer", Name: "agent", UID: anHourAgo},
		Spec:       v1alpha1.XConnectionSpec{State: v1alpha1.StateConnected},
		Status: v1alpha1.XConnectionStatus{
			Connected:             true,
			ConnectedAt:           timeOf(someTime.Add(-24 * time.Hour)),
			LastRefreshTime:       timeOf(someTime.Add(-time.Hour)),
			TokenExpiresAt:        timeOf(someTime.Add(time.Hour)),
			RefreshTokenExpiresAt: timeOf(someTime.Add(179 * 24 * time.Hour)),
			NextRefreshTime:       timeOf(someTime.Add(30 * time.Minute)),
			Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonConnected},
				{Type: v1alpha1.ConditionConnected, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonConnected},
			},
		},
	}
}

// refreshedCounted is what is counted of it.
var refreshedCounted = metrics.Connection{
	Namespace: "customer", Name: "agent", Ready: "True", Connected: "True", Reason: "Connected",
	AccessTokenEnds: someTime.Add(time.Hour), RefreshTokenEnds: someTime.Add(179 * 24 * time.Hour),
	RefreshDue: someTime.Add(30 * time.Minute),
}

// because gives Ready a reason.
func because(reason string) func(*v1alpha1.XConnection) {
	return func(conn *v1alpha1.XConnection) { conn.Status.Conditions[0].Reason = reason }
}

func TestCountedAs(t *testing.T) {
	type connection = v1alpha1.XConnection
	for name, test := range map[string]struct {
		change func(*connection)
		want   func(*metrics.Connection)
	}{
		"in good order": {func(*connection) {}, func(*metrics.Connection) {}},
		"late": {
			func(conn *connection) { conn.Status.LastRefreshTime = timeOf(someTime.Add(-150 * time.Minute)) },
			func(c *metrics.Connection) { c.RefreshDue = someTime.Add(-time.Hour) },
		},
		"an interval that ends too close to the token's end": {
			func(conn *connection) { conn.Spec.RefreshInterval = &metav1.Duration{Duration: 2400 * time.Hour} },
			func(c *metrics.Connection) { c.RefreshDue = someTime.Add(45 * time.Minute) },
		},
		"no status yet": {
			func(conn *connection) { conn.Status = v1alpha1.XConnectionStatus{} },
			func(c *metrics.Connection) {
				*c = metrics.Connection{Namespace: "customer", Name: "agent", Ready: "Unknown", Connected: "Unknown", Reason: "None"}
			},
		},
		"not connected": {
			func(conn *connection) { conn.Status.Connected = false },
			func(c *metrics.Connection) {
				c.AccessTokenEnds, c.RefreshTokenEnds, c.RefreshDue = time.Time{}, time.Time{}, time.Time{}
			},
		},
		"suspended":    {func(conn *connection) { conn.Spec.Suspend = true }, noRefresh("Connected")},
		"disconnected": {func(conn *connection) { conn.Spec.State = v1alpha1.StateDisconnected }, noRefresh("Connected")},
		"deleted":      {func(conn *connection) { conn.DeletionTimestamp = timeOf(someTime) }, noRefresh("Connected")},
		"no app":       {because(v1alpha1.ReasonInvalidConfig), noRefresh("InvalidConfig")},
		"another app":  {because(v1alpha1.ReasonReauthorizationRequired), noRefresh("ReauthorizationRequired")},
		"an old consent": {
			because(v1alpha1.ReasonReauthorizationDue),
			func(c *metrics.Connection) { c.Reason = v1alpha1.ReasonReauthorizationDue },
		},
		"no refresh token": {
			func(conn *connection) {
				because(v1alpha1.ReasonReauthorizationDue)(conn)
				conn.Status.NextRefreshTime = nil
			},
			noRefresh("ReauthorizationDue"),
		},
		"a reason of another version": {because("Novel"), func(c *metrics.Connection) { c.Reason = "Other" }},
		"a status of another version": {
			func(conn *connection) { conn.Status.Conditions[1].Status = "Maybe" },
			func(c *metrics.Connection) { c.Connected = "Unknown" },
		},
	} {
		conn, want := refreshedConnection(), refreshedCounted
		test.change(conn)
		test.want(&want)
		if diff := cmp.Diff(want, countedAs(conn, someTime), cmpopts.EquateApproxTime(time.Second)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestUndelivered: agents do not get tokens that are there, for these reasons alone.
func TestUndelivered(t *testing.T) {
	for _, test := range []struct {
		reason string
		tokens bool
		want   bool
	}{
		{v1alpha1.ReasonInternalError, true, true},
		{v1alpha1.ReasonTokenSecretConflict, true, true},
		{v1alpha1.ReasonProgressing, true, true},
		// So ended a consent, or it is under way.
		{v1alpha1.ReasonInternalError, false, false},
		{v1alpha1.ReasonProgressing, false, false},
		{v1alpha1.ReasonConnected, true, false},
		{v1alpha1.ReasonXUnavailable, true, false},
		{v1alpha1.ReasonInvalidConfig, true, false},
	} {
		for _, connected := range []bool{true, false} {
			conn := refreshedConnection()
			because(test.reason)(conn)
			conn.Status.Connected = connected
			if !test.tokens {
				conn.Status.TokenExpiresAt = nil
			}
			if got := countedAs(conn, someTime).Undelivered; got != test.want {
				t.Errorf("%s, tokens %t, connected %t: undelivered %t", test.reason, test.tokens, connected, got)
			}
		}
	}
}

// TestRollbackIsUndelivered: status keeps what it had while the grant can't be read.
func TestRollbackIsUndelivered(t *testing.T) {
	conn := refreshedConnection()
	conn.Status = statusOf(&scope{conn: conn, before: conn.DeepCopy(), unreadable: grant.ErrNewerSchema, now: someTime})
	want := metrics.Connection{
		Namespace: "customer", Name: "agent", Ready: "False", Connected: "False", Reason: "InternalError", Undelivered: true,
	}
	if diff := cmp.Diff(want, countedAs(conn, someTime)); diff != "" {
		t.Error(diff)
	}
}

func noRefresh(reason string) func(*metrics.Connection) {
	return func(c *metrics.Connection) { c.RefreshDue, c.Reason = time.Time{}, reason }
}

// counted gives the series that a fleet makes.
func counted(t *testing.T, fleet *Fleet) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	metrics.Register(registry)
	defer metrics.Watch(fleet.Count)()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var series []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			text := family.GetName()
			for _, pair := range metric.GetLabel() {
				text += " " + pair.GetValue()
			}
			if metric.GetGauge() != nil {
				series = append(series, fmt.Sprint(text, " ", metric.GetGauge().GetValue()))
			}
		}
	}
	return series
}

func newFleet(t testing.TB, reader client.Reader) *Fleet {
	t.Helper()
	now, writes := func() time.Time { return someTime }, 0
	r := xappReconciler(t, now, &writes)
	if reader == nil {
		reader = r.Client
	}
	elected := make(chan struct{})
	close(elected)
	return &Fleet{
		Reader: reader, Gate: r.Gate, Pacer: r.Pacer, Namespace: r.Namespace,
		Lease: "x-operator", Elected: elected, Now: now, Log: logr.Discard(),
	}
}

func TestFleetCounts(t *testing.T) {
	fleet := newFleet(t, nil)
	writer := fleet.Reader.(client.Client)
	if err := writer.Create(t.Context(), refreshedConnection()); err != nil {
		t.Fatal(err)
	}
	if err := writer.Create(t.Context(), readyPostScope().post); err != nil {
		t.Fatal(err)
	}
	orphan := &v1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{Name: "orphan"}}
	if err := writer.Create(t.Context(), orphan); err != nil {
		t.Fatal(err)
	}
	fleet.Pacer.Report(pace.Call{Endpoint: xapi.EndpointCreatePost, App: "client"},
		xapi.Limits{App24Hour: xapi.Window{Limit: 100, Remaining: 0, ResetAt: time.Unix(someTime.Unix()+60, 0)}}, nil)
	want := []string{
		"xoperator_access_token_soonest_expiry_seconds 3600",
		"xoperator_app_connections acme 0",
		"xoperator_app_connections orphan 0",
		"xoperator_app_held acme posts RateLimited 1",
		"xoperator_app_held acme posts UsageCapExceeded 0",
		"xoperator_app_held acme tokens InvalidConfig 0",
		"xoperator_app_held acme tokens RateLimited 0",
		"xoperator_app_held acme tokens UsageCapExceeded 0",
		"xoperator_app_held acme tokens XUnavailable 0",
		"xoperator_app_held orphan tokens InvalidConfig 1",
		"xoperator_app_limit acme POST /2/tweets 100",
		"xoperator_app_limit_remaining acme POST /2/tweets 0",
		fmt.Sprint("xoperator_app_limit_reset_timestamp_seconds acme POST /2/tweets ", float64(someTime.Unix()+60)),
		"xoperator_connections True True Connected 1",
		"xoperator_leader x-operator 1",
		"xoperator_posts Unknown None 1",
		"xoperator_refresh_overdue_seconds 0",
		"xoperator_refresh_token_soonest_expiry_seconds 1.54656e+07",
	}
	if diff := cmp.Diff(want, counted(t, fleet)); diff != "" {
		t.Error(diff)
	}
	fleet.PerObject = true
	if got := len(counted(t, fleet)); got != len(want)+3 {
		t.Errorf("a connection has %d series of its own, want 3", got-len(want))
	}
}

// TestAppConnections: an app's are the connected ones that name it, or use it without a
// name, whichever is the default one; a tenant's own app is none of them.
func TestAppConnections(t *testing.T) {
	fleet := newFleet(t, nil)
	xapp := &v1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{
		Name: "main", Annotations: map[string]string{v1alpha1.AnnotationDefaultApp: "true"},
	}}
	if err := fleet.Reader.(client.Client).Create(t.Context(), xapp); err != nil {
		t.Fatal(err)
	}
	using := func(app string, change func(*v1alpha1.XConnection)) v1alpha1.XConnection {
		conn := refreshedConnection()
		conn.Spec.AppName = app
		change(conn)
		return *conn
	}
	as := func(*v1alpha1.XConnection) {}
	fleet.Reader = shared{fleet.Reader, t, []v1alpha1.XConnection{
		using("acme", as), using("main", as), using("gone", as),
		using("", func(conn *v1alpha1.XConnection) { conn.Status.AppName = "acme" }),
		using("main", func(conn *v1alpha1.XConnection) { conn.Status.AppName = "acme" }),
		using("acme", func(conn *v1alpha1.XConnection) { conn.Status.Connected = false }),
		using("", func(conn *v1alpha1.XConnection) { conn.Spec.AuthMethod = v1alpha1.AuthOwn }),
	}}
	var got []string
	for _, series := range counted(t, fleet) {
		if strings.HasPrefix(series, "xoperator_app_connections ") {
			got = append(got, series)
		}
	}
	want := []string{"xoperator_app_connections acme 2", "xoperator_app_connections main 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFleetOfAStandby(t *testing.T) {
	fleet := newFleet(t, broken{t})
	fleet.Elected = make(chan struct{})
	if got := counted(t, fleet); !slices.Equal(got, []string{"xoperator_leader x-operator 0"}) {
		t.Errorf("a replica that waits for its lease has %v", got)
	}
}

// TestFleetWithoutCache: what can't be read is left out, and the rest is scraped.
func TestFleetWithoutCache(t *testing.T) {
	want := []string{"xoperator_leader x-operator 1", "xoperator_refresh_overdue_seconds 0"}
	if got := counted(t, newFleet(t, broken{nil})); !slices.Equal(got, want) {
		t.Errorf("without a cache it has %v", got)
	}
}

// broken fails, and fails the test if there is one.
type broken struct{ t *testing.T }

func (b broken) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return b.List(context.Background(), nil)
}

func (b broken) List(context.Context, client.ObjectList, ...client.ListOption) error {
	if b.t != nil {
		b.t.Error("the cache is asked")
	}
	return errors.New("no cache")
}

// shared lists connections as the cache does without deep copies, and fails the test
// if it is asked for any.
type shared struct {
	client.Reader
	t     testing.TB
	items []v1alpha1.XConnection
}

func (s shared) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	into, ok := list.(*v1alpha1.XConnectionList)
	if !ok {
		return s.Reader.List(ctx, list, options...)
	}
	asked := (&client.ListOptions{}).ApplyOptions(options)
	if asked.UnsafeDisableDeepCopy == nil || !*asked.UnsafeDisableDeepCopy {
		s.t.Error("each connection would be copied")
	}
	into.Items = slices.Clone(s.items)
	return nil
}

// many are connections in random states, some of which no version of ours writes.
func many(count int) []v1alpha1.XConnection {
	words := slices.Concat(slices.Sorted(maps.Keys(reasons)), []string{"", "Novel", "Other\n"})
	statuses := []metav1.ConditionStatus{"True", "False", "Unknown", "", "Maybe"}
	items := make([]v1alpha1.XConnection, count)
	for i := range items {
		conn := refreshedConnection()
		conn.Name = fmt.Sprint("agent-", i)
		for j := range conn.Status.Conditions {
			conn.Status.Conditions[j].Status = statuses[rand.IntN(len(statuses))]
			conn.Status.Conditions[j].Reason = words[rand.IntN(len(words))] + []string{"", fmt.Sprint(i)}[rand.IntN(2)]
		}
		items[i] = *conn
	}
	return items
}

// TestCardinality: the number of series has a bound that no tenant can raise.
func TestCardinality(t *testing.T) {
	fleet := newFleet(t, nil)
	fleet.Reader = shared{fleet.Reader, t, many(10_000)}
	got := len(counted(t, fleet))
	// Three statuses of two conditions for each reason, and what else there is.
	if most := 9*(len(reasons)+2) + 20; got > most || got < len(reasons) {
		t.Errorf("10,000 connections have %d series, at most %d are allowed", got, most)
	}
}

// BenchmarkScrape is one scrape of ten thousand connections.
func BenchmarkScrape(b *testing.B) {

	fleet := newFleet(b, nil)
	fleet.Reader = shared{fleet.Reader, b, many(10_000)}
	registry := prometheus.NewRegistry()
	metrics.Register(registry)
	defer metrics.Watch(fleet.Count)()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := testutil.GatherAndCount(registry); err != nil {
			b.Fatal(err)
		}
	}
}
