// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// inBubble runs a test in which only virtual time passes.
func inBubble(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

func TestRefresh(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		g := w.connected()
		w.refresh = func() (xapi.Tokens, error) {
			intent := w.stored().Journal.Attempt
			want := grant.Attempt{
				Holder: grant.Holder{Pod: "pod", Start: "run"}, StartedAt: moment,
				TokenHash: secret.New("refresh-1").Hash(), Request: "asked", Serial: 1,
			}
			if intent != nil {
				want.ID = intent.ID
			}
			if intent == nil || *intent != want || intent.ID == "" {
				t.Errorf("while X is asked the store holds the intent %+v, want %+v", intent, want)
			}
			return fresh("access-2", "refresh-2"), nil
		}
		after, err := w.Refresh(t.Context(), g, app, "asked")
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"patch", "refresh refresh-1", "patch"}; !slices.Equal(w.trail, want) {
			t.Errorf("the order is %q, want %q", w.trail, want)
		}
		got := w.stored()
		if got.Version() != after.Version() || got.Rotation != 1 || got.Journal.Attempt != nil || got.Journal.HandledRequest != "asked" {
			t.Errorf("stored is %+v", got)
		}
		tokens := got.Tokens
		if tokens.RefreshToken.Reveal() != "refresh-2" || !tokens.ExpiresAt.Equal(moment.Add(2*time.Hour)) ||
			!tokens.RefreshedAt.Equal(moment) || !tokens.ConsentedAt.Equal(moment.Add(-90*time.Minute)) {
			t.Errorf("the tokens are %+v", tokens)
		}
	})
}

// Whatever the store says to the intent, X is asked only if it is stored, and once.
func TestRefreshIntent(t *testing.T) {
	other := func(w *world) fault {
		return func(apply func() error) error {
			w.alter(func(g *grant.Grant) { g.Begin(grant.Attempt{ID: "other"}) })
			return apply()
		}
	}
	gone := func(w *world) fault {
		return func(apply func() error) error {
			w.remove()
			return apply()
		}
	}
	always := func(f fault) func(*world) fault { return func(*world) fault { return f } }
	for name, test := range map[string]struct {
		write func(*world) fault
		reads []fault
		want  error
		calls int
		left  string
	}{
		"it is written":                        {always(fine), nil, nil, 1, ""},
		"a conflict":                           {always(conflict), nil, redeem.ErrLost, 0, ""},
		"a conflict that was written":          {always(writtenBut(conflict)), nil, nil, 1, ""},
		"another was first":                    {other, nil, redeem.ErrLost, 0, "other"},
		"ambiguous, and written":               {always(writtenBut(lost)), nil, nil, 1, ""},
		"ambiguous, and not written":           {always(lost), nil, grant.ErrAmbiguous, 0, ""},
		"refused":                              {always(forbidden), nil, grant.ErrRefused, 0, ""},
		"the grant is gone":                    {gone, nil, grant.ErrNotFound, 0, ""},
		"ambiguous, written and unreadable":    {always(writtenBut(lost)), []fault{lost, lost}, grant.ErrAmbiguous, 0, ""},
		"a conflict, written and unreadable":   {always(writtenBut(conflict)), []fault{lost}, grant.ErrConflict, 0, ""},
		"ambiguous, not written or read again": {always(lost), []fault{lost, lost, lost}, grant.ErrAmbiguous, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				g := w.connected()
				w.writes, w.reads = []fault{test.write(w)}, test.reads
				_, err := w.Refresh(t.Context(), g, app, "")
				if !errors.Is(err, test.want) || w.calls("refresh refresh-1") != test.calls {
					t.Errorf("%d calls and the error %v, want %d and %v", w.calls("refresh refresh-1"), err, test.calls, test.want)
				}
				left := ""
				if after := w.stored(); after != nil && after.Journal.Attempt != nil {
					left = after.Journal.Attempt.ID
				}
				if left != test.left {
					t.Errorf("the intent %q is left, want %q", left, test.left)
				}
			})
		})
	}
}

// promote is another process's promotion of a consent.
func (w *world) promote(userID string) {
	w.alter(func(g *grant.Grant) {
		g.Candidate = &grant.Candidate{Tokens: *g.Tokens, Account: grant.Account{UserID: userID}}
		g.Candidate.AccessToken, g.Candidate.RefreshToken = secret.New("consented"), secret.New("r")
		g.Promote()
	})
}

