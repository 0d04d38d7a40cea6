// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// screenshots names a folder, outside of the repository, for pictures of every page.
const screenshots = "X_OPERATOR_SCREENSHOTS"

//go:embed page.js
var readPage string

// view is what page.js tells.
type view struct {
	Words   map[string]string `json:"words"`
	Texts   []text            `json:"texts"`
	Title   string            `json:"title"`
	Lang    string            `json:"lang"`
	Scripts int               `json:"scripts"`
	// IDs counts elements with an id, Words the different ids.
	IDs int `json:"ids"`
	// Width is that of the content, Window that of the window, in CSS pixels.
	Width  int `json:"width"`
	Window int `json:"window"`
	// Small are links and buttons lower than 24 CSS pixels.
	Small []string `json:"small"`
}

func (b *browser) read() view {
	b.t.Helper()
	return value(b, chromedp.Evaluate[view](readPage))
}

// shows holds the page to the words that a person reads, by id, and to all that
// every page must be. An empty word is one that must not be there.
func (b *browser) shows(name string, want map[string]string) {
	b.t.Helper()
	got := b.read()
	seen := map[string]string{}
	for id, word := range want {
		if actual, ok := got.Words[id]; ok || word != "" {
			seen[id] = strings.Join(strings.Fields(actual), " ")
			continue
		}
		seen[id] = ""
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		b.t.Errorf("the page %q, %s, says (-want +got):\n%s", name, b.address(), diff)
	}
	b.accessible(name)
	b.fits(name)
}

// fits looks at the page in both colour schemes, on a desk and on the narrowest
// phone that WCAG asks for (320 CSS pixels, success criterion 1.4.10).
func (b *browser) fits(name string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.scheme(scheme)
		for device, width := range map[string]int64{"desk": 1280, "phone": 320} {
			b.do(chromedp.EmulateViewport(width, 900))
			b.legible(name + ", " + scheme + ", " + device)
			b.picture(name + "-" + scheme + "-" + device)
		}
	}
}

func (b *browser) scheme(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// legible checks contrast and width as the page is shown now.
func (b *browser) legible(how string) {
	b.t.Helper()
	got := b.read()
	if got.Width > got.Window {
		b.t.Errorf("%s: the page is %d wide in a window of %d: it scrolls sideways", how, got.Width, got.Window)
	}
	if len(got.Texts) < 5 {
		b.t.Errorf("%s: the page has hardly any text: %+v", how, got.Texts)
	}
	for _, text := range got.Texts {
		if ratio, enough := text.contrast(b.t); ratio < enough {
			b.t.Errorf("%s: the contrast of %q is %.2f, want %.1f: %+v", how, text.Text, ratio, enough, text)
		}
	}
	for _, target := range got.Small {
		b.t.Errorf("%s: %q is lower than 24 pixels (WCAG 2.2, success criterion 2.5.8)", how, target)
	}
}

// accessible checks what a screen reader is told.
func (b *browser) accessible(name string) {
	b.t.Helper()
	got := b.read()
	switch {
	case got.Lang != "en":
		b.t.Errorf("%s: the page's language is %q", name, got.Lang)
	case got.Title != got.Words["title"]:
		b.t.Errorf("%s: the window's title is %q, the page's %q", name, got.Title, got.Words["title"])
	case got.Scripts > 0:
		b.t.Errorf("%s: the page has %d scripts", name, got.Scripts)
	case got.IDs != len(got.Words):
		b.t.Errorf("%s: %d elements share %d ids", name, got.IDs, len(got.Words))
	}
	counts := b.roles()
	if counts["main"] != 1 || counts["heading 1"] != 1 {
		b.t.Errorf("%s: a page has one main part and one first heading; this one has %v", name, counts)
	}
}

// roles counts the roles in the accessibility tree, and checks that what can be
// used has a name.
func (b *browser) roles() map[string]int {
	b.t.Helper()
	tree := call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	counts := map[string]int{}
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil {
			continue
		}
		role := unquoted(node.Role)
		if role == "heading" {
			role += " " + property(node, "level")
		}
		counts[role]++
		switch role {
		case "button", "link", "heading 1", "heading 2", "RootWebArea":
			if unquoted(node.Name) == "" {
				b.t.Errorf("a %s has no name", role)
			}
		}
	}
	return counts
}

func unquoted(value *accessibility.Value) string {
	if value == nil {
		return ""
	}
	return strings.Trim(string(value.Value), `"`)
}

func property(node *accessibility.Node, name accessibility.PropertyName) string {
	for _, property := range node.Properties {
		if property.Name == name {
			return unquoted(property.Value)
		}
	}
	return ""
}

// picture takes a picture of the whole page, if pictures are wanted.
func (b *browser) picture(name string) {
	b.t.Helper()
	folder := os.Getenv(screenshots)
	if folder == "" {
		return
	}
	file := filepath.Join(folder, name+".png")
	if err := os.WriteFile(file, value(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// contains fails unless a text holds another.
func contains(t *testing.T, what, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%s is %q, without %q", what, text, part)
	}
}
