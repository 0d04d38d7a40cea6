// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// attempt is one on the present refresh token of working.
func attempt(id string) grant.Attempt {
	return grant.Attempt{
		ID: id, Holder: grant.Holder{Pod: "pod", Start: "run"},
		StartedAt: moment, TokenHash: secret.New("refresh-1").Hash(), Request: "asked",
	}
}

// answer is a set of tokens like that of working, with values of its own.
func answer(access, refresh string) grant.Tokens {
	tokens := *working().Tokens
	tokens.AccessToken, tokens.RefreshToken = secret.New(access), secret.New(refresh)
	return tokens
}

func TestBackoff(t *testing.T) {
	const never = -time.Hour
	for name, test := range map[string]struct {
		failures int
		left     time.Duration
		most     time.Duration
	}{
		"the first failure":               {0, never, 10 * time.Second},
		"a count below zero":              {-3, never, 10 * time.Second},
		"the second":                      {1, never, 20 * time.Second},
		"the fourth":                      {3, never, 80 * time.Second},
		"the sixth":                       {5, never, 5 * time.Minute},
		"the thousandth":                  {1000, never, 5 * time.Minute},
		"much time left":                  {5, 2 * time.Hour, 5 * time.Minute},
		"ten minutes left":                {5, 10 * time.Minute, 150 * time.Second},
		"ten seconds left":                {5, 10 * time.Second, 10 * time.Second},
		"time left, and a short wait due": {0, 10 * time.Minute, 10 * time.Second},
		"expired this moment":             {5, 0, 5 * time.Minute},
	} {
		for jitter, want := range map[float64]time.Duration{
			-1: test.most / 2, 0: test.most / 2, 0.5: test.most * 3 / 4, 1: test.most, 2: test.most,
		} {
			if got := grant.Backoff(test.failures, test.left, jitter); got != want {
				t.Errorf("%s, jitter %v: %s, want %s", name, jitter, got, want)
			}
		}
	}
}

func TestBegin(t *testing.T) {
	for name, test := range map[string]struct {
		earlier *grant.Attempt
		want    int
	}{
		"nothing under way":      {nil, 0},
		"a refresh is under way": {&grant.Attempt{ID: "old"}, 1},
	} {
		g := working()
		g.Journal.Attempt = test.earlier
		g.Begin(attempt("new"))
		if !g.Holds(attempt("new")) || g.Holds(attempt("old")) {
			t.Errorf("%s: the journal holds %v", name, g.Journal.Attempt)
		}
		if g.Journal.Uncertain != test.want {
			t.Errorf("%s: %d attempts are uncertain, want %d", name, g.Journal.Uncertain, test.want)
		}
		if !g.Journal.LastAttemptAt.Equal(moment) {
			t.Errorf("%s: the last attempt is of %s, want %s", name, g.Journal.LastAttemptAt, moment)
		}
		if g.Journal.HandledRequest != "" {
			t.Errorf("%s: the request counts as handled before X was asked", name)
		}
	}
}

func TestWithdraw(t *testing.T) {
	g := working()
	g.Begin(attempt("mine"))
	before := g.Journal
	g.Withdraw(attempt("another"), moment.Add(time.Minute))
	if !reflect.DeepEqual(g.Journal, before) {
		t.Errorf("withdrawing an attempt that is not there left %+v, want %+v", g.Journal, before)
	}
	g.Withdraw(attempt("mine"), moment.Add(time.Minute))
	want := before
	want.Attempt, want.NotBefore = nil, moment.Add(time.Minute)
	if !reflect.DeepEqual(g.Journal, want) {
		t.Errorf("withdrawing left %+v, want %+v: neither a failure nor a handled request", g.Journal, want)
	}
}

// The three ways in which an attempt ends without tokens.
func TestEnds(t *testing.T) {
	failure := grant.Failure{Kind: "kind", Message: "words", At: moment}
	later := moment.Add(time.Minute)
	verdict := &grant.Verdict{At: moment, Message: "words", TokenHash: attempt("mine").TokenHash}
	for name, test := range map[string]struct {
		end  func(*grant.Grant)
		want grant.Journal
	}{
		"unspent": {
			func(g *grant.Grant) { g.Unspent(attempt("mine"), failure, later) },
			grant.Journal{Failures: 3, Uncertain: 1, NotBefore: later},
		},
		"unsettled": {
			func(g *grant.Grant) { g.Unsettled(attempt("mine"), failure, later) },
			grant.Journal{Failures: 3, Uncertain: 2, NotBefore: later},
		},
		"condemned": {
			func(g *grant.Grant) { g.Condemn(attempt("mine"), failure) },
			grant.Journal{Failures: 3, Uncertain: 1, Verdict: verdict},
		},
	} {
		g := working()
		g.Journal.Failures, g.Journal.Uncertain, g.Journal.NotBefore = 2, 1, moment
		g.Begin(attempt("mine"))
		test.want.Serial, test.want.LastAttemptAt = g.Journal.Serial, moment
		test.want.LastFailure, test.want.HandledRequest = failure, "asked"
		tokens := *g.Tokens
		test.end(g)
		if !reflect.DeepEqual(g.Journal, test.want) {
			t.Errorf("%s: the journal is %+v, want %+v", name, g.Journal, test.want)
		}
		if !reflect.DeepEqual(*g.Tokens, tokens) {
			t.Errorf("%s: the tokens changed", name)
		}
	}
}

