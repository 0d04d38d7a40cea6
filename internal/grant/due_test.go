// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// moment is the tests' now: anything that asks the real clock instead is far off.
var moment = time.Date(2030+rand.IntN(50), time.June, 1+rand.IntN(28), rand.IntN(24), rand.IntN(60), 0, 0, time.UTC)

// interval is what nearly all connections have.
const interval = 90 * time.Minute

// uidWithTime gives a uid whose connection is refreshed at a time, and at each
// interval before and after, give or take half a second.
func uidWithTime(at time.Time) types.UID {
	for i := 0; ; i++ {
		g := &grant.Grant{Owner: grant.Owner{UID: types.UID(fmt.Sprint("uid-", i))}, Tokens: &grant.Tokens{
			ReceivedAt: at.Add(-time.Second / 2), ExpiresAt: at.Add(4 * interval),
		}}
		if grant.NextRefresh(g, interval, at).Before(at.Add(time.Second / 2)) {
			return g.Owner.UID
		}
	}
}

var (
	tenMinutesAgo = moment.Add(-10 * time.Minute)
	tenMinutesUID = uidWithTime(tenMinutesAgo)
)

// working is a grant that was refreshed ten minutes ago, at its time, and is due in
// eighty.
func working() *grant.Grant {
	received := tenMinutesAgo
	return &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "news", UID: tenMinutesUID},
		Tokens: &grant.Tokens{
			App:         grant.App{ClientID: "client"},
			AccessToken: secret.New("access-1"), RefreshToken: secret.New("refresh-1"),
			ReceivedAt: received, RefreshedAt: received, ExpiresAt: received.Add(2 * time.Hour),
		},
		Account: grant.Account{UserID: "7", Username: "news"},
		Journal: grant.Journal{LastAttemptAt: received},
	}
}

// say writes a decision relative to the moment.
func say(d grant.Decision) string {
	if d.Step == grant.StepNone {
		return string(d.Step)
	}
	text := fmt.Sprintf("%s at %s", d.Step, d.At.Sub(moment).Round(time.Second))
	if d.Request != "" {
		text += " for " + d.Request
	}
	return text
}

