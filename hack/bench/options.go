// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/hack/internal/harness"
	"github.com/agentconnect/x-operator/internal/bench"
)

// large is from how many connections on everything is measured in full length.
const large = 10_000

// parse reads the command line. What is not said depends on the number of
// connections: a thousand take some nine minutes, ten thousand an hour.
func parse(args []string, diagnostics io.Writer) (bench.Options, error) {
	var o bench.Options
	var chosen string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.IntVar(&o.Connections, "connections", 1000, "how many connections there are")
	flags.IntVar(&o.Due, "due", 0, "how many of them are due at once where the arms are compared; default 500, or 2000 of 10000")
	flags.IntVar(&o.Runs, "runs", 5, "how often each arm runs, in turn")
	flags.IntVar(&o.Namespaces, "namespaces", 100, "how many namespaces they are spread over")
	flags.DurationVar(&o.Interval, "interval", 5*time.Minute, "time between refreshes in the steady state; at least 5m")
	flags.DurationVar(&o.Steady, "steady", 0, "how long the steady state is measured; default: a minute of the first cycle, or the second cycle of 10000")
	flags.DurationVar(&o.Outage, "outage", 0, "how long X is away; default 1m, or 10m for 10000")
	flags.IntVar(&o.Consents, "consents", 0, "how many people consent meanwhile; default 40, or 200 for 10000")
	flags.StringVar(&chosen, "scenarios", "", "comma-separated scenarios to measure; all by default:\n"+harness.Described(bench.Scenarios()))
	flags.StringVar(&o.Peer, "peer", "", "a third arm: a `program` that takes the operator's flags, such as an earlier release")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of the simulator's tokens")
	flags.StringVar(&o.Disk, "disk", os.TempDir(), "`folder` on a disk for etcd")
	flags.StringVar(&o.Memory, "memory", "/dev/shm", "`folder` in memory for etcd; empty: compare on the disk alone")
	flags.StringVar(&o.Folder, "out", ".bench", "`folder` for results and logs")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, errors.New("there are no arguments beside flags")
	}
	if o.Connections < 1 || o.Runs < 1 || o.Interval < 5*time.Minute {
		return o, errors.New("--connections and --runs must be at least 1, --interval at least 5m")
	}
	for name := range strings.SplitSeq(chosen, ",") {
		if _, known := bench.Scenarios()[name]; name != "" && !known {
			return o, fmt.Errorf("there is no scenario %q", name)
		}
		if name != "" {
			o.Scenarios = append(o.Scenarios, name)
		}
	}
	var err error
	o.Self, err = os.Executable()
	fill(&o)
	return o, err
}

// fill sets what was not said.
func fill(o *bench.Options) {
	defaults := struct {
		due, consents  int
		steady, outage time.Duration
	}{500, 40, time.Minute, time.Minute}
	if o.Connections >= large {
		defaults.due, defaults.consents, defaults.steady, defaults.outage = 2000, 200, o.Interval, 10*time.Minute
	}
	if o.Due == 0 {
		o.Due = defaults.due
	}
	o.Due = min(o.Due, o.Connections)
	if o.Consents == 0 {
		o.Consents = defaults.consents
	}
	if o.Steady == 0 {
		o.Steady = defaults.steady
	}
	if o.Outage == 0 {
		o.Outage = defaults.outage
	}
}
