// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"reflect"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	// twinGrant is the login of jane's other connection.
	twinGrant    = "client/jane#9"
	hostC, hostD = "127.0.0.1:3", "127.0.0.1:4"
)

// twins is the story with another connection on jane's account: its person consents at 50,
// and its token is refreshed at 62. Both work.
func twins() *Evidence {
	e := story()
	e.Connections = append(e.Connections, Connection{
		Name: "kill/twin", Account: "jane", Logins: []string{twinGrant}, Wanted: true, Exists: true, Username: "jane",
		Ready: true, Reason: "Connected", Working: "t2", Access: "access-t2", Published: "access-t2", Stored: []string{"t2"},
	})
	e.Books.Grants = append(e.Books.Grants, xsim.GrantRecord{ID: twinGrant, Username: "jane", StartedAt: at(50), Alive: true})
	spent := token(xsim.KindRefresh, "t1", twinGrant, false)
	spent.IssuedAt, spent.SpentAt = at(50), moment(62)
	working := token(xsim.KindRefresh, "t2", twinGrant, true)
	working.IssuedAt = at(62)
	e.Books.Tokens = append(e.Books.Tokens, spent, working, token(xsim.KindAccess, "access-t2", twinGrant, true))
	e.Books.Events = append(e.Books.Events, exchange(50, hostB, twinGrant, "code9", "t1"), refresh(62, hostB, twinGrant, "t1", "t2"))
	return e
}

func moment(seconds float64) *time.Time {
	when := at(seconds)
	return &when
}

// deleted has jane's connection deleted at 65; its token lives on.
func deleted(e *Evidence) {
	e.Connections[0] = Connection{Name: "kill/conn", Account: "jane", Logins: logins, Removed: at(65)}
	e.Seen = map[string]bool{"r4": true}
}

// left has the operator say that it leaves the tokens of the deleted connection alive.
func left(e *Evidence, when float64) {
	deleted(e)
	e.Runs[1].LeftToTwin = []GivenUp{{Connection: "conn", At: at(when)}}
}

// revoked has X revoke the tokens of the deleted connection.
func revoked(e *Evidence, when float64) {
	deleted(e)
	e.Books.Events = append(e.Books.Events, revoke(when, hostB, grant2, "r4"))
	e.Books.Tokens[3].Alive, e.Books.Tokens[3].KilledAt = false, moment(when)
}

// late has the twin consent at that time, by a process, and do nothing yet with it.
func late(e *Evidence, when float64, host string) {
	e.Books.Grants[2].StartedAt = at(when)
	e.Books.Tokens[5].IssuedAt, e.Books.Tokens[5].SpentAt, e.Books.Tokens[5].Alive = at(when), nil, true
	e.Books.Tokens[7].Hash = "access-t1"
	e.Books.Tokens = append(e.Books.Tokens[:6], e.Books.Tokens[7])
	e.Books.Events[5] = exchange(when, host, twinGrant, "code9", "t1")
	e.Books.Events = append(e.Books.Events[:6], e.Books.Events[7:]...)
	twin := &e.Connections[1]
	twin.Working, twin.Access, twin.Published, twin.Stored = "t1", "access-t1", "access-t1", []string{"t1"}
}

// ended has X end the newest token of the twin, which asks for a new consent.
func ended(e *Evidence, when float64, reason string) {
	for i := range e.Books.Tokens {
		if t := &e.Books.Tokens[i]; t.Grant == twinGrant && t.Alive {
			t.Alive, t.KilledAt = false, moment(when)
		}
	}
	twin := &e.Connections[1]
	twin.Ready, twin.Reason, twin.Link = false, reason, true
}

// twinDeleted has the twin deleted as well. Its token lives on.
func twinDeleted(e *Evidence, when float64) {
	e.Connections[1] = Connection{Name: "kill/twin", Account: "jane", Logins: []string{twinGrant}, Removed: at(when)}
	if e.Seen == nil {
		e.Seen = map[string]bool{}
	}
	e.Seen["t2"] = true
}

// twinRevoked has X revoke its token.
func twinRevoked(e *Evidence, when float64) {
	e.Books.Events = append(e.Books.Events, revoke(when, hostB, twinGrant, "t2"))
	e.Books.Tokens[6].Alive, e.Books.Tokens[6].KilledAt = false, moment(when)
}

func TestTwinsInOrder(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Evidence)
		left   int
	}{
		"both work":         {func(*Evidence) {}, 0},
		"left alive for it": {func(e *Evidence) { left(e, 70) }, 1},
		"left alive for one that does not know yet that it is dead": {
			func(e *Evidence) { left(e, 70); ended(e, 66, "ReauthorizationRequired") }, 1,
		},
		"left alive for one that was deleted later": {
			func(e *Evidence) { left(e, 70); twinDeleted(e, 80); twinRevoked(e, 81) }, 1,
		},
		"deleted together: the last one has X revoke": {
			func(e *Evidence) { left(e, 67); twinDeleted(e, 66); twinRevoked(e, 68) }, 1,
		},
		"the word comes after X was asked for the other": {
			func(e *Evidence) { left(e, 70); twinDeleted(e, 66); twinRevoked(e, 68) }, 1,
		},
		"revoked when the other had been given up": {
			func(e *Evidence) { revoked(e, 70); twinDeleted(e, 60); twinRevoked(e, 71) }, 0,
		},
		"revoked when X had ended the other": {
			func(e *Evidence) { revoked(e, 70); ended(e, 66, "ReauthorizationRequired") }, 0,
		},
		"both ended by X, since the consent crossed the revocation": {
			func(e *Evidence) { revoked(e, 70); late(e, 69.9, hostB); ended(e, 70, "TokenExchangeFailed") }, 0,
		},
		"a consent that X named nobody for in ten minutes": {
			func(e *Evidence) {
				revoked(e, 90)
				late(e, 70, hostB)
				e.Connections[0].Removed = at(-520)
				ended(e, 90, "TokenExchangeFailed")
			}, 0,
		},
		"revoked beside a login that was given up with a word": {
			func(e *Evidence) {
				revoked(e, 95)
				late(e, 51, hostB)
				e.Runs[1].GivenUp = []GivenUp{{Connection: "twin", At: at(80)}}
				e.Connections[1].Ready, e.Connections[1].Reason, e.Connections[1].Link = false, "TokenExchangeFailed", true
				e.Connections[1].Working, e.Seen["t1"] = "", true
			}, 0,
		},
	} {
		e := twins()
		test.change(e)
		if got := Judge(*e); len(got.Breaches) != 0 || got.LeftToTwin != test.left {
			t.Errorf("%s: %d tokens are left to the twin, want %d: %+v", name, got.LeftToTwin, test.left, got.Breaches)
		}
	}
}

