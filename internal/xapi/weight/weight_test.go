// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

// sample is a text and what X makes of it.
type sample struct {
	text   string
	weight int
	valid  bool
}

func check(t *testing.T, samples map[string]sample) {
	t.Helper()
	for name, want := range samples {
		got, valid := weight.Weigh(want.text)
		if got != want.weight || valid != want.valid {
			t.Errorf("%s: Weigh(%q) = %d, %v; want %d, %v", name, want.text, got, valid, want.weight, want.valid)
		}
	}
}

func TestCharacters(t *testing.T) {
	check(t, map[string]sample{
		"nothing":                         {"", 0, false},
		"Latin":                           {"Good morning", 12, true},
		"the most there may be":           {strings.Repeat("x", 280), 280, true},
		"one too many":                    {strings.Repeat("x", 281), 281, false},
		"Chinese":                         {"早上好", 6, true},
		"the most of Chinese":             {strings.Repeat("早", 140), 280, true},
		"too much Chinese":                {strings.Repeat("早", 141), 282, false},
		"Georgian, the last light script": {"დილა", 4, true},
		"typographic quotes and dashes":   {"“yes” – no", 10, true},
		"a heavy symbol":                  {"10 €", 5, true},
		"accents are composed first":      {"e\u0301te\u0301", 3, true},
		"a character that is none":        {"x\uFFFF", 3, false},
		"a byte order mark":               {"x\uFEFF", 3, false},
		"a broken byte":                   {"x\xffy", 4, true},
	})
}

func TestEmoji(t *testing.T) {
	check(t, map[string]sample{
		"an emoji":                     {"😀", 2, true},
		"a family is one emoji":        {"👨‍👩‍👧‍👦", 2, true},
		"a skin tone":                  {"👍🏽", 2, true},
		"a tone on what has none":      {"🐱🏽", 4, true},
		"a flag":                       {"🇩🇪", 2, true},
		"half a flag":                  {"🇩", 2, true},
		"the flag of Wales":            {"🏴󠁧󠁢󠁷󠁬󠁳󠁿", 2, true},
		"a rainbow flag":               {"🏳️‍🌈", 2, true},
		"a keycap":                     {"1️⃣#️⃣", 4, true},
		"a digit and a style":          {"1️", 3, true},
		"a sign that is a letter":      {"©", 1, true},
		"a sign in the style of emoji": {"©️", 2, true},
		"an older sign":                {"☎", 2, true},
		"an emoji not yet assigned":    {"\U0001FAFF\u200D\U0001FAFF", 2, true},
		"a joiner that joins nothing":  {"😀\u200Dx", 4, true},
		"tags without an end":          {"🏴󠁧", 4, true},
	})
}

func TestAddresses(t *testing.T) {
	check(t, map[string]sample{
		"an address":                     {"see https://example.com/a/long/path?with=query&and=more now", 31, true},
		"a short address weighs as much": {"http://x.co", 23, true},
		"no protocol":                    {"example.com", 23, true},
		"upper case":                     {"HTTPS://EXAMPLE.COM", 23, true},
		"a domain that does not exist":   {"example.invalidtld", 18, true},
		"nor with a protocol":            {"http://example.invalidtld", 25, true},
		"a domain with a wildcard rule":  {"http://example.ck", 23, true},
		"a file name":                    {"main.go", 7, true},
		"an address of mail":             {"jane@example.com", 16, true},
		"a mention":                      {"@example.com", 12, true},
		"a sentence's end stays outside": {"example.com.", 24, true},
		"so does that behind a path":     {"example.com/path.", 24, true},
		"parentheses around":             {"(http://example.com/path)", 25, true},
		"parentheses inside":             {"http://example.com/a_(b(c))", 23, true},
		"empty parentheses":              {"http://example.com/a()", 25, true},
		"a port":                         {"http://example.com:8080/x", 23, true},
		"a colon and no port":            {"http://example.com:", 24, true},
		"a query without a path":         {"http://example.com?x=1", 23, true},
		"a query behind a bare host":     {"example.com?x=1", 27, true},
		"a query behind a bare path":     {"example.com/?x=1", 23, true},
	})
}

func TestHosts(t *testing.T) {
	check(t, map[string]sample{
		"an underscore in a subdomain":         {"http://a_b.example.com", 23, true},
		"an underscore in the domain":          {"http://a_b.com", 14, true},
		"a hyphen at a label's end":            {"http://a-.com", 13, true},
		"other letters before":                 {"日本example.com", 27, true},
		"other letters behind":                 {"example.comです", 27, true},
		"two addresses in one word":            {"a.com日b.com", 48, true},
		"a host in another script":             {"http://пример.рф/путь", 23, true},
		"without a protocol it is a word":      {"пример.рф", 9, true},
		"a Latin host in another script":       {"www.рф", 23, true},
		"a domain in Punycode":                 {"http://xn--e1afmkfd.xn--p1ai", 23, true},
		"half of Punycode":                     {"http://a.xn--", 13, true},
		"a shortened address":                  {"https://t.co/abc_def", 27, true},
		"a shortened address with a query":     {"https://t.co/abc?x=1", 23, true},
		"a shortened address without a code":   {"https://t.co/", 23, true},
		"a code that is too long":              {"https://t.co/" + strings.Repeat("a", 41), 54, true},
		"a label that is too long":             {strings.Repeat("a", 64) + ".com", 68, true},
		"a label that just fits":               {strings.Repeat("a", 63) + ".com", 23, true},
		"an address that is too long":          {"http://a.com/" + strings.Repeat("a", 5000), 5013, false},
		"two addresses next to each other":     {"http://a.com http://b.com", 47, true},
		"a first letter that is not Latin":     {"école.fr", 24, true},
		"a dot before makes it part of a word": {".example.com", 12, true},
	})
}

func FuzzWeigh(f *testing.F) {
	for _, seed := range []string{"http://a.com/(b)", "日本a.com", "👨‍👩‍👧 1️⃣", "xn--.xn--", "t.co/a?", "a\u0301\uFFFF"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, valid := weight.Weigh(text)
		if got < 0 || valid && (got == 0 || got > weight.Max) {
			t.Errorf("Weigh(%q) = %d, %v", text, got, valid)
		}
		// Decomposing makes up to 18 characters of one; an address of 4 weighs 23.
		if most := 23*18*utf8.RuneCountInString(text) + 1; got > most {
			t.Errorf("Weigh(%q) = %d, more than %d", text, got, most)
		}
	})
}
