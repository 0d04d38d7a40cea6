// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	// longestLabel is that of the domain name system, in ASCII (RFC 1035, 2.3.4).
	longestLabel = 63
	// longestTopLevel bounds a top-level domain in characters; the longest there is
	// has 24, in ASCII.
	longestTopLevel = 30
)

// label is a part of a host between dots.
type label struct{ start, end int }

// hostAt gives the end of the longest host that begins at a place: labels, then
// one without "_", then a top-level domain. The last may be followed by letters
// of another script, as words in Chinese or Japanese are not set apart. Where no
// host begins, end is at, and next is the first place behind where one may: each
// character is looked at a few times, however long the text.
func (f *finder) hostAt(at int) (end, next int) {
	labels, next := f.labelsAt(at)
	for last := len(labels) - 1; last > 0; last-- {
		name := labels[last-1]
		if f.topLevelEnd(labels[last]) == labels[last].start {
			continue
		}
		if !strings.ContainsRune(string(f.runes[name.start:name.end]), '_') {
			return f.topLevelEnd(labels[last]), 0
		}
		// What comes behind the "_" may be a host.
		next = at + 1
	}
	return at, next
}

// labelsAt reads labels as long as each begins and ends with a letter or digit
// of any script. The last one read need not. No host begins with what was read
// before next, unless these labels hold one.
func (f *finder) labelsAt(at int) (labels []label, next int) {
	for limit := min(at+longestAddress, len(f.runes)); at < limit; {
		part := label{start: at, end: at}
		for part.end < limit && (hostChar(f.runes[part.end]) || strings.ContainsRune("-_", f.runes[part.end])) {
			part.end++
		}
		labels = append(labels, part)
		switch {
		case !is(f.runes, part.end, '.') || part.end == part.start || !hostChar(f.runes[part.end-1]):
			return labels, f.protocolBefore(part.end)
		case !hostChar(f.runes[part.start]):
			return labels, part.start + 1
		}
		at = part.end + 1
	}
	return labels, at
}

// protocolBefore is where "http" begins if it ends at a place that "://" follows,
// else the place behind.
func (f *finder) protocolBefore(end int) int {
	for _, start := range []int{end - len("https"), end - len("http")} {
		if start > 0 && start+protocolLength(f.runes, start) == end+len("://") {
			return start
		}
	}
	return end + 1
}

// bareHostAt is hostAt for Latin letters before the top-level domain.
func bareHostAt(runes []rune, at int) (end, next int) {
	end = at
	for next = at; ; {
		dot := next
		for dot < len(runes) && latinHostChar(runes[dot]) {
			dot++
		}
		if dot == next || !is(runes, dot, '.') {
			return end, max(dot, at+1)
		}
		next = dot + 1
		if top := topLevelEnd(runes, label{start: next, end: len(runes)}); top > next {
			end = top
		}
	}
}

// topLevelEnd remembers what topLevelEnd found.
func (f *finder) topLevelEnd(in label) int {
	end, known := f.topLevels[in.start]
	if !known {
		end = topLevelEnd(f.runes, in)
		f.topLevels[in.start] = end
	}
	return end
}

// topLevelEnd gives the end of the longest top-level domain that a label begins
// with.
func topLevelEnd(runes []rune, in label) int {
	if end := punycodeEnd(runes, in); end > in.start {
		return end
	}
	for end := min(in.end, in.start+longestTopLevel); end > in.start; end-- {
		if end < len(runes) && (latinOrDigit(runes[end]) || strings.ContainsRune("@+-", runes[end])) {
			continue
		}
		if isTopLevel(string(runes[in.start:end])) {
			return end
		}
	}
	return in.start
}

// punycodeEnd takes any label in Punycode for a top-level domain, as X does.
func punycodeEnd(runes []rune, in label) int {
	const prefix = "xn--"
	name := strings.ToLower(string(runes[in.start:in.end]))
	if !strings.HasPrefix(name, prefix) {
		return in.start
	}
	end := in.start + len(prefix)
	for end < in.end && (latinOrDigit(runes[end]) || runes[end] == '-') {
		end++
	}
	if end == in.start+len(prefix) {
		return in.start
	}
	return end
}

// isTopLevel asks the Public Suffix List, which holds every top-level domain of
// the root zone, some only with a wildcard before them.
func isTopLevel(name string) bool {
	ascii, err := idna.Punycode.ToASCII(strings.ToLower(name))
	if err != nil || strings.Contains(ascii, ".") {
		return false
	}
	_, listed := publicsuffix.PublicSuffix(ascii)
	_, listedBelow := publicsuffix.PublicSuffix("x." + ascii)
	return listed || listedBelow
}

// labelsFit tells whether each label of a host fits the domain name system.
func labelsFit(host []rune) bool {
	for _, name := range strings.Split(string(host), ".") {
		// One that looks like Punycode and is not gives an error, and itself.
		if ascii, _ := idna.Punycode.ToASCII(name); len(ascii) > longestLabel {
			return false
		}
	}
	return true
}
