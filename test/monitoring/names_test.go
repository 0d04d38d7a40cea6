// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring_test proves config/monitoring: alerts fire when they should and
// not when they should not, the dashboard's queries are valid, and both ask for
// metrics and labels that the operator has. It is a module of its own, since it needs
// much of Prometheus, and the operator none of it.
package monitoring_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	// Controllers register their metrics of reconciles and queues.
	_ "github.com/agentconnect/x-operator/controllers"
	"github.com/agentconnect/x-operator/internal/metrics"
)

// described reads what a description prints.
var described = regexp.MustCompile(`^Desc\{fqName: "([a-z0-9_]+)", .*constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// ofTargets are labels that Prometheus and the ServiceMonitor give to all series.
var ofTargets = []string{"namespace", "pod", "component", "deployment", "job", "le"}

// histograms have series by these parts of theirs alone.
var (
	histograms = []string{
		"xoperator_access_token_expiry_seconds", "xoperator_refresh_token_expiry_seconds", "xoperator_x_request_duration_seconds",
	}
	parts = []string{"_bucket", "_sum", "_count"}
)

// series are the labels of all series that the operator may have, by name, whether or
// not anything is counted yet.
var series = func() map[string][]string {
	metrics.Register(ctrlmetrics.Registry)
	metrics.Build(ctrlmetrics.Registry, "v0.1.0", "4b825dc6", "go1.26.8", "controllers")
	descriptions := make(chan *prometheus.Desc)
	go func() {
		ctrlmetrics.Registry.(prometheus.Collector).Describe(descriptions)
		close(descriptions)
	}()
	found := map[string][]string{}
	for description := range descriptions {
		match := described.FindStringSubmatch(description.String())
		if match == nil {
			continue
		}
		var labels []string
		for pair := range strings.SplitSeq(match[2], ",") {
			name, _, _ := strings.Cut(pair, "=")
			labels = append(labels, name)
		}
		labels = append(labels, strings.Split(match[3], ",")...)
		found[match[1]] = append(labels, ofTargets...)
	}
	for _, name := range histograms {
		for _, part := range parts {
			found[name+part] = found[name]
		}
		delete(found, name)
	}
	return found
}()

// check holds a query to the metrics that there are. It gives their names.
func check(t *testing.T, where, query string) []string {
	t.Helper()
	names, problems := look(query)
	for _, problem := range problems {
		t.Errorf("%s: %s", where, problem)
	}
	return names
}

// look parses a query, and looks up all metrics and labels in it.
func look(query string) (names, problems []string) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return nil, []string{err.Error()}
	}
	var labels []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			names = append(names, node.Name)
			for _, matcher := range node.LabelMatchers {
				labels = append(labels, matcher.Name)
			}
		case *parser.AggregateExpr:
			labels = append(labels, node.Grouping...)
		}
		return nil
	})
	known := []string{"__name__"}
	for _, name := range names {
		if series[name] == nil {
			problems = append(problems, "there is no metric "+name)
		}
		known = append(known, series[name]...)
	}
	for _, label := range labels {
		if !slices.Contains(known, label) {
			problems = append(problems, "no metric of "+query+" has a label "+label)
		}
	}
	return names, problems
}

// base is the metric that a series belongs to.
func base(name string) string {
	for _, part := range parts {
		if whole := strings.TrimSuffix(name, part); slices.Contains(histograms, whole) {
			return whole
		}
	}
	return name
}

// TestQueriesAreChecked proves that the check can fail.
func TestQueriesAreChecked(t *testing.T) {
	for query, good := range map[string]bool{
		`sum by (reason) (xoperator_connections{ready="True"}) > 0`:                         true,
		`rate(xoperator_x_request_duration_seconds_bucket{status="5xx"}[5m])`:               true,
		`xoperator_build_info{components=~".*agent.*"} unless on (version) go_goroutines`:   true,
		`rate(controller_runtime_reconcile_total{controller="xapp"}[5m]) + workqueue_depth`: true,
		`xoperator_connection > 0`:               false,
		`xoperator_connections{reasons="a"}`:     false,
		`sum by (state) (xoperator_connections)`: false,
		`xoperator_x_request_duration_seconds`:   false,
		`xoperator_connections_bucket`:           false,
		`sum(rate(xoperator_x_calls_total)`:      false,
	} {
		if _, problems := look(query); (len(problems) == 0) != good {
			t.Errorf("%s: %q", query, problems)
		}
	}
}