// Whatever happened while X was asked, its answer is stored, or owed a revocation,
// or older than what is there.
func TestRefreshPersist(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*world)
		writes    []fault
		working   string
		retired   []string
		dropped   int
	}{
		"a conflict":                        {nil, []fault{conflict}, "access-2", nil, 0},
		"written, and an error":             {nil, []fault{writtenBut(lost)}, "access-2", nil, 0},
		"written, and conflict":             {nil, []fault{writtenBut(conflict)}, "access-2", nil, 0},
		"refused for a while":               {nil, []fault{forbidden, lost, forbidden, conflict, lost}, "access-2", nil, 0},
		"a consent was promoted":            {func(w *world) { w.promote("7") }, nil, "consented", nil, 1},
		"a consent of another was promoted": {func(w *world) { w.promote("8") }, nil, "consented", []string{"access-2"}, 0},
		"another took over": {func(w *world) {
			w.alter(func(g *grant.Grant) { g.Begin(grant.Attempt{ID: "other"}) })
		}, nil, "access-2", nil, 0},
		"it was disconnected": {func(w *world) {
			w.alter(func(g *grant.Grant) { g.Forget() })
		}, nil, "", []string{"access-2"}, 0},
		"it was deleted, and is wanted": {func(w *world) { w.remove() }, nil, "access-2", nil, 0},
		"it was deleted, is wanted, and can't be made at first": {
			func(w *world) { w.remove() }, []fault{fine, lost, forbidden}, "access-2", nil, 0,
		},
		"it was deleted, and is made with an error": {
			func(w *world) { w.remove() }, []fault{fine, writtenBut(lost)}, "access-2", nil, 0,
		},
		"it was deleted, and disconnected": {func(w *world) {
			w.remove()
			w.standing = redeem.Disconnected
		}, nil, "", []string{"access-2"}, 0},
		"it and its owner were deleted": {func(w *world) {
			w.remove()
			w.standing = redeem.Gone
		}, []fault{fine, lost, writtenBut(lost)}, "", []string{"access-2"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				g := w.connected()
				w.writes = append([]fault{fine}, test.writes...)
				w.refresh = func() (xapi.Tokens, error) {
					if test.meanwhile != nil {
						test.meanwhile(w)
					}
					return fresh("access-2", "refresh-2"), nil
				}
				if _, err := w.Refresh(t.Context(), g, app, ""); err != nil {
					t.Fatal(err)
				}
				working, _, retired := w.accesses()
				if working != test.working || !slices.Equal(retired, test.retired) || w.dropped != test.dropped {
					t.Errorf("working %q, retired %q, %d dropped; want %q, %q, %d", working, retired, w.dropped,
						test.working, test.retired, test.dropped)
				}
				if w.calls("refresh refresh-1") != 1 {
					t.Errorf("X was asked %d times", w.calls("refresh refresh-1"))
				}
			})
		})
	}
}

// An API server that is away after X answered, a caller that left and a process
// that wants to end: the answer waits for the store, and the end for the answer.
func TestAnswerOutlivesOutage(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		g := w.connected()
		ctx, leave := context.WithCancel(t.Context())
		away := true
		var outage fault
		outage = func(apply func() error) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if !away {
				return apply()
			}
			w.writes, w.reads = []fault{outage}, []fault{outage}
			return lost(nil)
		}
		w.refresh = func() (xapi.Tokens, error) {
			w.mu.Lock()
			w.writes, w.reads = []fault{outage}, []fault{outage}
			w.mu.Unlock()
			leave()
			return fresh("access-2", "refresh-2"), nil
		}
		if _, err := w.Refresh(ctx, g, app, ""); !errors.Is(err, redeem.ErrLeft) {
			t.Fatalf("the caller that left is told %v, want ErrLeft", err)
		}
		drained := make(chan struct{})
		go func() {
			w.Keeper.Drain()
			close(drained)
		}()
		time.Sleep(time.Hour)
		select {
		case <-drained:
			t.Fatal("the process may end with an answer that is not stored")
		default:
		}
		if _, err := w.Refresh(t.Context(), g, app, ""); !errors.Is(err, redeem.ErrStopping) {
			t.Errorf("while stopping: %v, want ErrStopping", err)
		}
		w.mu.Lock()
		away = false
		w.mu.Unlock()
		<-drained
		if working, _, _ := w.accesses(); working != "access-2" || w.calls("refresh refresh-1") != 1 {
			t.Errorf("stored is %q after %d calls, want access-2 after one", working, w.calls("refresh refresh-1"))
		}
	})
}

