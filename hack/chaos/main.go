// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chaos injects faults into running operators and judges by the books of
// the simulator of X whether any token was lost or spent twice, and any post
// published twice or lost:
//
//	go run ./hack/chaos --seed 7
//
// It ends with 0 if nothing happened that must not, with 1 if something did, and
// with 2 if the suite itself could not be carried out. See internal/chaos.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"strings"

	"github.com/agentconnect/x-operator/hack/internal/harness"
	"github.com/agentconnect/x-operator/internal/chaos"
)

func main() { harness.Main("chaos", run) }

func run(ctx context.Context, args []string, out, diagnostics io.Writer) (held bool, err error) {
	options, err := parse(args, diagnostics)
	if err != nil {
		return false, err
	}
	options.Progress = out
	report, err := chaos.Run(ctx, options)
	if report == nil {
		return false, err
	}
	report.Print(out)
	return !report.Broken(), err
}

func parse(args []string, diagnostics io.Writer) (chaos.Options, error) {
	var o chaos.Options
	var worlds string
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.Uint64Var(&o.Seed, "seed", 0, "seed of the schedule of faults; 0 draws one, and prints it")
	flags.IntVar(&o.Faults, "faults", 1000, "how many faults to inject")
	flags.IntVar(&o.Connections, "connections", 220, "how many connections to begin with")
	flags.IntVar(&o.Posts, "posts", 400, "how many XPosts to make, spread over the faults; some more come with the steps of posts")
	flags.IntVar(&o.Outages, "outages", 12, "how many of the faults are outages of the API server")
	flags.StringVar(&worlds, "worlds", "", "comma-separated worlds to run; all by default:\n"+harness.Described(chaos.Worlds()))
	flags.BoolVar(&o.Once, "short", false, "meet each step once and little more, as the test does")
	flags.StringVar(&o.Folder, "logs", "", "`folder` to keep the operator's logs and the schedules in")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, errors.New("there are no arguments beside flags")
	}
	if worlds != "" {
		o.Worlds = strings.Split(worlds, ",")
	}
	if o.Once {
		o = chaos.Short(o)
	}
	return o, nil
}
