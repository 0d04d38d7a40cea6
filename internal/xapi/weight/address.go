// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight

import "strings"

// longestAddress bounds an address in characters; X takes a longer one for text.
const longestAddress = 4096

// found is an address, or what looks like one: where it begins, where its host
// begins and ends, and where it ends with port, path and query.
type found struct {
	start, host, hostEnd, end int
	hasPath                   bool
}

// finder finds the addresses in a text.
type finder struct {
	runes []rune
	// spans has, for each place where an address begins, where it ends.
	spans map[int]int
	// topLevels has, for each label looked at, where its top-level domain ends.
	topLevels map[int]int
}

// addressesIn finds the addresses that X shortens: for each place where one
// begins, where it ends. A host needs a top-level domain that exists, whether or
// not "http://" stands before it.
func addressesIn(runes []rune) map[int]int {
	f := &finder{runes: runes, spans: map[int]int{}, topLevels: map[int]int{}}
	for at, free := f.firstStart(), 0; at < len(runes); {
		// What comes before must be a character that belongs to no other address.
		if at > 0 && (at == free || !mayPrecede(runes[at-1])) {
			at++
			continue
		}
		match, next := f.foundAt(at)
		if match.end > at {
			f.add(match)
			free, next = match.end, match.end
		}
		at = max(next, at+1)
	}
	return f.spans
}

// firstStart is where to look first. At the start of a text X prefers an address
// behind the first character to one that begins with it.
func (f *finder) firstStart() int {
	if len(f.runes) > 1 && mayPrecede(f.runes[0]) {
		if match, _ := f.foundAt(1); match.end > 1 {
			return 1
		}
	}
	return 0
}

// foundAt reads an address that begins at a place. If none does, next is where
// one may.
func (f *finder) foundAt(at int) (match found, next int) {
	match = found{start: at, host: at + protocolLength(f.runes, at)}
	match.hostEnd, next = f.hostAt(match.host)
	if match.hostEnd == match.host {
		if match.host > at {
			next = match.host
		}
		return found{}, next
	}
	port := portEnd(f.runes, match.hostEnd)
	path := pathEnd(f.runes, port)
	match.hasPath = path > port
	match.end = queryEnd(f.runes, path)
	return match, match.end
}

// add adds what of a match X shortens: nothing if a label of its host or all of
// it is too long.
func (f *finder) add(match found) {
	switch {
	case match.end-match.start > longestAddress || !labelsFit(f.runes[match.host:match.hostEnd]):
	case match.host > match.start:
		f.spans[match.start] = match.shortenedEnd(f.runes)
	case match.start == 0 || !strings.ContainsRune("-_./", f.runes[match.start-1]):
		f.addBare(match)
	}
}

// addBare is for an address without "http://": only hosts in Latin letters before
// the top-level domain count, several if other letters part them, and a query
// only behind a path.
func (f *finder) addBare(match found) {
	for at := match.host; at < match.hostEnd; {
		end, next := bareHostAt(f.runes[:match.hostEnd], at)
		if end > at {
			f.spans[at], next = end, end
		}
		if end == match.hostEnd && match.hasPath {
			f.spans[at] = match.end
		}
		at = next
	}
}

// shortenedEnd is the end of an address with "http://". One that X has shortened
// already ends behind its code, which has 40 characters at most.
func (m found) shortenedEnd(runes []rune) int {
	if !strings.EqualFold(string(runes[m.host:m.hostEnd]), "t.co") || !is(runes, m.hostEnd, '/') {
		return m.end
	}
	code := m.hostEnd + 1
	end := code
	for end < m.end && latinOrDigit(runes[end]) {
		end++
	}
	switch {
	case end == code:
		return m.end
	case end-code > 40:
		return m.start
	}
	return queryEnd(runes, end)
}

// protocolLength is that of "http://" or "https://".
func protocolLength(runes []rune, at int) int {
	for _, protocol := range []string{"https://", "http://"} {
		end := min(at+len(protocol), len(runes))
		if strings.EqualFold(string(runes[at:end]), protocol) {
			return len(protocol)
		}
	}
	return 0
}

func portEnd(runes []rune, at int) int {
	end := at + 1
	for inside(runes, end, '0', '9') {
		end++
	}
	if !is(runes, at, ':') || end == at+1 {
		return at
	}
	return end
}

// pathEnd is behind the last character that may end a path, so that a full stop
// behind an address stays outside. Parentheses end a path only where it could
// have ended before them.
func pathEnd(runes []rune, at int) int {
	if !is(runes, at, '/') {
		return at
	}
	end := at + 1
	for next := end; next < len(runes); {
		if after := parenthesesEnd(runes, next); after > next {
			if end == next {
				end = after
			}
			next = after
			continue
		}
		if !pathChar(runes[next]) {
			break
		}
		next++
		if pathEnding(runes[next-1]) {
			end = next
		}
	}
	return end
}

// parenthesesEnd is for parentheses in a path, which may hold one more pair.
func parenthesesEnd(runes []rune, at int) int {
	if !is(runes, at, '(') {
		return at
	}
	end := pathCharsEnd(runes, at+1)
	if is(runes, end, '(') {
		inner := pathCharsEnd(runes, end+1)
		if inner == end+1 || !is(runes, inner, ')') {
			return at
		}
		end = pathCharsEnd(runes, inner+1)
	}
	if end == at+1 || !is(runes, end, ')') {
		return at
	}
	return end + 1
}

func pathCharsEnd(runes []rune, at int) int {
	for at < len(runes) && pathChar(runes[at]) {
		at++
	}
	return at
}

func queryEnd(runes []rune, at int) int {
	if !is(runes, at, '?') {
		return at
	}
	end := at
	for next := at + 1; next < len(runes) && queryChar(runes[next]); next++ {
		if queryEnding(runes[next]) {
			end = next + 1
		}
	}
	return end
}
