// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
)

// options are the command line.
type options struct {
	// stay keeps everything up after the samples are applied.
	stay bool
	// callbackPort and xPort are fixed where 0 is any free one.
	callbackPort, xPort uint
}

func parse(args []string, diagnostics io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.BoolVar(&o.stay, "stay", false, "apply the samples and stay up until Ctrl-C, with links to click")
	flags.UintVar(&o.callbackPort, "callback-port", 0, "`port` of the operator's consent pages, on 127.0.0.1; 0 is any free one")
	flags.UintVar(&o.xPort, "x-port", 0, "`port` of the simulated X, on 127.0.0.1; 0 is any free one")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, errors.New("there are no arguments beside flags: see --help")
	}
	return o, nil
}