func TestDue(t *testing.T) {
	verdict := &grant.Verdict{At: moment.Add(-time.Hour), Message: "dead"}
	for name, test := range map[string]struct {
		alter   func(*grant.Grant)
		request string
		want    string
	}{
		"in its own time":  {func(*grant.Grant) {}, "", "Wait at 1h20m0s"},
		"no tokens":        {func(g *grant.Grant) { g.Tokens = nil }, "now", "None"},
		"no refresh token": {func(g *grant.Grant) { g.Tokens.RefreshToken = secret.Token{} }, "now", "None"},
		"the interval is over": {func(g *grant.Grant) {
			g.Tokens.RefreshedAt = tenMinutesAgo.Add(-interval)
		}, "", "Refresh at -10m0s"},
		"not to be tried yet": {func(g *grant.Grant) {
			g.Tokens.RefreshedAt = moment.Add(-2 * time.Hour)
			g.Journal.NotBefore = moment.Add(time.Minute)
		}, "", "Wait at 1m0s"},
		"asked for": {func(*grant.Grant) {}, "again", "Refresh at -9m0s for again"},
		"asked for again too soon": {func(g *grant.Grant) {
			g.Journal.LastAttemptAt = moment.Add(-20 * time.Second)
		}, "again", "Wait at 40s for again"},
		"asked for and handled": {func(g *grant.Grant) {
			g.Journal.HandledRequest = "again"
		}, "again", "Wait at 1h20m0s"},
		"a request that was taken away": {func(g *grant.Grant) {
			g.Journal.HandledRequest = "again"
		}, "", "Wait at 1h20m0s"},
		"asked for while limited": {func(g *grant.Grant) {
			g.Journal.NotBefore = moment.Add(time.Minute)
		}, "again", "Wait at 1m0s for again"},
		"what failed is retried though it was not due": {func(g *grant.Grant) {
			g.Journal.Failures = 1
			g.Journal.LastAttemptAt = moment.Add(-10 * time.Second)
		}, "", "Refresh at -10s"},
		"what failed waits for its back-off": {func(g *grant.Grant) {
			g.Journal.Failures = 3
			g.Journal.NotBefore = moment.Add(30 * time.Second)
		}, "", "Wait at 30s"},
		"dead":           {func(g *grant.Grant) { g.Journal.Verdict = verdict }, "", "None"},
		"dead and asked": {func(g *grant.Grant) { g.Journal.Verdict = verdict }, "again", "Refresh at -9m0s for again"},
		"dead and asked too soon": {func(g *grant.Grant) {
			g.Journal.Verdict, g.Journal.Failures = verdict, 1
			g.Journal.LastAttemptAt = moment.Add(-20 * time.Second)
		}, "again", "Wait at 40s for again"},
		"dead, and asked and answered": {func(g *grant.Grant) {
			g.Journal.Verdict, g.Journal.HandledRequest = verdict, "again"
		}, "again", "None"},
	} {
		g := working()
		test.alter(g)
		due := grant.Due(g, grant.Terms{Interval: 90 * time.Minute, Request: test.request}, grant.Seen{}, moment)
		if got := say(due); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestDueUnfinished(t *testing.T) {
	for name, test := range map[string]struct {
		seen  grant.Seen
		alter func(*grant.Grant)
		want  string
	}{
		"of this process":                  {grant.Seen{First: moment.Add(-time.Hour), Mine: true}, nil, "Wait at 30s"},
		"just seen":                        {grant.Seen{First: moment}, nil, "Wait at 5m0s"},
		"seen long ago":                    {grant.Seen{First: moment.Add(-5 * time.Minute)}, nil, "TakeOver at 0s for asked"},
		"its holder is gone":               {grant.Seen{First: moment, Gone: true}, nil, "TakeOver at 0s for asked"},
		"its holder is missing":            {grant.Seen{First: moment, Missing: true}, nil, "Wait at 1m0s"},
		"its holder is missing for longer": {grant.Seen{First: moment.Add(-time.Minute), Missing: true}, nil, "TakeOver at 0s for asked"},
		"seen a minute early":              {grant.Seen{First: moment.Add(-4 * time.Minute)}, nil, "Wait at 1m0s"},
		"of an expired token": {grant.Seen{First: moment.Add(-time.Minute)}, func(g *grant.Grant) {
			g.Tokens.ExpiresAt = moment.Add(-time.Hour)
		}, "TakeOver at 0s for asked"},
		"gone, but not before": {grant.Seen{First: moment, Gone: true}, func(g *grant.Grant) {
			g.Journal.NotBefore = moment.Add(time.Second)
		}, "Wait at 1s"},
		"gone and dead": {grant.Seen{First: moment, Gone: true}, func(g *grant.Grant) {
			g.Journal.Verdict = &grant.Verdict{}
		}, "TakeOver at 0s for asked"},
	} {
		g := working()
		g.Begin(grant.Attempt{ID: "a", StartedAt: moment, Request: "asked"})
		if test.alter != nil {
			test.alter(g)
		}
		due := grant.Due(g, grant.Terms{Interval: 90 * time.Minute, Request: "newer"}, test.seen, moment)
		if got := say(due); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestTakeoverAfter(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		-time.Hour:       time.Minute,
		0:                time.Minute,
		15 * time.Minute: time.Minute,
		16 * time.Minute: time.Minute,
		17 * time.Minute: 2 * time.Minute,
		20 * time.Minute: 5 * time.Minute,
		2 * time.Hour:    5 * time.Minute,
	} {
		if got := grant.TakeoverAfter(left); got != want {
			t.Errorf("with %s left: %s, want %s", left, got, want)
		}
	}
}

func TestNextRefresh(t *testing.T) {
	for name, test := range map[string]struct {
		// time is one of the connection's times.
		time, refreshed, expires time.Duration
		want                     time.Duration
	}{
		"an interval after the last":         {-10 * time.Minute, -10 * time.Minute, 110 * time.Minute, 80 * time.Minute},
		"late":                               {-30 * time.Minute, -10 * time.Minute, 110 * time.Minute, 60 * time.Minute},
		"asked for between two times":        {30 * time.Minute, -10 * time.Minute, 110 * time.Minute, 30 * time.Minute},
		"asked for right before its time":    {-6 * time.Minute, -10 * time.Minute, 110 * time.Minute, 84 * time.Minute},
		"the latest, before the token ends":  {-6 * time.Minute, -10 * time.Minute, 90 * time.Minute, 75 * time.Minute},
		"a lifetime of an hour":              {0, 0, time.Hour, 45 * time.Minute},
		"a lifetime of forty minutes":        {0, 0, 40 * time.Minute, 30 * time.Minute},
		"a lifetime of a minute":             {0, 0, time.Minute, 45 * time.Second},
		"no lifetime at all":                 {0, 0, 0, 0},
		"expired long ago":                   {-4 * time.Hour, -4 * time.Hour, -2 * time.Hour, -150 * time.Minute},
		"the clock is a little behind":       {30 * time.Second, 30 * time.Second, 2 * time.Hour, 90*time.Minute + 30*time.Second},
		"the clock was set back":             {time.Hour, time.Hour, 3 * time.Hour, 0},
		"the clock was set back by a decade": {87600 * time.Hour, 87600 * time.Hour, 87602 * time.Hour, 0},
	} {
		g := working()
		g.Owner.UID = uidWithTime(moment.Add(test.time))
		g.Tokens.ReceivedAt, g.Tokens.RefreshedAt = moment.Add(test.refreshed), moment.Add(test.refreshed)
		g.Tokens.ExpiresAt = moment.Add(test.expires)
		if got := grant.NextRefresh(g, interval, moment).Sub(moment).Round(time.Second); got != test.want {
			t.Errorf("%s: in %s, want %s", name, got, test.want)
		}
	}
}

// Whoever sets the clock back must not stop the refreshes until it has caught up:
// no time of the journal may hold the token back either.
func TestDueAfterClockSetBack(t *testing.T) {
	for name, alter := range map[string]func(*grant.Grant){
		"after a success":       func(*grant.Grant) {},
		"after a failure":       func(g *grant.Grant) { g.Journal.Failures = 1 },
		"while backing off":     func(g *grant.Grant) { g.Journal.NotBefore = g.Journal.LastAttemptAt.Add(time.Minute) },
		"after a refused token": func(g *grant.Grant) { g.RefuseAccess(g.Tokens.AccessToken, "401", moment) },
	} {
		g := working()
		alter(g)
		now := moment.Add(-48 * time.Hour)
		due := grant.Due(g, grant.Terms{Interval: 90 * time.Minute}, grant.Seen{}, now)
		if due.Step != grant.StepRefresh {
			t.Errorf("%s: %s at %s from then, want a refresh", name, due.Step, due.At.Sub(now))
		}
	}
}

// Ten thousand connections made at the same moment are refreshed evenly, and so are as
// many that an outage made wait for it: no minute of the interval has much more than
// its share of them.
func TestRefreshesSpread(t *testing.T) {
	for name, refreshed := range map[string]time.Time{"made together": {}, "refreshed together": moment} {
		g := working()
		g.Tokens.ReceivedAt, g.Tokens.RefreshedAt = moment, refreshed
		g.Tokens.ExpiresAt = moment.Add(2 * time.Hour)
		earliest := time.Duration(0)
		if !refreshed.IsZero() {
			earliest = 5 * time.Minute
		}
		// A fair share is 111, give or take 10.5: five times that never happens.
		const least, most = 59, 164
		for minute, count := range refreshesPerMinute(t, g, earliest) {
			if count < least || count > most {
				t.Errorf("%s: %d refreshes are due in minute %d, want %d to %d", name, count, minute, least, most)
			}
		}
	}
}

// refreshesPerMinute counts when ten thousand like a grant are refreshed next: all within
// an interval from the earliest time on.
func refreshesPerMinute(t *testing.T, g *grant.Grant, earliest time.Duration) [90]int {
	t.Helper()
	const connections = 10_000
	random := rand.New(rand.NewPCG(1, 2))
	var perMinute [90]int
	for range connections {
		uid := fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", random.Uint32(), random.IntN(1<<16),
			random.IntN(1<<12), random.IntN(1<<12), random.Uint64()>>16)
		g.Owner.UID = types.UID(uid)
		at := grant.NextRefresh(g, interval, moment).Sub(moment) - earliest
		if at < 0 || at > interval {
			t.Fatalf("the refresh of %s is due %s after the earliest time", uid, at)
		}
		perMinute[min(int(at/time.Minute), len(perMinute)-1)]++
	}
	return perMinute
}

func TestFirstRefreshIsTheSameEachTime(t *testing.T) {
	g := working()
	g.Tokens.RefreshedAt = time.Time{}
	first := grant.NextRefresh(g, interval, moment)
	if again := grant.NextRefresh(g, interval, moment.Add(time.Hour)); !again.Equal(first) {
		t.Errorf("the first refresh moved from %s to %s", first, again)
	}
}