// A request to try a condemned token is handled once X has said something about the
// token, and not before.
func TestCondemnedAndRequested(t *testing.T) {
	failure := grant.Failure{Kind: "kind", Message: "words", At: moment}
	for name, test := range map[string]struct {
		end  func(*grant.Grant)
		want string
	}{
		"unspent":         {func(g *grant.Grant) { g.Unspent(attempt("mine"), failure, moment) }, ""},
		"unsettled":       {func(g *grant.Grant) { g.Unsettled(attempt("mine"), failure, moment) }, ""},
		"condemned again": {func(g *grant.Grant) { g.Condemn(attempt("mine"), failure) }, "asked"},
		"rotated":         {func(g *grant.Grant) { g.Rotate(attempt("mine"), answer("mine", "r")) }, "asked"},
	} {
		g := working()
		g.Condemn(grant.Attempt{ID: "first"}, failure)
		g.Begin(attempt("mine"))
		test.end(g)
		if got := g.Journal.HandledRequest; got != test.want {
			t.Errorf("%s: the handled request is %q, want %q", name, got, test.want)
		}
	}
}

// Where an answer goes is decided by what is stored when it comes home.
func TestPlace(t *testing.T) {
	for name, test := range map[string]struct {
		// meanwhile is what others did since the intent was written.
		meanwhile func(*grant.Grant)
		kept      bool
		working   string
		retired   []string
		rotated   int64
	}{
		"nothing happened":     {func(*grant.Grant) {}, true, "mine", nil, 1},
		"it is stored already": {func(g *grant.Grant) { g.Rotate(*g.Journal.Attempt, answer("mine", "refresh-2")) }, true, "mine", nil, 1},
		"another took over":    {func(g *grant.Grant) { g.Begin(attempt("other")) }, true, "mine", nil, 1},
		"another took over and stored its answer": {func(g *grant.Grant) {
			g.Begin(attempt("other"))
			g.Rotate(*g.Journal.Attempt, answer("theirs", "r"))
		}, false, "theirs", nil, 1},
		"the person consented anew": {func(g *grant.Grant) {
			g.Candidate = &grant.Candidate{Tokens: answer("fresh", "f"), Account: g.Account}
			g.Promote()
		}, false, "fresh", nil, 1},
		"a consent of another account": {func(g *grant.Grant) {
			g.Candidate = &grant.Candidate{Tokens: answer("fresh", "f"), Account: grant.Account{UserID: "8"}}
			g.Promote()
		}, true, "fresh", []string{"mine"}, 1},
		"a consent for another app": {func(g *grant.Grant) {
			g.Candidate = &grant.Candidate{Tokens: answer("fresh", "f"), Account: g.Account}
			g.Candidate.App.ClientID = "another"
			g.Promote()
		}, true, "fresh", []string{"mine"}, 1},
		"it was disconnected": {func(g *grant.Grant) { g.Forget() }, true, "", []string{"mine"}, 0},
		"it was disconnected and revoked": {func(g *grant.Grant) {
			g.Forget()
			g.DropRetired(g.Retired[0])
		}, true, "", []string{"mine"}, 0},
		"it is stored to be revoked": {func(g *grant.Grant) {
			g.Forget()
			g.Retired[0].Tokens = answer("mine", "refresh-2")
		}, true, "", []string{"mine"}, 0},
	} {
		g := working()
		g.Begin(attempt("mine"))
		mine, account := *g.Journal.Attempt, g.Account
		test.meanwhile(g)
		kept := g.Place(mine, answer("mine", "refresh-2"), account)
		work, retired := accesses(g)
		if kept != test.kept || work != test.working || !reflect.DeepEqual(retired, test.retired) || g.Rotation != test.rotated {
			t.Errorf("%s: kept %t, working %q, retired %q, rotation %d; want %t, %q, %q, %d", name,
				kept, work, retired, g.Rotation, test.kept, test.working, test.retired, test.rotated)
		}
	}
}

