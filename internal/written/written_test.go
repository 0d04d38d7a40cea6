// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package written

import (
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

var key = types.NamespacedName{Namespace: "team", Name: "token"}

func write(m *Memory[string], key types.NamespacedName, version string) {
	m.Begin(key)
	m.End(key, version, "written at "+version)
}

// What was written counts until the cache has it, or has something newer, or has lacked
// it twice.
func TestOutlivesALaggingCache(t *testing.T) {
	for name, test := range map[string]struct {
		cached []string
		wants  []string
	}{
		"the cache lags":                  {[]string{"9", "9"}, []string{"written at 10", "written at 10"}},
		"it has caught up":                {[]string{"10", "9"}, []string{"", ""}},
		"somebody wrote since":            {[]string{"11"}, []string{""}},
		"it is not there yet, or deleted": {[]string{"", ""}, []string{"written at 10", ""}},
		"what can't be compared":          {[]string{"nonsense"}, []string{""}},
	} {
		var m Memory[string]
		write(&m, key, "10")
		for i, cached := range test.cached {
			if got, found := m.Newer(key, cached); got != test.wants[i] || found != (got != "") {
				t.Errorf("%s, look %d: %q (%v), want %q", name, i, got, found, test.wants[i])
			}
		}
	}
}

// What was written is no news, nor what was there before it; what others wrote is.
func TestTellsEchoes(t *testing.T) {
	var m Memory[string]
	write(&m, key, "7")
	for _, look := range []struct {
		what, version string
		want          bool
	}{
		{"what was there before", "6", true},
		{"what was written", "7", true},
		{"it comes again", "7", false},
		{"what another wrote", "8", false},
	} {
		if got := m.Shows(key, look.version); got != look.want {
			t.Errorf("%s is known: %v", look.what, got)
		}
	}
	write(&m, key, "9")
	if m.Shows(key, "nonsense") {
		t.Error("what can't be compared is known")
	}
	write(&m, key, "9")
	if m.Shows(key, "10") || m.Shows(types.NamespacedName{Name: "other"}, "9") {
		t.Error("what another wrote since, or another object, is known")
	}
	if len(m.entries) > 0 {
		t.Errorf("what was shown is still remembered: %v", m.entries)
	}
}

// The echo may come before the answer to the write.
func TestEchoBeforeTheAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		shown     []string
		version   string
		overtaken bool
		left      int
	}{
		"nothing came":                    {nil, "7", false, 1},
		"an earlier write's":              {[]string{"6"}, "7", false, 1},
		"its own":                         {[]string{"6", "7"}, "7", false, 0},
		"another's since":                 {[]string{"7", "8"}, "7", true, 0},
		"it failed, and all quiet":        {nil, "", false, 0},
		"it failed, as another was first": {[]string{"8"}, "", true, 0},
	} {
		var m Memory[string]
		m.Begin(key)
		for _, version := range test.shown {
			if !m.Shows(key, version) {
				t.Errorf("%s: %s is news while the write is under way", name, version)
			}
		}
		if got := m.End(key, test.version, "it"); got != test.overtaken {
			t.Errorf("%s: overtaken is %v", name, got)
		}
		if len(m.entries) != test.left {
			t.Errorf("%s: %d are remembered, want %d", name, len(m.entries), test.left)
		}
	}
}

// Two writes of one object at a time: the later version counts, in whatever order they
// end.
func TestTwoWritersAtOnce(t *testing.T) {
	var m Memory[string]
	m.Begin(key)
	m.Begin(key)
	m.Shows(key, "7")
	if m.End(key, "8", "later") {
		t.Error("the later write was overtaken")
	}
	if m.End(key, "7", "earlier") {
		t.Error("the earlier write was overtaken by its own echo")
	}
	if got, _ := m.Newer(key, "7"); got != "later" {
		t.Errorf("%q counts, want the later write", got)
	}
}

func TestForgets(t *testing.T) {
	var m Memory[string]
	write(&m, key, "7")
	m.Forget(key)
	m.Forget(key)
	if _, found := m.Newer(key, "6"); found || len(m.entries) > 0 {
		t.Error("what is forgotten counts")
	}
}

// What is remembered is bounded, and never at the cost of a write that is under way.
func TestIsBounded(t *testing.T) {
	var m Memory[string]
	m.Begin(key)
	for i := range limit + 100 {
		write(&m, types.NamespacedName{Name: strconv.Itoa(i)}, strconv.Itoa(i+1))
	}
	if len(m.entries) != limit {
		t.Errorf("%d are remembered, want %d", len(m.entries), limit)
	}
	m.End(key, "7", "it")
	if got, _ := m.Newer(key, "6"); got != "it" {
		t.Error("a write that was under way was dropped")
	}
}
