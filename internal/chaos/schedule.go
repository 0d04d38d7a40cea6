// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// Kind is a kind of fault.
type Kind string

// The kinds of fault.
const (
	// KindStep: SIGKILL at a failpoint.
	KindStep Kind = "SIGKILL at a step"
	// KindKill: SIGKILL at any time.
	KindKill Kind = "SIGKILL at any time"
	// KindStop: SIGSTOP at a failpoint, SIGCONT later.
	KindStop Kind = "SIGSTOP at a step"
	// KindTerm: SIGTERM at any time.
	KindTerm Kind = "SIGTERM"
	// KindX: X fails.
	KindX Kind = "fault of X"
	// KindOutage: the API server goes and comes back.
	KindOutage Kind = "outage of the API server"
)

// Kinds are all kinds, in the order of a report.
var Kinds = []Kind{KindStep, KindKill, KindStop, KindTerm, KindX, KindOutage}

// fault is one fault of a world.
type fault struct {
	kind Kind
	// step and hit say at which failpoint, and at which time that it is reached.
	step string
	hit  int
	// wait is the time before a signal that comes at any time, or the length of a
	// stop.
	wait time.Duration
	// podGone takes the pod away with its process.
	podGone bool
	x       xsim.Fault
}

// mix says how many parts of a world's faults are of each kind.
type mix struct{ step, kill, stop, term, x int }

// schedule draws the faults of a world. Steps come in shuffled rounds, so that
// each is met before any is met again.
func schedule(draw *rand.Rand, m mix, count int, steps []string) []fault {
	bag := &shuffled{draw: draw, of: steps}
	stops := &shuffled{draw: draw, of: stopSteps}
	faults := make([]fault, 0, count)
	for range count {
		n := draw.IntN(m.step + m.kill + m.stop + m.term + m.x)
		switch {
		case n < m.step:
			faults = append(faults, atStep(draw, bag.next()))
		case n < m.step+m.kill:
			faults = append(faults, fault{kind: KindKill, wait: between(draw, 100*time.Millisecond, 2*time.Second), podGone: draw.IntN(3) == 0})
		case n < m.step+m.kill+m.stop:
			faults = append(faults, stopAt(draw, stops.next()))
		case n < m.step+m.kill+m.stop+m.term:
			faults = append(faults, fault{kind: KindTerm, wait: between(draw, 100*time.Millisecond, 2*time.Second)})
		default:
			faults = append(faults, fault{kind: KindX, x: faultOfX(draw)})
		}
	}
	return faults
}

func atStep(draw *rand.Rand, step string) fault {
	most := 8
	if area(step) == "consent" || area(step) == "revoke" {
		// These are rare: whoever waits for the eighth waits long.
		most = 2
	}
	return fault{kind: KindStep, step: step, hit: 1 + draw.IntN(most), podGone: draw.IntN(3) == 0}
}

// stopAt stops for long enough to lose the lease, every other time long enough for
// another replica to take over the attempt.
func stopAt(draw *rand.Rand, step string) fault {
	wait := between(draw, 18*time.Second, 25*time.Second)
	if draw.IntN(2) == 0 {
		wait = between(draw, 85*time.Second, 95*time.Second)
	}
	return fault{kind: KindStop, step: step, hit: 1 + draw.IntN(4), wait: wait}
}

