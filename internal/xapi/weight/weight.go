// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package weight measures a post the way X does (the counting rules of X's
// documentation, version 3 of twitter-text's configuration): 280 at most, where a
// character of most alphabets weighs 1, any other 2, an emoji 2 however many
// characters make it up, and an address 23 however long it is.
package weight

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	// Max is the weight that a post may have.
	Max = 280
	// address is the weight of any address: X shortens each to one length.
	address = 23
	// emoji is the weight of any emoji.
	emoji = 2
)

// forbidden are the characters that make a post invalid.
const forbidden = "\uFFFE\uFEFF\uFFFF"

// Weigh gives the weight of a text in its composed form (Unicode NFC), and
// whether X takes it: not empty, not above Max, and without characters that are
// none.
func Weigh(text string) (weight int, valid bool) {
	runes := []rune(norm.NFC.String(text))
	addresses := addressesIn(runes)
	for at := 0; at < len(runes); {
		if end := addresses[at]; end > at {
			weight, at = weight+address, end
		} else if end := emojiEnd(runes, at); end > at {
			weight, at = weight+emoji, end
		} else {
			weight, at = weight+character(runes[at]), at+1
		}
	}
	return weight, weight > 0 && weight <= Max && !strings.ContainsAny(string(runes), forbidden)
}

// character is the weight of a character that is neither in an emoji nor in an
// address: 1 from Latin to Georgian and for common punctuation, else 2.
func character(r rune) int {
	switch {
	case r <= 0x10FF, r >= 0x2000 && r <= 0x200D, r >= 0x2010 && r <= 0x201F, r >= 0x2032 && r <= 0x2037:
		return 1
	}
	return 2
}
