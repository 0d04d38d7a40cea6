// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import "math/rand/v2"

// Short makes options those of the short run, which meets each step once, in the
// two worlds of one replica, with one outage.
func Short(o Options) Options {
	o.Once, o.Connections, o.Posts, o.Outages = true, 24, 16, 1
	if len(o.Worlds) == 0 {
		o.Worlds = []string{"kill", "grace"}
	}
	return o
}

// once is the schedule of a short run in one world: each of the steps once, a
// fault of X with every other one, and each signal.
func once(draw *rand.Rand, steps []string) []fault {
	bag := &shuffled{draw: draw, of: steps}
	var faults []fault
	for i := range steps {
		faults = append(faults, atStep(draw, bag.next()))
		if i%2 == 0 {
			faults = append(faults, fault{kind: KindX, x: faultOfX(draw)})
		}
	}
	return append(faults, fault{kind: KindKill}, fault{kind: KindTerm})
}
