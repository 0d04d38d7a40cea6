// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var now = time.Date(2031, 3, 7, 9, 0, 0, 0, time.UTC)

// waiting and working are two connections; failing is one whose refresh is late, and cut
// one whose token Secret is somebody else's.
var (
	waiting = Connection{Namespace: "a", Name: "waiting", Ready: "False", Connected: "False", Reason: "ConsentRequired"}
	working = Connection{
		Namespace: "a", Name: "working", Ready: "True", Connected: "True", Reason: "Connected",
		AccessTokenEnds: now.Add(time.Hour), RefreshTokenEnds: now.Add(100 * day), RefreshDue: now.Add(30 * time.Minute),
	}
	failing = Connection{
		Namespace: "b", Name: "failing", Ready: "False", Connected: "True", Reason: "XUnavailable",
		AccessTokenEnds: now.Add(-time.Minute), RefreshTokenEnds: now.Add(-day), RefreshDue: now.Add(-16 * time.Minute),
	}
	cut = Connection{
		Namespace: "b", Name: "cut", Ready: "False", Connected: "True", Reason: "TokenSecretConflict", Undelivered: true,
	}
)

// few is a fleet with one of everything.
func few(fleet *Fleet) {
	fleet.AddLease("x-operator", true)
	fleet.AddLease("x-operator-1a2b3c4d", false)
	for _, c := range []Connection{waiting, working, failing, cut} {
		fleet.AddConnection(c, now)
		fleet.AddObject(c)
	}
	fleet.AddPost("True", "Published")
	fleet.AddAppConnections("acme", 2)
	fleet.AddAppConnections("acme", 1)
	fleet.AddAppConnections("new", 0)
	fleet.AddLimit("acme", "POST /2/tweets", Limit{Limit: 100, Remaining: 7, ResetAt: now})
	fleet.AddHeld("acme", "posts", "RateLimited", true)
	fleet.AddHeld("acme", "tokens", "RateLimited", false)
}

// TestNames holds all metrics to Prometheus' conventions.
func TestNames(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	Register(registry)
	Build(registry, "v0.1.0", "4b825dc6", "go1.26.8", "controllers")
	defer Watch(few)()
	Calls.WithLabelValues("refresh", "ok").Inc()
	PostAttempts.WithLabelValues("Published").Inc()
	ConsentPages.WithLabelValues("callback", "connected").Inc()
	AgentCalls.WithLabelValues("publish_post", "ok").Inc()
	Requested("oauth2/token", 200, time.Second)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}

func TestFleet(t *testing.T) {
	collector := &fleets{sources: map[int]Source{}}
	defer collector.watch(few)()
	want := `
xoperator_leader{lease="x-operator"} 1
xoperator_leader{lease="x-operator-1a2b3c4d"} 0
xoperator_connections{connected="False",ready="False",reason="ConsentRequired"} 1
xoperator_connections{connected="True",ready="False",reason="TokenSecretConflict"} 1
xoperator_connections{connected="True",ready="False",reason="XUnavailable"} 1
xoperator_connections{connected="True",ready="True",reason="Connected"} 1
xoperator_tokens_not_delivered{reason="TokenSecretConflict"} 1
xoperator_access_token_expiry_seconds_bucket{le="0"} 1
xoperator_access_token_expiry_seconds_bucket{le="300"} 1
xoperator_access_token_expiry_seconds_bucket{le="600"} 1
xoperator_access_token_expiry_seconds_bucket{le="900"} 1
xoperator_access_token_expiry_seconds_bucket{le="1800"} 1
xoperator_access_token_expiry_seconds_bucket{le="3600"} 2
xoperator_access_token_expiry_seconds_bucket{le="5400"} 2
xoperator_access_token_expiry_seconds_bucket{le="7200"} 2
xoperator_access_token_expiry_seconds_bucket{le="+Inf"} 2
xoperator_access_token_expiry_seconds_sum 3540
xoperator_access_token_expiry_seconds_count 2
xoperator_access_token_soonest_expiry_seconds -60
xoperator_refresh_token_soonest_expiry_seconds -86400
xoperator_refresh_overdue_seconds 960
xoperator_posts{ready="True",reason="Published"} 1
xoperator_app_connections{app="acme"} 3
xoperator_app_connections{app="new"} 0
xoperator_app_limit{app="acme",endpoint="POST /2/tweets"} 100
xoperator_app_limit_remaining{app="acme",endpoint="POST /2/tweets"} 7
xoperator_app_limit_reset_timestamp_seconds{app="acme",endpoint="POST /2/tweets"} 1.9306404e+09
xoperator_app_held{app="acme",calls="posts",reason="RateLimited"} 1
xoperator_app_held{app="acme",calls="tokens",reason="RateLimited"} 0
xoperator_connection_info{name="cut",namespace="b",ready="False",reason="TokenSecretConflict"} 1
xoperator_connection_info{name="failing",namespace="b",ready="False",reason="XUnavailable"} 1
xoperator_connection_info{name="waiting",namespace="a",ready="False",reason="ConsentRequired"} 1
xoperator_connection_info{name="working",namespace="a",ready="True",reason="Connected"} 1
xoperator_connection_access_token_expiry_timestamp_seconds{name="failing",namespace="b"} 1.93064034e+09
xoperator_connection_access_token_expiry_timestamp_seconds{name="working",namespace="a"} 1.930644e+09
`
	if err := compare(collector, want); err != nil {
		t.Error(err)
	}
}

