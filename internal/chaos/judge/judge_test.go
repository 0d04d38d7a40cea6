// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"reflect"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// start is an arbitrary moment; at is one so many seconds later.
var start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

const (
	hostA, hostB = "127.0.0.1:1", "127.0.0.1:2"
	grant1       = "client/jane#1"
	grant2       = "client/jane#2"
)

func exchange(when float64, host, grant, code, refresh string) xsim.Event {
	return xsim.Event{
		At: at(when), Endpoint: xsim.EndpointExchange, Host: host, Grant: grant, Presented: code,
		Outcome: xsim.OutcomeIssued, Access: "access-" + refresh, Refresh: refresh, Delivery: xsim.DeliveryComplete,
	}
}

func refresh(when float64, host, grant, presented, refresh string) xsim.Event {
	event := exchange(when, host, grant, presented, refresh)
	event.Endpoint = xsim.EndpointRefresh
	return event
}

// replay is a refused presentation of a spent token.
func replay(when float64, host, grant, presented string) xsim.Event {
	return xsim.Event{
		At: at(when), Endpoint: xsim.EndpointRefresh, Host: host, Grant: grant, Presented: presented,
		Outcome: xsim.OutcomeReplay, Delivery: xsim.DeliveryComplete,
	}
}

func revoke(when float64, host, grant, presented string) xsim.Event {
	return xsim.Event{
		At: at(when), Endpoint: xsim.EndpointRevoke, Host: host, Grant: grant, Presented: presented,
		Outcome: xsim.OutcomeRevoked, Delivery: xsim.DeliveryComplete,
	}
}

func token(kind xsim.Kind, hash, grant string, alive bool) xsim.TokenRecord {
	return xsim.TokenRecord{Hash: hash, Kind: kind, Grant: grant, Alive: alive, IssuedAt: start}
}

// story is a life in good order: jane consents; process A redeems r1, is killed
// while it holds the answer r2, and its successor B presents r1 again; X ends the
// family, jane consents again, and B goes on. It is asked to stop at the end.
func story() *Evidence {
	return &Evidence{
		Books: xsim.Books{
			Grants: []xsim.GrantRecord{
				{ID: grant1, Username: "jane", StartedAt: at(0), EndedWhy: xsim.EndReplay},
				{ID: grant2, Username: "jane", StartedAt: at(20), Alive: true},
			},
			Tokens: []xsim.TokenRecord{
				token(xsim.KindRefresh, "r1", grant1, false),
				token(xsim.KindRefresh, "r2", grant1, false),
				token(xsim.KindRefresh, "r3", grant2, false),
				token(xsim.KindRefresh, "r4", grant2, true),
				token(xsim.KindAccess, "access-r4", grant2, true),
			},
			Events: []xsim.Event{
				exchange(0, hostA, grant1, "code1", "r1"),
				refresh(10, hostA, grant1, "r1", "r2"),
				replay(12, hostB, grant1, "r1"),
				exchange(20, hostB, grant2, "code2", "r3"),
				refresh(60, hostB, grant2, "r3", "r4"),
			},
		},
		Runs: []Run{
			{Host: hostA, Replica: "a", Started: at(-5), Ended: at(10.1), End: Killed, Step: "refresh-after-answer"},
			{Host: hostB, Replica: "a", Started: at(11), Asked: at(100), Ended: at(101), End: Drained},
		},
		Outages: []Outage{{Span: Span{at(30), at(45)}, Down: Span{at(31), at(42)}}},
		Connections: []Connection{{
			Name: "conn", Account: "jane", Wanted: true, Exists: true, Username: "jane", Ready: true, Reason: "Connected",
			Working: "r4", Access: "access-r4", Published: "access-r4", Stored: []string{"r4"},
		}},
	}
}

func TestAGoodLife(t *testing.T) {
	e := story()
	got := Judge(*e)
	want := Verdict{
		Losses:  []Loss{{At: at(10), Endpoint: xsim.EndpointRefresh, Grant: grant1, Run: e.Runs[0]}},
		Replays: map[string]int{CauseKill: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// dead makes the connection one that X has ended.
func dead(e *Evidence, reason string, link bool) {
	e.Books.Tokens[3].Alive, e.Books.Tokens[4].Alive = false, false
	conn := &e.Connections[0]
	conn.Ready, conn.Reason, conn.Link = false, reason, link
}

func TestInOrder(t *testing.T) {
	for name, change := range map[string]func(*Evidence){
		"a cut answer": func(e *Evidence) {
			e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{}
			e.Books.Events[1].Delivery, e.Books.Events[1].Fault = xsim.DeliveryCut, xsim.FaultReset
		},
		"killed because the grace period was over": func(e *Evidence) { e.Runs[0].End = Exhausted },
		"a stop for as long as the answer waited": func(e *Evidence) {
			e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{}
			e.Runs[0].Stops = []Span{{at(10.1), at(21)}}
		},
		"dead, and it says so": func(e *Evidence) { dead(e, "ReauthorizationRequired", true) },
		"an answer dropped for a consent at the same time": func(e *Evidence) {
			e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{}
			e.Books.Events[2] = exchange(10.5, hostA, grant2, "code2", "r3")
		},
		"a set revoked after a newer consent": func(e *Evidence) {
			e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant1, "r2"))
		},
		"a candidate revoked beside the working grant": func(e *Evidence) {
			e.KeepEarlierLogins = true
			e.Books.Events = append(e.Books.Events, exchange(70, hostB, "client/jane#3", "code3", "r5"), revoke(71, hostB, "client/jane#3", "r5"))
			e.Books.Grants = append(e.Books.Grants, xsim.GrantRecord{ID: "client/jane#3", Username: "jane", StartedAt: at(70)})
		},
		"deleted and revoked": func(e *Evidence) {
			e.Connections[0] = Connection{Name: "conn", Account: "jane"}
			e.Books.Tokens[3].Alive = false
			e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant2, "r4"))
		},
		"deleted, to be revoked": func(e *Evidence) {
			e.Connections[0] = Connection{Name: "conn", Account: "jane", Stored: []string{"r4"}}
		},
		"deleted, the last answer lost by a kill": func(e *Evidence) {
			e.Connections[0] = Connection{Name: "conn", Account: "jane"}
			e.Runs[1].Asked, e.Runs[1].Ended, e.Runs[1].End = time.Time{}, at(60.5), Killed
		},
	} {
		e := story()
		change(e)
		if got := Judge(*e); len(got.Breaches) != 0 {
			t.Errorf("%s: %+v", name, got.Breaches)
		}
	}
}

