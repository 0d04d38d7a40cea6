// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

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

// wellKnown are the prefixes of the constants that name what stands in metadata.
var wellKnown = map[string][]string{
	"api/v1alpha1":   {"Annotation", "Label", "Finalizer", "SecretType"},
	"internal/grant": {"Annotation", "Label", "SecretType"},
}

// TestEveryNameIsListed: docs/reference.md has a row for each label, annotation,
// finalizer and type of a Secret, and for each key, and none that does not exist.
func TestEveryNameIsListed(t *testing.T) {
	p := pageAt(t, "docs/reference.md")
	ours := func(name string) bool { return strings.HasPrefix(name, v1alpha1.GroupVersion.Group+"/") }
	known, keys := map[string]bool{}, map[string]bool{}
	for folder, prefixes := range wellKnown {
		for _, name := range constants(t, folder, prefixes...) {
			// The values of labels are constants too.
			known[name] = known[name] || ours(name)
		}
	}
	for _, key := range constants(t, "api/v1alpha1", "AppKey", "TokenKey") {
		keys[key] = true
	}
	listed := codes(p.column("name"))
	maps.Copy(listed, codes(p.column("type")))
	same(t, trueKeys(known), slices.DeleteFunc(trueKeys(listed), func(name string) bool { return !ours(name) }))
	same(t, trueKeys(keys), trueKeys(codes(p.column("key"))))
}

// constants gives the values of a folder's constants with any of some prefixes.
func constants(t *testing.T, folder string, prefixes ...string) []string {
	t.Helper()
	var values []string
	for _, prefix := range prefixes {
		found, err := gosource.Constants(folder, prefix)
		if err != nil {
			t.Fatal(err)
		}
		values = slices.AppendSeq(values, maps.Values(found))
	}
	return values
}

func trueKeys(set map[string]bool) []string {
	var keys []string
	for key, holds := range set {
		if holds {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func same(t *testing.T, want, got []string) {
	t.Helper()
	if !slices.Equal(want, got) {
		t.Errorf("the page lists\n%v, want\n%v", got, want)
	}
}

// TestValuesExist: the chart has the values that docs/install.md lists, with these
// defaults.
func TestValuesExist(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "charts/x-operator/values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, rows := range pageAt(t, "docs/install.md").tables {
		if rows[0][0] != "value" {
			continue
		}
		for _, row := range rows[1:] {
			listed++
			name, want := strings.Trim(row[0], "`"), strings.Trim(row[1], "`")
			value, found, err := unstructured.NestedFieldNoCopy(values, strings.Split(name, ".")...)
			got := strings.Trim(fmt.Sprint(value), "[]")
			if got == "" {
				got = "none"
			}
			if err != nil || !found || got != want {
				t.Errorf("the chart's value %s is %s, and the page says %s (%v)", name, got, want, err)
			}
		}
	}
	if listed < 10 {
		t.Errorf("the page lists %d values: are they read at all?", listed)
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
