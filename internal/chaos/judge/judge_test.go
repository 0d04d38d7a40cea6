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
	grant3       = "client/jane#3"
	strangers    = "client/mallory#1"
)

// logins are what jane consents to for her connection.
var logins = []string{grant1, grant2, grant3, strangers}

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
// family, jane consents again, and B goes on. It is asked to stop at the end. A
// thread of two is published in between.
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
			Posts: []xsim.PostRecord{
				{ID: "21", Username: "jane", Text: "one", ReplyTo: "20"},
				{ID: "22", Username: "jane", Text: "two", ReplyTo: "21"},
			},
		},
		Runs: []Run{
			{Host: hostA, Replica: "a", Started: at(-5), Ended: at(10.1), End: Killed, Step: "refresh-after-answer"},
			{Host: hostB, Replica: "a", Started: at(11), Asked: at(100), Ended: at(101), End: Drained},
		},
		Outages: []Outage{{Span: Span{at(30), at(45)}, Down: Span{at(31), at(42)}}},
		Connections: []Connection{{
			Name: "conn", Account: "jane", Logins: logins, Wanted: true, Exists: true, Username: "jane", Ready: true, Reason: "Connected",
			Working: "r4", Access: "access-r4", Published: "access-r4", Stored: []string{"r4"},
		}},
		Posts: []Post{{
			Name: "post", Account: "jane", Texts: []string{"one", "two"}, ReplyTo: "20", Connected: true,
			IDs: []string{"21", "22"}, Ready: true, Reason: "Published",
		}},
	}
}

func TestAGoodLife(t *testing.T) {
	e := story()
	got := Judge(*e)
	want := Verdict{
		Losses:  []Loss{{At: at(10), Endpoint: xsim.EndpointRefresh, Grant: grant1, Run: e.Runs[0]}},
		Replays: map[string]int{CauseKill: 1},
		Posts:   PostCount{Wanted: 2, Published: 2},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// unpublished makes the second post, or both, ones that were not recorded, for a
// reason.
func unpublished(e *Evidence, recorded int, reason string) {
	post := &e.Posts[0]
	for i := recorded; i < len(post.IDs); i++ {
		post.IDs[i] = ""
	}
	post.Ready, post.Reason = false, reason
}

// TestPostsThatAreNotPublished tells apart what is not known from what was not
// sent.
func TestPostsThatAreNotPublished(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Evidence)
		want   PostCount
	}{
		"unknown, and at X": {
			func(e *Evidence) { unpublished(e, 1, reasonUnknown) },
			PostCount{Wanted: 2, Published: 1, Unknown: 1, UnknownAtX: 1, Overlooked: 1},
		},
		"unknown, and at X, where nobody could look": {
			func(e *Evidence) { unpublished(e, 1, reasonUnknown); e.Posts[0].Connected = false },
			PostCount{Wanted: 2, Published: 1, Unknown: 1, UnknownAtX: 1},
		},
		"unknown, and not at X; the next was not sent": {
			func(e *Evidence) { unpublished(e, 0, reasonUnknown); e.Books.Posts = nil },
			PostCount{Wanted: 2, Unknown: 1, Waiting: 1},
		},
		"for want of a connection": {
			func(e *Evidence) {
				unpublished(e, 1, reasonNotConnected)
				e.Books.Posts = e.Books.Posts[:1]
				e.Posts[0].Connected = false
			},
			PostCount{Wanted: 2, Published: 1, Waiting: 1},
		},
	} {
		e := story()
		test.change(e)
		if got := Judge(*e); len(got.Breaches) != 0 || got.Posts != test.want {
			t.Errorf("%s: %+v, %+v; want %+v", name, got.Posts, got.Breaches, test.want)
		}
	}
}

// dead makes the connection one that X has ended.
func dead(e *Evidence, reason string, link bool) {
	e.Books.Tokens[3].Alive, e.Books.Tokens[4].Alive = false, false
	conn := &e.Connections[0]
	conn.Ready, conn.Reason, conn.Link = false, reason, link
}

