// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"regexp"
	"unicode"
)

const (
	// maxLength is the weighted length of a post.
	maxLength = 280
	// urlLength is what a URL counts, however long it is.
	urlLength = 23
)

// urlInText is whatever X may take for a URL; it needs no scheme.
var urlInText = regexp.MustCompile(`https?://\S+|[!-~]*\.[!-~]+`)

// leastLength is a lower bound of a text's weighted length by X's rules: what is
// longer by it, X refuses too. It is no second opinion on texts near the bound:
// it takes whatever may melt into the character before it for nothing.
func leastLength(text string) int {
	length, joined := 0, false
	for _, url := range urlInText.FindAllString(text, -1) {
		length += min(urlLength, len([]rune(url)))
	}
	for _, r := range urlInText.ReplaceAllString(text, "") {
		const joiner = '\u200d'
		if !joined && r != joiner && !melts(r) {
			length += leastWeight(r)
		}
		joined = r == joiner
	}
	return length
}

// melts tells of combining marks and Korean vowels and finals, which
// normalisation may compose, and of skin tones and tags, which change an emoji.
func melts(r rune) bool {
	return unicode.Is(unicode.M, r) || (r >= 0x1160 && r <= 0x11FF) ||
		(r >= 0x1F3FB && r <= 0x1F3FF) || (r >= 0xE0020 && r <= 0xE007F)
}

// leastWeight is 1 in X's light ranges and 2 elsewhere. A letter of a flag is
// half a flag.
func leastWeight(r rune) int {
	light := r <= 4351 || (r >= 8192 && r <= 8205) || (r >= 8208 && r <= 8223) || (r >= 8242 && r <= 8247)
	if light || (r >= 0x1F1E6 && r <= 0x1F1FF) {
		return 1
	}
	return 2
}
