// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight_test

import (
	"testing"

	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

func TestSame(t *testing.T) {
	for name, test := range map[string]struct {
		sent, shown string
		want        bool
	}{
		"the very text":                {"Good morning", "Good morning", true},
		"another text":                 {"Good morning", "Good evening", false},
		"a part of it":                 {"Good morning", "Good", false},
		"white space around it":        {" Good morning\n", "Good morning", true},
		"composed characters":          {"cafe\u0301", "caf\u00e9", true},
		"an address":                   {"See https://example.com/a?b=c now", "See https://t.co/AbCdEf1234 now", true},
		"a bare address":               {"See example.com", "See https://t.co/AbCdEf1234", true},
		"one address fewer":            {"See example.com example.org", "See https://t.co/AbCdEf1234", false},
		"another text at the address":  {"See example.com", "Saw https://t.co/AbCdEf1234", false},
		"as HTML":                      {"a < b & c > d", "a &lt; b &amp; c &gt; d", true},
		"what looks like HTML":         {"say &amp;", "say &amp;", true},
		"what looks like HTML, as is":  {"say &amp;", "say &amp;amp;", true},
		"handles before a reply":       {"Thank you", "@jane_doe @john Thank you", true},
		"a handle that was sent":       {"@john Thank you", "@john Thank you", true},
		"a handle that was not sent":   {"Thank you", "Thank you @john", false},
		"other words before it":        {"Thank you", "No, Thank you", false},
		"nothing but handles":          {"@john", "@john", true},
		"handles before other handles": {"@john hi", "@jane_doe @john hi", true},
	} {
		if got := weight.Same(test.sent, test.shown); got != test.want {
			t.Errorf("%s: Same(%q, %q) is %t", name, test.sent, test.shown, got)
		}
	}
}
