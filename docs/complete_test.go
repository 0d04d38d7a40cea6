// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"errors"
	"flag"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/gosource"
)

// TestEveryReasonIsExplained: each reason of a condition and of an event has a row in
// docs/troubleshooting.md, and no row is about one that does not exist.
func TestEveryReasonIsExplained(t *testing.T) {
	explained := codes(pageAt(t, "docs/troubleshooting.md").column("reason"))
	known := map[string]bool{}
	for folder, prefix := range map[string]string{"api/v1alpha1": "Reason", "controllers": "reason"} {
		reasons, err := gosource.Constants(folder, prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, reason := range reasons {
			known[reason] = true
		}
	}
	for reason := range known {
		if !explained[reason] {
			t.Errorf("the reason %s is not explained", reason)
		}
	}
	for reason := range explained {
		if !known[reason] {
			t.Errorf("there is no reason %s", reason)
		}
	}
}

// TestEveryErrorCodeIsExplained, with the reason that stands for it.
func TestEveryErrorCodeIsExplained(t *testing.T) {
	known, err := gosource.Constants("api/v1alpha1", "Error")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]string{}
	for _, rows := range pageAt(t, "docs/troubleshooting.md").tables {
		if rows[0][0] != "`x_error`" {
			continue
		}
		for _, row := range rows[1:] {
			explained[strings.Trim(row[0], "`")] = strings.Trim(row[1], "`")
		}
	}
	want := map[string]string{}
	for _, code := range known {
		want[code] = v1alpha1.ReasonFor(v1alpha1.ErrorCode(code))
	}
	if !maps.Equal(explained, want) {
		t.Errorf("the page explains\n%v, want\n%v", explained, want)
	}
}

var arrow = regexp.MustCompile(`(?m)^\s*(\S+) --> (\w+|\[\*\])`)

// TestDiagramShowsReasons: the states of the picture in docs/concepts.md are reasons.
func TestDiagramShowsReasons(t *testing.T) {
	reasons, err := gosource.Constants("api/v1alpha1", "Reason")
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Collect(maps.Values(reasons))
	shown := 0
	for _, code := range pageAt(t, "docs/concepts.md").blocks {
		if code.language != "mermaid" {
			continue
		}
		for _, match := range arrow.FindAllStringSubmatch(code.text, -1) {
			for _, state := range match[1:] {
				shown++
				if state != "[*]" && !slices.Contains(known, state) {
					t.Errorf("the picture has a state %s, which is no reason", state)
				}
			}
		}
	}
	if shown < 20 {
		t.Errorf("the picture shows %d states: is it read at all?", shown)
	}
}

var printedFlag = regexp.MustCompile(`(?m)^  -(\S+)(?:.*\n(?:    .*\n?)+)?`)

// TestFlagsPage: docs/flags.md lists what --help lists, with its defaults.
func TestFlagsPage(t *testing.T) {
	help := helpOfFlags(t)
	listed := map[string]string{}
	for _, rows := range pageAt(t, "docs/flags.md").tables {
		for _, row := range rows[1:] {
			listed[strings.Trim(row[0], "`")] = strings.Trim(row[1], "`")
		}
	}
	for name, text := range help {
		documented, ok := listed[name]
		switch {
		case strings.HasPrefix(name, "--zap-"):
		case !ok:
			t.Errorf("%s is not on the page", name)
		case strings.Contains(text, "(default ") && !strings.Contains(text, "(default "+documented+")") &&
			!strings.Contains(text, `(default "`+documented+`")`):
			t.Errorf("the default of %s is not %q: %s", name, documented, text)
		}
	}
	for name := range listed {
		if help[name] == "" {
			t.Errorf("there is no flag %s", name)
		}
	}
}

// TestFlagsExist: every page's table of flags is about flags that exist.
func TestFlagsExist(t *testing.T) {
	help := helpOfFlags(t)
	for _, p := range pages(t) {
		for name := range codes(p.column("flag")) {
			if help[name] == "" {
				t.Errorf("%s: there is no flag %s", p.path, name)
			}
		}
	}
}

// helpOfFlags gives what --help prints of each flag.
func helpOfFlags(t *testing.T) map[string]string {
	t.Helper()
	// A default of its own would hide the flag's.
	t.Setenv("POD_NAMESPACE", "")
	var output bytes.Buffer
	if _, err := app.ParseFlags("x-operator", []string{"--help"}, &output); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	flags := map[string]string{}
	for _, match := range printedFlag.FindAllStringSubmatch(output.String(), -1) {
		flags["--"+match[1]] = match[0]
	}
	if len(flags) < 10 {
		t.Fatalf("--help lists %d flags: is it read at all?", len(flags))
	}
	return flags
}
