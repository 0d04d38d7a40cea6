// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"strings"
	"testing"
)

func TestLeastLength(t *testing.T) {
	tests := map[string]struct {
		text string
		want int
	}{
		"letters":         {"abc äöü", 7},
		"Japanese":        {"日本", 4},
		"a URL":           {"see https://example.com/" + strings.Repeat("x", 99), 27},
		"without scheme":  {"example.com/" + strings.Repeat("x", 99), 23},
		"sentences":       {"One. Two. " + strings.Repeat("x", 99), 109},
		"a short URL":     {"http://a", 8},
		"an emoji":        {"😀", 2},
		"a family":        {"👨‍👩‍👧", 2},
		"a skin tone":     {"👋🏽", 2},
		"a flag":          {"🇩🇪", 2},
		"a keycap":        {"1️⃣", 1},
		"decomposed":      {"e\u0301", 1},
		"Korean in parts": {"\u1112\u1161\u11ab", 2},
	}
	for name, test := range tests {
		if got := leastLength(test.text); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