// faultOfX draws how X fails: mostly while a token is refreshed, before or after
// it was spent.
func faultOfX(draw *rand.Rand) xsim.Fault {
	kinds := []xsim.Fault{
		{Kind: xsim.FaultReset},
		{Kind: xsim.FaultReset, After: true},
		{Kind: xsim.FaultCut},
		{Kind: xsim.FaultStatus, Status: http.StatusServiceUnavailable},
		{Kind: xsim.FaultStatus, Status: http.StatusInternalServerError, After: true},
		{Kind: xsim.FaultStatus, Status: http.StatusTooManyRequests, ResetIn: xsim.Duration(2 * time.Second)},
		{Kind: xsim.FaultHTML, Status: http.StatusBadGateway},
		{Kind: xsim.FaultMalformed, After: true},
		{Kind: xsim.FaultLatency, Latency: xsim.Duration(between(draw, 500*time.Millisecond, 3*time.Second))},
		{Kind: xsim.FaultLatency, After: true, Latency: xsim.Duration(between(draw, 500*time.Millisecond, 3*time.Second))},
		{Kind: xsim.FaultDrip, Pause: xsim.Duration(5 * time.Millisecond)},
	}
	f := kinds[draw.IntN(len(kinds))]
	endpoints := []xsim.Endpoint{
		xsim.EndpointRefresh, xsim.EndpointRefresh, xsim.EndpointRefresh, xsim.EndpointRefresh,
		xsim.EndpointExchange, xsim.EndpointMe, xsim.EndpointRevoke,
		xsim.EndpointPost, xsim.EndpointPost, xsim.EndpointPosts,
	}
	f.Endpoint = endpoints[draw.IntN(len(endpoints))]
	f.Skip = draw.IntN(4)
	if f.Endpoint != xsim.EndpointRefresh {
		f.Skip = 0
	}
	return f
}

// slowAnswers are calls that X answers late, having done its part: what is on its
// way when something else goes wrong.
func slowAnswers(refreshes int) []xsim.Fault {
	slow := xsim.Fault{Kind: xsim.FaultLatency, After: true, Endpoint: xsim.EndpointRefresh, Latency: xsim.Duration(1500 * time.Millisecond)}
	post := slow
	post.Endpoint = xsim.EndpointPost
	return append(slices.Repeat([]xsim.Fault{slow}, refreshes), post)
}

// lostAnswer is what makes the operator look for a post at X.
func lostAnswer() xsim.Fault {
	return xsim.Fault{Kind: xsim.FaultReset, After: true, Endpoint: xsim.EndpointPost}
}

// outage is one time without an API server.
type outage struct {
	// kill ends it in the middle of its writes.
	kill   bool
	length time.Duration
	// term asks a replica to stop meanwhile.
	term bool
}

func outages(draw *rand.Rand, count int) []outage {
	drawn := make([]outage, 0, count)
	for range count {
		drawn = append(drawn, outage{
			kill:   draw.IntN(2) == 0,
			length: between(draw, time.Second, 12*time.Second),
			term:   draw.IntN(2) == 0,
		})
	}
	return drawn
}

func between(draw *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(draw.Int64N(int64(most-least)))
}

// shuffled gives the values of a list again and again, each round in an order of
// its own.
type shuffled struct {
	draw *rand.Rand
	of   []string
	left []string
}

func (s *shuffled) next() string {
	if len(s.left) == 0 {
		s.left = append(s.left, s.of...)
		s.draw.Shuffle(len(s.left), func(i, j int) { s.left[i], s.left[j] = s.left[j], s.left[i] })
	}
	next := s.left[0]
	s.left = s.left[1:]
	return next
}

// String is how the schedule is printed.
func (f fault) String() string {
	switch f.kind {
	case KindStep:
		return fmt.Sprintf("%s %s, time %d%s", f.kind, f.step, f.hit, ifSo(f.podGone, ", its pod goes"))
	case KindStop:
		return fmt.Sprintf("%s %s, time %d, for %s", f.kind, f.step, f.hit, f.wait.Round(time.Second))
	case KindX:
		return fmt.Sprintf("%s at %s: %s %d%s", f.kind, f.x.Endpoint, f.x.Kind, f.x.Status, ifSo(f.x.After, " after it did its part"))
	default:
		return fmt.Sprintf("%s after %s%s", f.kind, f.wait.Round(time.Millisecond), ifSo(f.podGone, ", its pod goes"))
	}
}

func ifSo(holds bool, text string) string {
	if holds {
		return text
	}
	return ""
}
