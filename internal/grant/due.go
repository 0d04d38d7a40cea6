// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"hash/fnv"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// expiryMargin is how long before the access token's end a refresh is due at
	// the latest: time enough for an X that is away for minutes.
	expiryMargin = 15 * time.Minute
	// leastPart of an interval at least lies between two routine refreshes: five minutes
	// of ninety.
	leastPart = 18
	// requestSpacing is the least time between attempts that a person asks for, or
	// that an access token refused by X calls for.
	requestSpacing = time.Minute
	// clockTolerance is how far in the future an answer may have been received
	// before the clock counts as set back.
	clockTolerance = time.Minute
	// takeoverMin and takeoverMax bound how long another process is given to
	// settle its attempt. The least is far above redeem's own limits: 5 s from the
	// intent to the call, 30 s for the call.
	takeoverMin = time.Minute
	takeoverMax = 5 * time.Minute
	// inFlightLook is when to look again at an attempt of this very process.
	inFlightLook = 30 * time.Second
)

// Step is what a grant needs.
type Step string

// The steps.
const (
	// StepNone: there is no refresh token that X has not refused.
	StepNone Step = "None"
	// StepWait: nothing before the decision's time.
	StepWait Step = "Wait"
	// StepRefresh: redeem the refresh token now.
	StepRefresh Step = "Refresh"
	// StepTakeOver: redeem it now although an attempt of another process is not
	// settled; X alone knows whether that one spent it.
	StepTakeOver Step = "TakeOver"
)

// Decision is what Due decides.
type Decision struct {
	Step Step
	// At is when to decide again, or when the refresh is due; zero for StepNone.
	At time.Time
	// Request is the refresh request that the step answers, if any.
	Request string
}

// Seen is what this process knows of an attempt that it found unfinished.
type Seen struct {
	// First is when it first saw it, on a clock that is monotonic.
	First time.Time
	// Gone is true if the holder is provably gone and can neither send nor store.
	Gone bool
	// Missing is true if nothing speaks of the holder any more, though it may live on,
	// where it is cut off, and finish its call.
	Missing bool
	// Mine is true if this very run of the process holds it.
	Mine bool
}

// Terms are what a connection asks of its refreshes.
type Terms struct {
	// Interval is the time between refreshes.
	Interval time.Duration
	// Request is the value of the refresh-requested annotation.
	Request string
}

// Due decides what a grant needs at a moment. It is pure.
func Due(g *Grant, terms Terms, seen Seen, now time.Time) Decision {
	if g.Tokens == nil || g.Tokens.RefreshToken.IsZero() {
		return Decision{Step: StepNone}
	}
	if g.Journal.Attempt != nil {
		return dueUnfinished(g, seen, now)
	}
	request := ""
	if terms.Request != g.Journal.HandledRequest {
		request = terms.Request
	}
	if g.Journal.Verdict != nil && request == "" {
		return Decision{Step: StepNone}
	}
	if clockSetBack(g.Journal.LastAttemptAt, now) {
		return Decision{Step: StepRefresh, At: now, Request: request}
	}
	at := NextRefresh(g, terms.Interval, now)
	if g.Journal.Failures > 0 && g.Journal.Verdict == nil {
		// What failed is tried again, whether or not it was due by itself.
		at = g.Journal.LastAttemptAt
	}
	wanted := request != "" || g.AccessRefused()
	if asked := g.Journal.LastAttemptAt.Add(requestSpacing); wanted && (g.Journal.Verdict != nil || asked.Before(at)) {
		at = asked
	}
	if at.Before(g.Journal.NotBefore) {
		at = g.Journal.NotBefore
	}
	if now.Before(at) {
		return Decision{Step: StepWait, At: at, Request: request}
	}
	return Decision{Step: StepRefresh, At: at, Request: request}
}

// dueUnfinished decides on an attempt that is not settled.
func dueUnfinished(g *Grant, seen Seen, now time.Time) Decision {
	if seen.Mine {
		return Decision{Step: StepWait, At: now.Add(inFlightLook)}
	}
	at := seen.First.Add(TakeoverAfter(g.Tokens.ExpiresAt.Sub(seen.First)))
	switch {
	case seen.Gone:
		at = now
	case seen.Missing:
		at = seen.First.Add(takeoverMin)
	}
	if at.Before(g.Journal.NotBefore) && !clockSetBack(g.Journal.LastAttemptAt, now) {
		at = g.Journal.NotBefore
	}
	if now.Before(at) {
		return Decision{Step: StepWait, At: at}
	}
	return Decision{Step: StepTakeOver, At: at, Request: g.Journal.Attempt.Request}
}

// TakeoverAfter is how long another process is given to settle its attempt, by
// the time that is left to the access token's expiry.
func TakeoverAfter(left time.Duration) time.Duration {
	return min(max(left-expiryMargin, takeoverMin), takeoverMax)
}

// NextRefresh is when the next routine refresh is due. A connection is refreshed at
// times that a hash of its owner's uid sets, one interval apart: connections that were
// made together, or that an outage held up together, are spread evenly again by the
// next refresh. After one at another time the next such time counts, but for one that
// comes at once. It is never later than the margin before expiry: 15 minutes, or a
// quarter of a lifetime that is shorter than an hour.
func NextRefresh(g *Grant, interval time.Duration, now time.Time) time.Time {
	t := g.Tokens
	if clockSetBack(t.ReceivedAt, now) {
		return now
	}
	at := slotAfter(t.RefreshedAt.Add(interval/leastPart), interval, g.Owner.UID)
	if t.RefreshedAt.IsZero() {
		at = slotAfter(t.ReceivedAt, interval, g.Owner.UID)
	}
	lifetime := t.ExpiresAt.Sub(t.ReceivedAt)
	if latest := t.ExpiresAt.Add(-min(expiryMargin, lifetime/4)); latest.Before(at) {
		return latest
	}
	return at
}

// slotAfter is the first of an owner's times after a moment.
func slotAfter(moment time.Time, interval time.Duration, owner types.UID) time.Time {
	slot := moment.Truncate(interval).Add(spread(owner, interval))
	if slot.After(moment) {
		return slot
	}
	return slot.Add(interval)
}

// clockSetBack tells whether a time of the past lies in the future: how long ago it
// was nobody knows any more, and waiting for the clock to catch up could take days.
func clockSetBack(past, now time.Time) bool { return past.After(now.Add(clockTolerance)) }

// spread gives a uid's place inside an interval.
func spread(owner types.UID, interval time.Duration) time.Duration {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(owner))
	// FNV's low bits mix better than its high ones.
	const buckets = 1 << 20
	return time.Duration(float64(interval) * float64(hash.Sum64()%buckets) / buckets)
}