// givenUp has the connection deleted, and its tokens given up with a word at a time. Its
// access token ends at 100.
func givenUp(e *Evidence, when float64) {
	e.Connections[0] = Connection{Name: "kill/conn", Account: "jane", Logins: logins}
	e.Books.Tokens[4].ExpiresAt = at(100)
	e.Seen = map[string]bool{"r4": true}
	e.Runs[1].GivenUp = []GivenUp{{Connection: "conn", At: at(when)}}
}

// droppedInAnOutage has process A live on, drop the answer r2 while the store is away and
// present r1 again soon after; jane consents again at once.
func droppedInAnOutage(e *Evidence) {
	e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{}
	e.Outages = append(e.Outages, Outage{Span: Span{at(9.5), at(20)}, Down: Span{at(11), at(19)}})
	e.Books.Events[2] = replay(23, hostA, grant1, "r1")
	e.Books.Events[3] = exchange(27, hostA, grant2, "code2", "r3")
}

// refused has a person consent with an account that is a stranger to the connection.
func refused(e *Evidence) {
	e.Connections[0].Stranger = "mallory"
	e.Books.Grants = append(e.Books.Grants, xsim.GrantRecord{ID: strangers, Username: "mallory", StartedAt: at(70), Alive: true})
	e.Books.Tokens = append(e.Books.Tokens, token(xsim.KindRefresh, "m1", strangers, true))
	e.Books.Events = append(e.Books.Events, exchange(70, hostB, strangers, "code3", "m1"))
	e.Seen = map[string]bool{"m1": true}
}