func TestRefreshAnswers(t *testing.T) {
	reset := moment.Add(40 * time.Minute)
	failed := func(err *xapi.Error, alter func(*grant.Journal)) (xapi.Error, grant.Journal) {
		journal := grant.Journal{
			Serial: 1, Failures: 1, LastAttemptAt: moment, HandledRequest: "asked", NotBefore: moment.Add(10 * time.Second),
			LastFailure: grant.Failure{Kind: string(err.Kind), Message: err.Error(), At: moment},
		}
		alter(&journal)
		return *err, journal
	}
	for name, row := range map[string]struct {
		err   *xapi.Error
		alter func(*grant.Journal)
	}{
		"dead": {&xapi.Error{Kind: xapi.KindDeadToken, Status: 400, Code: "invalid_grant", Sent: true}, func(j *grant.Journal) {
			j.NotBefore = time.Time{}
			j.Verdict = &grant.Verdict{At: moment, Message: j.LastFailure.Message, TokenHash: secret.New("refresh-1").Hash()}
		}},
		"unknown, sent":     {&xapi.Error{Kind: xapi.KindUnknown, Status: 503, Sent: true}, func(j *grant.Journal) { j.Uncertain = 1 }},
		"unknown, not sent": {&xapi.Error{Kind: xapi.KindUnknown}, func(*grant.Journal) {}},
		"not a verdict":     {&xapi.Error{Kind: xapi.KindNotVerdict, Status: 418, Sent: true}, func(*grant.Journal) {}},
		"the app is refused": {&xapi.Error{Kind: xapi.KindCredentials, Status: 401, Sent: true}, func(j *grant.Journal) {
			j.NotBefore = time.Time{}
		}},
		"limited": {&xapi.Error{Kind: xapi.KindRateLimited, Status: 429, Sent: true, ResetAt: reset}, func(j *grant.Journal) {
			j.NotBefore = reset
		}},
		"a cap": {&xapi.Error{Kind: xapi.KindUsageCap, Status: 402, Sent: true}, func(j *grant.Journal) {
			j.NotBefore = moment.Add(time.Hour)
		}},
		"aborted": {&xapi.Error{Kind: xapi.KindAborted}, func(j *grant.Journal) {
			j.Failures, j.HandledRequest, j.LastFailure = 0, "", grant.Failure{}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				said, want := failed(row.err, row.alter)
				g := w.connected()
				w.refresh = func() (xapi.Tokens, error) { return xapi.Tokens{}, &said }
				after, err := w.Refresh(t.Context(), g, app, "asked")
				if err != nil {
					t.Fatal(err)
				}
				sameJournal(t, after.Journal, want)
				sameJournal(t, w.stored().Journal, want)
				if working, _, _ := w.accesses(); working != "access-1" || after.Rotation != 0 {
					t.Errorf("working is %q at rotation %d, want the old set", working, after.Rotation)
				}
			})
		})
	}
}

func sameJournal(t *testing.T, got, want grant.Journal) {
	t.Helper()
	if (got.Verdict == nil) != (want.Verdict == nil) || got.Verdict != nil && *got.Verdict != *want.Verdict {
		t.Errorf("the verdict is %+v, want %+v", got.Verdict, want.Verdict)
	}
	got.Verdict, want.Verdict = nil, nil
	if got != want {
		t.Errorf("the journal is %+v, want %+v", got, want)
	}
}

// A verdict on a token that is not the stored one any more is about nothing.
func TestVerdictOnAnotherToken(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		g := w.connected()
		w.refresh = func() (xapi.Tokens, error) {
			w.promote("7")
			return xapi.Tokens{}, &xapi.Error{Kind: xapi.KindDeadToken, Status: 400, Sent: true}
		}
		if _, err := w.Refresh(t.Context(), g, app, ""); err != nil {
			t.Fatal(err)
		}
		if after := w.stored(); after.Journal.Verdict != nil || after.Journal.Failures != 0 {
			t.Errorf("the verdict was held against the new consent: %+v", after.Journal)
		}
	})
}

func TestAnswerWithoutRefreshToken(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		g := w.connected()
		w.refresh = func() (xapi.Tokens, error) { return fresh("access-2", ""), nil }
		after, err := w.Refresh(t.Context(), g, app, "")
		if err != nil {
			t.Fatal(err)
		}
		if after.Tokens.RefreshToken.Reveal() != "refresh-1" || after.Tokens.Kept != 1 || after.Rotation != 1 {
			t.Errorf("the tokens are %+v at rotation %d, want the old refresh token, kept once", after.Tokens, after.Rotation)
		}
	})
}

// A process that is paused after its intent must not wake up and spend.
func TestGuard(t *testing.T) {
	for paused, calls := range map[time.Duration]int{5 * time.Second: 1, 5*time.Second + 1: 0} {
		inBubble(t, func(t *testing.T, w *world) {
			g := w.connected()
			w.writes = []fault{func(apply func() error) error {
				defer w.pass(paused)
				return apply()
			}}
			after, err := w.Refresh(t.Context(), g, app, "asked")
			if err != nil {
				t.Fatal(err)
			}
			if w.calls("refresh refresh-1") != calls {
				t.Errorf("after %s X was asked %d times, want %d", paused, w.calls("refresh refresh-1"), calls)
			}
			if calls == 0 && (after.Journal.Attempt != nil || after.Journal.HandledRequest != "" || after.Journal.Failures != 0) {
				t.Errorf("an attempt that was never sent left %+v", after.Journal)
			}
		})
	}
}