func TestTwinsBreached(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Evidence)
		want   []Rule
	}{
		"revoked while the other lives": {
			func(e *Evidence) { revoked(e, 70) },
			[]Rule{TwinCost},
		},
		"revoked while the other lives, and X ends both": {
			func(e *Evidence) { revoked(e, 70); ended(e, 70, "ReauthorizationRequired") },
			[]Rule{TwinCost},
		},
		"revoked while the other lived, which was deleted later": {
			func(e *Evidence) { revoked(e, 70); twinDeleted(e, 80); twinRevoked(e, 81) },
			[]Rule{TwinCost},
		},
		"revoked long after the other had consented": {
			func(e *Evidence) { revoked(e, 70); late(e, 59, hostB) },
			[]Rule{TwinCost},
		},
		"revoked soon after the other had consented and was refreshed": {
			func(e *Evidence) {
				revoked(e, 70)
				e.Books.Events[5].At, e.Books.Events[6].At = at(66), at(69)
				e.Books.Tokens[5].IssuedAt, e.Books.Tokens[5].SpentAt, e.Books.Tokens[6].IssuedAt = at(66), moment(69), at(69)
			},
			[]Rule{TwinCost},
		},
		"revoked by a process that began after the other's consent was stored": {
			func(e *Evidence) {
				revoked(e, 70)
				late(e, 68.8, hostC)
				e.Runs = append(e.Runs, Run{Host: hostC, Started: at(50), Ended: at(69), End: Killed}, Run{Host: hostD, Started: at(69.5)})
				e.Books.Events[6].Host = hostD
			},
			[]Rule{TwinCost},
		},
		"a working login revoked before the deletion": {
			func(e *Evidence) {
				revoked(e, 70)
				e.Connections[0].Removed = at(80)
				ended(e, 66, "ReauthorizationRequired")
			},
			[]Rule{CandidateCost},
		},
		"a working login revoked after the other's consent": {
			func(e *Evidence) {
				e.Books.Events = append(e.Books.Events, revoke(70, hostB, grant2, "r4"))
				ended(e, 66, "ReauthorizationRequired")
			},
			[]Rule{CandidateCost},
		},
		"an answer dropped for the other's consent": {
			func(e *Evidence) {
				e.Runs[0].End, e.Runs[0].Ended = Alive, time.Time{}
				e.Books.Events[2] = exchange(10.5, hostA, twinGrant, "code9", "t1")
				e.Books.Events = append(e.Books.Events[:5], e.Books.Events[6])
			},
			[]Rule{AnswerLost},
		},
		"left alive without a word": {
			deleted,
			[]Rule{LeftAlive},
		},
		"left alive for the sake of nobody": {
			func(e *Evidence) { left(e, 70); e.Connections = e.Connections[:1]; e.Seen["t2"] = true },
			[]Rule{LeftAlive},
		},
		"left alive before the other consented": {
			func(e *Evidence) { left(e, 70); late(e, 75, hostB) },
			[]Rule{LeftAlive},
		},
		"left alive for one that X had said is dead": {
			func(e *Evidence) {
				left(e, 90)
				ended(e, 66, "ReauthorizationRequired")
				refused := replay(70, hostB, twinGrant, "t2")
				refused.Outcome = xsim.OutcomeDead
				e.Books.Events = append(e.Books.Events, refused)
			},
			[]Rule{LeftAlive},
		},
		"left alive for one that was given up before": {
			func(e *Evidence) { left(e, 80); twinDeleted(e, 66); twinRevoked(e, 67) },
			[]Rule{LeftAlive},
		},
		"each left alive for the other": {
			func(e *Evidence) {
				left(e, 67)
				twinDeleted(e, 66)
				e.Runs[1].LeftToTwin = append(e.Runs[1].LeftToTwin, GivenUp{Connection: "twin", At: at(68)})
			},
			[]Rule{LeftAlive},
		},
		"one left alive for the other, of which nothing was said": {
			func(e *Evidence) {
				deleted(e)
				twinDeleted(e, 66)
			},
			[]Rule{LeftAlive},
		},
	} {
		e := twins()
		test.change(e)
		if got := Judge(*e); !reflect.DeepEqual(broken(got), test.want) {
			t.Errorf("%s: broken are %q, want %q: %+v", name, broken(got), test.want, got.Breaches)
		}
	}
}
