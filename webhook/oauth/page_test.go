// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/seal"
)

func rendered(t *testing.T, content page) string {
	t.Helper()
	address, err := seal.ParseAddress("https://x.example.com")
	if err != nil {
		t.Fatal(err)
	}
	var into bytes.Buffer
	if err := render(&into, content, address); err != nil {
		t.Fatal(err)
	}
	return into.String()
}

func TestPagesAreSound(t *testing.T) {
	pages := map[string]page{
		"question": question{Tone: toneCalm, Title: "T", Notice: "N", Account: "a", Scopes: inWords([]string{"tweet.read"}), Destination: "x.com"},
		"note":     note{Tone: toneBad, Title: "T", What: "W", Next: "N", Code: "c", Who: "w", about: about{"n", "ns", "https://x.example.com/"}},
	}
	for name, content := range pages {
		t.Run(name, func(t *testing.T) {
			text := rendered(t, content)
			for _, once := range []string{"<h1", "<main", `<html lang="en">`, "<title>T</title>", `name="viewport"`} {
				if strings.Count(text, once) != 1 {
					t.Errorf("%s is there %d times", once, strings.Count(text, once))
				}
			}
			for _, never := range []string{"<script", " style=", "javascript:", " on", "<img"} {
				if strings.Contains(regexp.MustCompile(`>[^<]*<`).ReplaceAllString(text, "><"), never) {
					t.Errorf("there is %q in the markup", never)
				}
			}
			_, rest, _ := strings.Cut(text, "<style>")
			sheet, _, _ := strings.Cut(rest, "</style>")
			if hashOf(sheet) != styleHash {
				t.Error("the policy's hash is not that of the style sheet in the page")
			}
			seen := map[string]bool{}
			for _, id := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
				if seen[id[1]] {
					t.Errorf("the id %q is there twice", id[1])
				}
				seen[id[1]] = true
			}
		})
	}
}

func TestHostileTextIsShownAsText(t *testing.T) {
	const hostile = `"><script>alert(1)</script>`
	for _, text := range []string{
		rendered(t, question{Title: hostile, Name: hostile, Namespace: hostile, Account: hostile, Agent: hostile, App: hostile, Scopes: []permission{{Scope: hostile}}}),
		rendered(t, note{Title: hostile, Detail: hostile, Code: hostile, about: about{hostile, hostile, "javascript:alert(1)"}}),
	} {
		if strings.Contains(text, "<script") || strings.Contains(text, "javascript:") {
			t.Errorf("a page takes text for markup:\n%s", text)
		}
	}
}

// TestContrast holds the style sheet's colours to WCAG 2.2, 1.4.3 (AA): 4.5 to 1
// for text, in light and in dark.
func TestContrast(t *testing.T) {
	light, dark, found := strings.Cut(style, "prefers-color-scheme: dark")
	if !found {
		t.Fatal("there are no dark colours")
	}
	pairs := [][2]string{
		{"ink", "card"}, {"soft", "card"}, {"soft", "paper"}, {"ink", "paper"}, {"on-accent", "accent"},
		{"calm", "card"}, {"good", "card"}, {"bad", "card"},
	}
	for name, sheet := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, match := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(sheet, -1) {
			colours[match[1]] = match[2]
		}
		for _, pair := range pairs {
			if got := contrast(t, colours[pair[0]], colours[pair[1]]); got < 4.5 {
				t.Errorf("%s: %s on %s has %.1f", name, pair[0], pair[1], got)
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part, err := strconv.ParseUint(colour[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		value := float64(part) / 255
		if value <= 0.04045 {
			sum += weight * value / 12.92
		} else {
			sum += weight * math.Pow((value+0.055)/1.055, 2.4)
		}
	}
	return sum
}
