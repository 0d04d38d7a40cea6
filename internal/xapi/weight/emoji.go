// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight

import "unicode"

// The characters that join emoji (Unicode Technical Standard #51, section 1.4).
const (
	joiner       = '\u200D'
	emojiStyle   = '\uFE0F'
	keycap       = '\u20E3'
	firstTag     = '\U000E0020'
	lastTag      = '\U000E007E'
	endOfTags    = '\U000E007F'
	firstFlag    = '\U0001F1E6'
	lastFlag     = '\U0001F1FF'
	firstTone    = '\U0001F3FB'
	lastTone     = '\U0001F3FF'
	lastLatinOne = '\u00FF'
)

// emojiEnd gives the end of the emoji that begins at a place, or the place
// itself if none does. It follows the grammar of emoji rather than a list of
// those there are, so that next year's need no change here.
func emojiEnd(runes []rune, at int) int {
	if end := keycapEnd(runes, at); end > at {
		return end
	}
	if inside(runes, at, firstFlag, lastFlag) && inside(runes, at+1, firstFlag, lastFlag) {
		return at + 2
	}
	end := elementEnd(runes, at)
	for end > at && is(runes, end, joiner) {
		next := elementEnd(runes, end+1)
		if next == end+1 {
			break
		}
		end = next
	}
	return end
}

// keycapEnd is for a digit, # or * under a keycap.
func keycapEnd(runes []rune, at int) int {
	if !inside(runes, at, '0', '9') && !is(runes, at, '#') && !is(runes, at, '*') {
		return at
	}
	end := at + 1
	if is(runes, end, emojiStyle) {
		end++
	}
	if !is(runes, end, keycap) {
		return at
	}
	return end + 1
}

// elementEnd is for one picture with its style, tone or tags.
func elementEnd(runes []rune, at int) int {
	if at >= len(runes) || !unicode.Is(pictographic, runes[at]) && !inside(runes, at, firstTone, lastTone) {
		return at
	}
	end := at + 1
	switch {
	case is(runes, end, emojiStyle):
		return tagsEnd(runes, end+1)
	case runes[at] <= lastLatinOne:
		// Without the style, © and ® are letters.
		return at
	case unicode.Is(toned, runes[at]) && inside(runes, end, firstTone, lastTone):
		return end + 1
	}
	return tagsEnd(runes, end)
}

// tagsEnd is for the letters in the flags of England, Scotland and Wales.
func tagsEnd(runes []rune, at int) int {
	end := at
	for inside(runes, end, firstTag, lastTag) {
		end++
	}
	if end == at || !is(runes, end, endOfTags) {
		return at
	}
	return end + 1
}

func is(runes []rune, at int, r rune) bool { return at < len(runes) && runes[at] == r }

func inside(runes []rune, at int, first, last rune) bool {
	return at < len(runes) && runes[at] >= first && runes[at] <= last
}
