// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package weight

import (
	"strings"
	"unicode"
)

// The classes of characters that X tells apart in addresses.
const (
	// punctuation may not stand in a label of a host.
	punctuation = `!'#%&()*+,\-./:;<=>?@[]^_{|}~$`
	// directions are the marks that set the direction of writing.
	directions = "\u202A\u202B\u202C\u202D\u202E\u061C\u200E\u200F\u2066\u2067\u2068\u2069"
	// spaces are those that unicode.IsSpace does not know.
	spaces = "\u180E"
)

// mayPrecede tells whether an address may begin behind a character: not inside a
// word, a mention, a hashtag or a cashtag.
func mayPrecede(r rune) bool {
	return !latinOrDigit(r) && !strings.ContainsRune("@＠$#＃"+forbidden, r)
}

func latinOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// hostChar may stand anywhere in a label of a host.
func hostChar(r rune) bool {
	return !unicode.IsSpace(r) && !strings.ContainsRune(punctuation+directions+spaces+forbidden, r)
}

// latinHostChar may stand in a host that is not announced by "http://".
func latinHostChar(r rune) bool { return r == '-' || latinOrDigit(r) || accented(r) }

// pathChar may stand in a path.
func pathChar(r rune) bool {
	return pathEnding(r) || strings.ContainsRune("!*';:,.$%[]\u2013~@|&", r)
}

// pathEnding may end a path.
func pathEnding(r rune) bool {
	return latinOrDigit(r) || accented(r) || r >= 0x0400 && r <= 0x04FF || strings.ContainsRune("+-=_#/", r)
}

// queryChar may stand in a query.
func queryChar(r rune) bool {
	return queryEnding(r) || strings.ContainsRune("!?*'@();:+$%[].,~|", r)
}

// queryEnding may end a query.
func queryEnding(r rune) bool { return latinOrDigit(r) || strings.ContainsRune("-_&=#/", r) }

// accented tells whether a letter is one of Latin with an accent, or an accent.
func accented(r rune) bool {
	switch {
	case r == 0xD7, r == 0xF7:
		return false
	case r >= 0xC0 && r <= 0x024F, r >= 0x0300 && r <= 0x036F, r >= 0x1E00 && r <= 0x1EFF:
		return true
	}
	return strings.ContainsRune("\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F\u0272\u0289\u028B\u02BB", r)
}