func TestBreaches(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Evidence)
		want   []Rule
	}{
		"the holder of the replayed token lived": {
			func(e *Evidence) { e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{} },
			[]Rule{Replayed, AnswerLost},
		},
		"it had time to store before the kill": {
			func(e *Evidence) { e.Runs[0].Ended = at(20.5); e.Books.Events[2].At = at(20.6) },
			[]Rule{Replayed, AnswerLost},
		},
		"it had time to store after a stop": {
			func(e *Evidence) {
				e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{}
				e.Runs[0].Stops = []Span{{at(10.1), at(15)}}
				e.Books.Events[2].At = at(29)
			},
			[]Rule{Replayed},
		},
		"a code presented twice": {
			func(e *Evidence) {
				again := replay(21, hostB, grant2, "code2")
				again.Endpoint = xsim.EndpointExchange
				e.Books.Events = append(e.Books.Events, again)
			},
			[]Rule{Replayed},
		},
		"the process drained and left the answer": {
			func(e *Evidence) { e.Runs[0].End = Drained },
			[]Rule{AnswerLost},
		},
		"nobody knows the holder": {
			func(e *Evidence) { e.Runs = e.Runs[1:] },
			[]Rule{Replayed, AnswerLost},
		},
		"the last answer is nowhere": {
			func(e *Evidence) { e.Connections[0].Stored = nil },
			[]Rule{AnswerLost},
		},
		"a candidate is nowhere": {
			func(e *Evidence) {
				e.Books.Events = append(e.Books.Events, exchange(70, hostB, grant2, "code3", "r5"))
			},
			[]Rule{AnswerLost},
		},
		"the working grant revoked": {
			func(e *Evidence) {
				e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant2, "r4"))
			},
			[]Rule{CandidateCost},
		},
		"the working grant revoked beside others": {
			func(e *Evidence) {
				e.KeepEarlierLogins = true
				e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant2, "r4"))
			},
			[]Rule{CandidateCost},
		},
		"another account in its place": {
			func(e *Evidence) { e.Connections[0].Username = "mallory" },
			[]Rule{CandidateCost},
		},
		"dead, without a link": {
			func(e *Evidence) { dead(e, "ReauthorizationRequired", false) },
			[]Rule{DeadSilently},
		},
		"dead, with a reason that helps nobody": {
			func(e *Evidence) { dead(e, "RefreshFailed", true) },
			[]Rule{DeadSilently},
		},
		"ready, and X has ended it": {
			func(e *Evidence) { e.Books.Tokens[3].Alive = false },
			[]Rule{DeadSilently},
		},
		"ready, with an old token published": {
			func(e *Evidence) { e.Connections[0].Published = "access-r3" },
			[]Rule{DeadSilently},
		},
		"the object is gone": {
			func(e *Evidence) { e.Connections[0].Exists = false },
			[]Rule{DeadSilently},
		},
		"given up though alive": {
			func(e *Evidence) {
				e.Connections[0].Ready, e.Connections[0].Reason, e.Connections[0].Link = false, "ReauthorizationRequired", true
			},
			[]Rule{GaveUp},
		},
		"deleted and not revoked": {
			func(e *Evidence) {
				e.Connections[0] = Connection{Name: "conn", Account: "jane"}
				e.Books.Events = append(e.Books.Events, replay(70, hostB, grant2, "r4"))
				e.Books.Events[5].Outcome = xsim.OutcomeRefused
			},
			[]Rule{LeftAlive},
		},
		"spent while the store was away": {
			func(e *Evidence) { e.Books.Events[4].At = at(38) },
			[]Rule{StoreAway},
		},
		"begun after SIGTERM": {
			func(e *Evidence) { e.Books.Events[4].At = at(107) },
			[]Rule{AfterStop},
		},
		"a panic": {
			func(e *Evidence) { e.Runs[1].Panicked = true },
			[]Rule{Panicked},
		},
	} {
		e := story()
		test.change(e)
		got := Judge(*e)
		var rules []Rule
		for _, rule := range Rules {
			if got.Count(rule) > 0 {
				rules = append(rules, rule)
			}
		}
		if !reflect.DeepEqual(rules, test.want) {
			t.Errorf("%s: broken are %q, want %q: %+v", name, rules, test.want, got.Breaches)
		}
	}
}
