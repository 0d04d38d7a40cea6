// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight

import (
	"html"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// shortened stands for any address: a character that no post may hold.
const shortened = "\uFFFF"

// handles are those that X puts before the text of a reply.
var handles = regexp.MustCompile(`^(@[A-Za-z0-9_]{1,50} +)*$`)

// Same tells whether a post that X shows is the text that was sent. X composes
// characters, trims, shortens each address and may write &, < and > as HTML does;
// before a reply it may put the handles of those it answers.
func Same(sent, shown string) bool {
	want := plain(sent)
	for _, text := range []string{shown, html.UnescapeString(shown)} {
		before, found := strings.CutSuffix(plain(text), want)
		if found && handles.MatchString(before) {
			return true
		}
	}
	return false
}

// plain is a text without what X changes.
func plain(text string) string {
	runes := []rune(norm.NFC.String(strings.TrimSpace(text)))
	addresses := addressesIn(runes)
	var kept strings.Builder
	for at := 0; at < len(runes); {
		if end := addresses[at]; end > at {
			kept.WriteString(shortened)
			at = end
			continue
		}
		kept.WriteRune(runes[at])
		at++
	}
	return kept.String()
}