// X may bring one token anew alone. Such an answer is stored like any other, and its
// attempt ends; another's to the same token is not taken for it.
func TestPlaceComparesBothTokens(t *testing.T) {
	for name, test := range map[string]struct {
		tokens    grant.Tokens
		overtaken bool
	}{
		"a new refresh token alone":                      {answer("access-1", "refresh-2"), false},
		"a new refresh token alone, and another attempt": {answer("access-1", "refresh-2"), true},
		"a new access token alone":                       {answer("access-2", "refresh-1"), false},
		"neither":                                        {answer("access-1", "refresh-1"), false},
	} {
		g := working()
		g.Begin(attempt("mine"))
		mine := *g.Journal.Attempt
		if test.overtaken {
			g.Begin(attempt("other"))
		}
		kept := g.Place(mine, test.tokens, g.Account)
		if !kept || g.Holds(mine) || g.Rotation != 1 ||
			!g.Tokens.AccessToken.Equal(test.tokens.AccessToken) || !g.Tokens.RefreshToken.Equal(test.tokens.RefreshToken) {
			t.Errorf("%s: kept %t, rotation %d, attempt %v; stored %q, %q", name, kept, g.Rotation, g.Journal.Attempt,
				g.Tokens.AccessToken.Reveal(), g.Tokens.RefreshToken.Reveal())
		}
		again := g.Place(mine, test.tokens, g.Account)
		if !test.overtaken && (!again || g.Rotation != 1) {
			t.Errorf("%s: stored twice, rotation %d", name, g.Rotation)
		}
	}
}

// Revoking one set must not forget another that came of it meanwhile.
func TestDropRetiredComparesBothTokens(t *testing.T) {
	g := working()
	g.Forget()
	revoked := g.Retired[0]
	g.Retired[0].RefreshToken = secret.New("refresh-2")
	g.DropRetired(revoked)
	if _, retired := accesses(g); !reflect.DeepEqual(retired, []string{"access-1"}) {
		t.Errorf("retired is %q, want the set of the newer refresh token", retired)
	}
}

// accesses gives the access tokens that are stored.
func accesses(g *grant.Grant) (work string, retired []string) {
	if g.Tokens != nil {
		work = g.Tokens.AccessToken.Reveal()
	}
	for _, set := range g.Retired {
		retired = append(retired, set.AccessToken.Reveal())
	}
	return work, retired
}

// A late answer must not end the attempt of another: its call may be under way.
func TestPlaceLeavesTheIntentOfAnother(t *testing.T) {
	g := working()
	g.Begin(attempt("mine"))
	mine := *g.Journal.Attempt
	g.Begin(attempt("other"))
	other := *g.Journal.Attempt
	g.Place(mine, answer("mine", "refresh-2"), g.Account)
	if !g.Holds(other) {
		t.Fatal("the intent of another went")
	}
	if !g.Place(other, answer("theirs", "refresh-3"), g.Account) {
		t.Fatal("the answer of the later attempt was dropped")
	}
	if work, _ := accesses(g); work != "theirs" || g.Journal.Attempt != nil {
		t.Errorf("the working set is %q and the attempt %v, want that of the later attempt, and none", work, g.Journal.Attempt)
	}
}

// An answer that comes home after X refused its parent may be dead with it: the
// connection must not count as well until its own next refresh.
func TestPlaceOverAVerdictAsksAtOnce(t *testing.T) {
	g := working()
	g.Begin(attempt("mine"))
	mine := *g.Journal.Attempt
	g.Begin(attempt("other"))
	g.Condemn(*g.Journal.Attempt, grant.Failure{Kind: "DeadToken", At: moment})
	if !g.Place(mine, answer("mine", "refresh-2"), g.Account) {
		t.Fatal("the answer was dropped")
	}
	if g.Journal.Verdict != nil || g.Journal.Uncertain != 1 {
		t.Errorf("the journal is %+v, want no verdict and doubt", g.Journal)
	}
	if due := grant.Due(g, grant.Terms{Interval: 90 * time.Minute}, grant.Seen{}, moment); due.Step != grant.StepRefresh {
		t.Errorf("due is %s, want a refresh now", say(due))
	}
}

func TestRotateEndsEveryTrouble(t *testing.T) {
	g := working()
	g.Journal = grant.Journal{
		Uncertain: 2, Failures: 3, NotBefore: moment, LastFailure: grant.Failure{Kind: "kind"}, Verdict: &grant.Verdict{},
	}
	g.Begin(attempt("mine"))
	serial := g.Journal.Serial
	g.Rotate(*g.Journal.Attempt, answer("mine", "refresh-2"))
	want := grant.Journal{Serial: serial, HandledRequest: "asked", LastAttemptAt: moment}
	if !reflect.DeepEqual(g.Journal, want) {
		t.Errorf("the journal is %+v, want %+v", g.Journal, want)
	}
}
