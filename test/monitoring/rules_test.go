// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/internal/manifests"
)

// shipped decodes an object of config/monitoring as strictly as an API server does.
func shipped(t *testing.T, kind string, into any) {
	t.Helper()
	objects, err := manifests.Build("monitoring")
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetKind() != kind {
			continue
		}
		content, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(content, into); err != nil {
			t.Fatalf("the %s: %v", kind, err)
		}
		return
	}
	t.Fatalf("there is no %s", kind)
}

func rules(t *testing.T) monitoringv1.PrometheusRuleSpec {
	t.Helper()
	var rule monitoringv1.PrometheusRule
	shipped(t, "PrometheusRule", &rule)
	return rule.Spec
}

// TestServiceMonitor: it scrapes as the metrics server serves.
func TestServiceMonitor(t *testing.T) {
	var monitor monitoringv1.ServiceMonitor
	shipped(t, "ServiceMonitor", &monitor)
	if len(monitor.Spec.Endpoints) != 1 {
		t.Fatalf("%d endpoints", len(monitor.Spec.Endpoints))
	}
	endpoint := monitor.Spec.Endpoints[0]
	if endpoint.Scheme == nil || *endpoint.Scheme != "https" || endpoint.TLSConfig == nil || endpoint.BearerTokenFile == "" || !endpoint.HonorLabels {
		t.Errorf("it scrapes %+v", endpoint)
	}
	// As Prometheus has it: a shard is told by its Deployment.
	for _, relabeling := range endpoint.RelabelConfigs {
		if relabeling.TargetLabel != "deployment" {
			continue
		}
		match := regexp.MustCompile("^(?:" + relabeling.Regex + ")$").FindStringSubmatch("x-operator-controllers-b-7c9d8f6b5c")
		if len(match) != 2 || match[1] != "x-operator-controllers-b" {
			t.Errorf("the Deployment of a shard's pods is %q", match)
		}
		return
	}
	t.Error("no label tells of which Deployment a pod is")
}

// TestAlerts runs promtool on the rules and on their tests.
func TestAlerts(t *testing.T) {
	folder := t.TempDir()
	content, err := yaml.Marshal(rules(t))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("testdata/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"rules.yaml": content, "alerts.yaml": tests} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", filepath.Join(folder, "rules.yaml"))
	promtool(t, "test", "rules", filepath.Join(folder, "alerts.yaml"))
}

// promtool runs the one that `make` built, which PROMTOOL names; else go builds the
// pinned one, which takes minutes at its first use: without the clients of all the
// clouds that Prometheus discovers targets in.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"tool", "promtool"}, args...)...)
	if built := os.Getenv("PROMTOOL"); built != "" {
		command = exec.CommandContext(t.Context(), built, args...)
	}
	command.Env = append(os.Environ(), "GOFLAGS=-tags=remove_all_sd")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", args[0], err, output)
	}
}

// alertTests is what is read of the tests' file.
type alertTests struct {
	Tests []struct {
		Queries []struct {
			Expr    string `json:"expr"`
			Samples []any  `json:"exp_samples"`
		} `json:"promql_expr_test"`
	} `json:"tests"`
}

var alertName = regexp.MustCompile(`alertname=~?"([A-Za-z|]+)"`)

// TestEveryAlertIsTested: for each alert a test has it fire, and one has it not fire.
func TestEveryAlertIsTested(t *testing.T) {
	content, err := os.ReadFile("testdata/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all alertTests
	if err := yaml.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	fires, rests := map[string]bool{}, map[string]bool{}
	for _, test := range all.Tests {
		for _, query := range test.Queries {
			for name := range strings.SplitSeq(alertName.FindStringSubmatch(query.Expr)[1], "|") {
				if len(query.Samples) == 0 {
					rests[name] = true
				} else if strings.Contains(query.Expr, `alertstate="firing"`) {
					fires[name] = true
				}
			}
		}
	}
	for _, group := range rules(t).Groups {
		for _, rule := range group.Rules {
			if !fires[rule.Alert] || !rests[rule.Alert] {
				t.Errorf("%s: tested to fire: %t, tested not to: %t", rule.Alert, fires[rule.Alert], rests[rule.Alert])
			}
		}
	}
}

// TestAlertsAreComplete: each asks for metrics that exist, says what it is about, and
// leads to its section of the runbook.
func TestAlertsAreComplete(t *testing.T) {
	content, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	const page = "https://github.com/agentconnect/x-operator/blob/main/docs/runbook.md#"
	known := map[string]bool{}
	for _, group := range rules(t).Groups {
		for _, rule := range group.Rules {
			check(t, rule.Alert, rule.Expr.String())
			known[rule.Alert] = true
			for _, name := range []string{"summary", "description"} {
				if rule.Annotations[name] == "" {
					t.Errorf("%s has no %s", rule.Alert, name)
				}
			}
			if got := rule.Labels["severity"]; got != "critical" && got != "warning" {
				t.Errorf("%s has the severity %q", rule.Alert, got)
			}
			if got := rule.Annotations["runbook_url"]; got != page+strings.ToLower(rule.Alert) {
				t.Errorf("%s leads to %s", rule.Alert, got)
			}
			if !strings.Contains(string(content), "\n### "+rule.Alert+"\n") {
				t.Errorf("the runbook has no section on %s", rule.Alert)
			}
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^### (X\w+)$`).FindAllStringSubmatch(string(content), -1) {
		if !known[match[1]] {
			t.Errorf("the runbook has a section on %s, which is no alert", match[1])
		}
	}
}
