// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// dashboard is what is read of it.
type dashboard struct {
	Title  string `json:"title"`
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		Targets []struct {
			Expr  string `json:"expr"`
			RefID string `json:"refId"`
		} `json:"targets"`
		GridPos struct{ H, W, X, Y int } `json:"gridPos"`
	} `json:"panels"`
	Annotations struct {
		List []struct {
			Name string `json:"name"`
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
}

// shippedDashboard is the one that the ConfigMap for Grafana's sidecar holds.
func shippedDashboard(t *testing.T) dashboard {
	t.Helper()
	var stored corev1.ConfigMap
	shipped(t, "ConfigMap", &stored)
	if stored.Labels["grafana_dashboard"] != "1" || len(stored.Data) != 1 {
		t.Errorf("Grafana does not take it up: its labels are %v", stored.Labels)
	}
	var found dashboard
	if err := json.Unmarshal([]byte(stored.Data["x-operator.json"]), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// ofGrafana are what Grafana puts in the place of its variables.
var ofGrafana = strings.NewReplacer("$__rate_interval", "2m", "$namespace", ".*")

// TestDashboard: every query is valid and asks for what the operator has; the
// operator has no metric of its own that neither an alert nor a panel shows.
func TestDashboard(t *testing.T) {
	shown := map[string]bool{}
	look := func(where, query string) {
		for _, name := range check(t, where, ofGrafana.Replace(query)) {
			shown[base(name)] = true
		}
	}
	found := shippedDashboard(t)
	for _, panel := range found.Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("the panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			look(fmt.Sprintf("%s, %s", panel.Title, target.RefID), target.Expr)
		}
	}
	for _, annotation := range found.Annotations.List {
		look(annotation.Name, annotation.Expr)
	}
	for _, group := range rules(t).Groups {
		for _, rule := range group.Rules {
			look(rule.Alert, rule.Expr.String())
		}
	}
	for name := range series {
		if strings.HasPrefix(name, "xoperator_") && !shown[base(name)] && !slices.Contains(unshown, base(name)) {
			t.Errorf("nothing shows the metric %s", name)
		}
	}
}

// unshown are metrics to look up by hand.
var unshown = []string{
	"xoperator_answers_superseded_total",
	"xoperator_app_limit_reset_timestamp_seconds",
	"xoperator_refresh_token_expiry_seconds",
	// With --metrics-per-object.
	"xoperator_connection_info",
	"xoperator_connection_access_token_expiry_timestamp_seconds",
	"xoperator_connection_refresh_token_expiry_timestamp_seconds",
}

// TestPanelsFit: no two panels overlap, and none has another's id.
func TestPanelsFit(t *testing.T) {
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, panel := range shippedDashboard(t).Panels {
		if ids[panel.ID] || panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("the panel %q has the id %d and the place %+v", panel.Title, panel.ID, panel.GridPos)
		}
		ids[panel.ID] = true
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				place := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				if other := taken[place]; other != "" {
					t.Fatalf("the panels %q and %q overlap", panel.Title, other)
				}
				taken[place] = panel.Title
			}
		}
	}
}