// compare compares the metrics that want names; it leaves their help aside.
func compare(collector prometheus.Collector, want string) error {
	names := map[string]bool{}
	for line := range strings.Lines(want) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, _, _ = strings.Cut(name, "{")
		for _, end := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, end)
		}
		names[name] = name != ""
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	help := ""
	for _, family := range families {
		if names[family.GetName()] {
			help += fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n",
				family.GetName(), family.GetHelp(), family.GetName(), strings.ToLower(family.GetType().String()))
		}
	}
	var listed []string
	for name, is := range names {
		if is {
			listed = append(listed, name)
		}
	}
	return testutil.GatherAndCompare(registry, strings.NewReader(help+strings.TrimPrefix(want, "\n")), listed...)
}

// TestStandby: a process that does not lead says so, and nothing of objects.
func TestStandby(t *testing.T) {
	collector := &fleets{sources: map[int]Source{}}
	if got := testutil.CollectAndCount(collector); got != 0 {
		t.Errorf("a process that reconciles nothing has %d series of a fleet", got)
	}
	stop := collector.watch(func(fleet *Fleet) { fleet.AddLease("x-operator", false) })
	if err := testutil.CollectAndCompare(collector, strings.NewReader(`
# HELP xoperator_leader Whether this process holds its lease and reconciles: 1, or 0 while it waits. Only the leader has what is counted of objects.
# TYPE xoperator_leader gauge
xoperator_leader{lease="x-operator"} 0
`)); err != nil {
		t.Error(err)
	}
	stop()
	if got := testutil.CollectAndCount(collector); got != 0 {
		t.Errorf("after its end a source has %d series", got)
	}
}

// TestNoTokens: without a token there is no soonest end, which 0 would claim.
func TestNoTokens(t *testing.T) {
	collector := &fleets{sources: map[int]Source{}}
	defer collector.watch(func(fleet *Fleet) {
		fleet.AddLease("x-operator", true)
		fleet.AddConnection(waiting, now)
	})()
	if got := testutil.CollectAndCount(collector, "xoperator_access_token_soonest_expiry_seconds", "xoperator_refresh_token_soonest_expiry_seconds"); got != 0 {
		t.Errorf("there are %d soonest ends", got)
	}
	if err := compare(collector, "xoperator_refresh_overdue_seconds 0\n"); err != nil {
		t.Error(err)
	}
}

// TestSeriesDoNotGrow: ten thousand connections have as many series as a few in the
// same states, unless each is to have its own.
func TestSeriesDoNotGrow(t *testing.T) {
	series := func(connections int, own bool) int {
		collector := &fleets{sources: map[int]Source{}}
		defer collector.watch(func(fleet *Fleet) {
			fleet.AddLease("x-operator", true)
			for i := range connections {
				c := []Connection{waiting, working, failing}[i%3]
				c.Name = fmt.Sprint(i)
				fleet.AddConnection(c, now)
				if own {
					fleet.AddObject(c)
				}
			}
		})()
		return testutil.CollectAndCount(collector)
	}
	if few, many := series(3, false), series(10_000, false); many != few {
		t.Errorf("10,000 connections have %d series, 3 have %d", many, few)
	}
	if few, own := series(10_000, false), series(10_000, true); own < few+10_000 {
		t.Errorf("with series of their own 10,000 connections have %d series", own)
	}
}

func TestRequested(t *testing.T) {
	requests.Reset()
	for _, status := range []int{0, 200, 201, 302, 400, 429, 503, 999, -1} {
		Requested("tweets", status, time.Second)
	}
	got := map[string]bool{}
	for _, class := range []string{"none", "2xx", "3xx", "4xx", "429", "5xx"} {
		got[class] = requests.DeleteLabelValues("tweets", class)
	}
	for class, seen := range got {
		if !seen {
			t.Errorf("no request counts as %s", class)
		}
	}
	if left := testutil.CollectAndCount(requests); left != 0 {
		t.Errorf("%d further classes", left)
	}
}
