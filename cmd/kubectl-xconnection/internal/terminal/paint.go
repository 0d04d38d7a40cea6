// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

// Colour is an ANSI colour; the zero Colour paints nothing.
type Colour string

// The colours that are used.
const (
	Plain  Colour = ""
	Red    Colour = "31"
	Green  Colour = "32"
	Yellow Colour = "33"
)

// Paint gives text in a colour.
func Paint(colour Colour, text string) string {
	if colour == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(colour) + "m" + text + "\x1b[0m"
}