// TestLeftToBeRevoked: what is stored still is counted.
func TestLeftToBeRevoked(t *testing.T) {
	for name, change := range map[string]func(*Evidence){
		"of a deletion": func(e *Evidence) {
			e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins, Stored: []string{"r4"}}
		},
		"of a refusal": func(e *Evidence) { refused(e); e.Connections[0].Stored = []string{"r4", "m1"} },
	} {
		e := story()
		change(e)
		if got := Judge(*e); len(got.Breaches) != 0 || got.Owed != 1 {
			t.Errorf("%s: %d tokens are owed a revocation, want 1: %+v", name, got.Owed, got.Breaches)
		}
	}
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
		"presented again by the process that was stopped before it read the answer, and found no store then": func(e *Evidence) {
			droppedInAnOutage(e)
			e.Runs[0].Stops = []Span{{at(10.1), at(17)}}
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
			e.Books.Events = append(e.Books.Events, exchange(70, hostB, grant3, "code3", "r5"), revoke(71, hostB, grant3, "r5"))
			e.Books.Grants = append(e.Books.Grants, xsim.GrantRecord{ID: grant3, Username: "jane", StartedAt: at(70)})
		},
		"deleted and revoked": func(e *Evidence) {
			e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins}
			e.Books.Tokens[3].Alive = false
			e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant2, "r4"))
		},
		"deleted, and given up with a word": func(e *Evidence) { givenUp(e, 130) },
		"a stranger refused and revoked": func(e *Evidence) {
			refused(e)
			e.Books.Tokens[5].Alive = false
			e.Books.Events = append(e.Books.Events, revoke(71, hostB, strangers, "m1"))
		},
		"a stranger's answer lost by a kill": func(e *Evidence) {
			refused(e)
			e.Seen = nil
			e.Runs[1].Asked, e.Runs[1].Ended, e.Runs[1].End = time.Time{}, at(70.5), Killed
		},
		"deleted, the last answer lost by a kill": func(e *Evidence) {
			e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins}
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
		"dropped by a process that lives, while the store was away": {
			droppedInAnOutage,
			[]Rule{Replayed, AnswerLost},
		},
		"dropped by a process that lives, while the store was away, and given again": {
			func(e *Evidence) {
				droppedInAnOutage(e)
				e.Books.Events[2] = refresh(23, hostA, grant1, "r1", "r2-again")
				e.Books.Events[2].Outcome = xsim.OutcomeGrace
				e.Seen = map[string]bool{"r2-again": true}
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
			[]Rule{Replayed, AnswerLost},
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
		"deleted, and still there": {
			func(e *Evidence) {
				e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins, Exists: true, Stored: []string{"r4"}}
			},
			[]Rule{StillThere},
		},
		"a stranger refused and left alive": {
			refused,
			[]Rule{LeftAlive},
		},
		"deleted and not revoked": {
			func(e *Evidence) {
				e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins}
				e.Books.Events = append(e.Books.Events, replay(70, hostB, grant2, "r4"))
				e.Books.Events[5].Outcome = xsim.OutcomeRefused
			},
			[]Rule{LeftAlive},
		},
		"deleted, and given up though X would have named the account": {
			func(e *Evidence) { givenUp(e, 80) },
			[]Rule{LeftAlive},
		},
		"deleted, and given up for another one": {
			func(e *Evidence) {
				givenUp(e, 130)
				e.Runs[1].GivenUp[0].Connection = "other"
			},
			[]Rule{LeftAlive},
		},
		"deleted, and an earlier login left alive": {
			func(e *Evidence) {
				e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins}
				e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant2, "r4"))
				e.Books.Tokens[0].Alive, e.Books.Tokens[3].Alive = true, false
			},
			[]Rule{LeftAlive},
		},
		"deleted, and the last login left alive where X keeps them all": {
			func(e *Evidence) {
				e.KeepEarlierLogins = true
				e.Connections[0] = Connection{Name: "conn", Account: "jane", Logins: logins}
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
		"a post sent while the store was away": {
			func(e *Evidence) {
				e.Books.Events = append(e.Books.Events, xsim.Event{At: at(38), Endpoint: xsim.EndpointPost, Host: hostB, Outcome: xsim.OutcomePosted})
			},
			[]Rule{StoreAway},
		},
		"a text at X twice": {
			func(e *Evidence) { e.Books.Posts = append(e.Books.Posts, e.Books.Posts[1]) },
			[]Rule{PostedTwice},
		},
		"a text sent again, which X refused": {
			func(e *Evidence) { e.Books.Counters.Duplicates = 1 },
			[]Rule{PostedTwice},
		},
		"a post said to be at X that is not": {
			func(e *Evidence) { e.Books.Posts = e.Books.Posts[:1] },
			[]Rule{PostLost},
		},
		"a post said to be at X under another id": {
			func(e *Evidence) { e.Posts[0].IDs[1] = "23" },
			[]Rule{PostLost},
		},
		"a post at X of which nothing is said": {
			func(e *Evidence) { unpublished(e, 1, reasonNotConnected); e.Posts[0].Connected = false },
			[]Rule{PostLost},
		},
		"a post at X beyond the one that is not known": {
			func(e *Evidence) { unpublished(e, 0, reasonUnknown); e.Books.Posts = e.Books.Posts[1:] },
			[]Rule{PostMisplaced},
		},
		"a post under way for ever": {
			func(e *Evidence) { unpublished(e, 1, "Publishing"); e.Books.Posts = e.Books.Posts[:1] },
			[]Rule{PostLost},
		},
		"a post that waits for a connection that works": {
			func(e *Evidence) { unpublished(e, 1, reasonNotConnected); e.Books.Posts = e.Books.Posts[:1] },
			[]Rule{PostLost},
		},
		"ready, and not all is published": {
			func(e *Evidence) {
				unpublished(e, 1, reasonUnknown)
				e.Posts[0].Ready = true
			},
			[]Rule{PostLost},
		},
		"a post of another account": {
			func(e *Evidence) { e.Books.Posts[0].Username = "mallory" },
			[]Rule{PostMisplaced},
		},
		"a thread out of order": {
			func(e *Evidence) { e.Books.Posts[1].ReplyTo = "20" },
			[]Rule{PostMisplaced},
		},
		"a panic": {
			func(e *Evidence) { e.Runs[1].Panicked = true },
			[]Rule{Panicked},
		},
	} {
		e := story()
		test.change(e)
		got := Judge(*e)
		rules := broken(got)
		if !reflect.DeepEqual(rules, test.want) {
			t.Errorf("%s: broken are %q, want %q: %+v", name, rules, test.want, got.Breaches)
		}
	}
}

// broken are the rules that were, in the order of a report.
func broken(v Verdict) []Rule {
	var rules []Rule
	for _, rule := range Rules {
		if v.Count(rule) > 0 {
			rules = append(rules, rule)
		}
	}
	return rules
}
