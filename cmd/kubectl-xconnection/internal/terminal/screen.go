// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package terminal is what the plugin knows of the person before the screen:
// whether there is one, colours, a spinner, and the browser.
package terminal

import (
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
)

// Screen tells what the output streams are. The zero Screen is a script's: no
// terminal, no colours.
type Screen struct {
	// Out tells whether standard output is a terminal.
	Out bool
	// OutColours and ErrColours tell whether colours are welcome there: on a
	// terminal, unless NO_COLOR is set or the terminal is a dumb one.
	OutColours, ErrColours bool
}

// Look looks at the streams and the environment.
func Look(streams genericiooptions.IOStreams) Screen {
	return Screen{
		Out:        printers.IsTerminal(streams.Out),
		OutColours: printers.AllowsColorOutput(streams.Out),
		ErrColours: printers.AllowsColorOutput(streams.ErrOut),
	}
}
