// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal

import "encoding/base64"

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// decode takes only what encode gives: Go's decoder skips line breaks and ignores
// trailing bits, so that one value would have many spellings.
func decode(text string, limit int) ([]byte, bool) {
	if len(text) > limit {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || encode(raw) != text {
		return nil, false
	}
	return raw, true
}
