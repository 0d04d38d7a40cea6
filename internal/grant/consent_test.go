// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

func TestClaim(t *testing.T) {
	done := grant.Claim{Nonce: "a", ID: "1", At: moment.Add(-time.Minute), Code: "connected"}
	live := grant.Claim{Nonce: "a", ID: "1", At: moment.Add(-44 * time.Second)}
	left := grant.Claim{Nonce: "a", ID: "1", At: moment.Add(-45 * time.Second)}
	ahead := grant.Claim{Nonce: "a", ID: "1", At: moment.Add(time.Hour)}
	mine := grant.Claim{Nonce: "b", ID: "2", At: moment}
	for name, test := range map[string]struct {
		earlier   []grant.Claim
		nonce, id string
		state     grant.ClaimState
		claim     grant.Claim
		want      []grant.Claim
	}{
		"the first":                   {nil, "b", "2", grant.Claimed, mine, []grant.Claim{mine}},
		"the same again, by the same": {[]grant.Claim{live}, "a", "1", grant.Claimed, live, []grant.Claim{live}},
		"the same again, by another":  {[]grant.Claim{live}, "a", "2", grant.ClaimedBefore, live, []grant.Claim{live}},
		"the same, long over":         {[]grant.Claim{done}, "a", "2", grant.ClaimedBefore, done, []grant.Claim{done}},
		"another is under way":        {[]grant.Claim{live}, "b", "2", grant.ClaimBusy, live, []grant.Claim{live}},
		"another was left":            {[]grant.Claim{left}, "b", "2", grant.Claimed, mine, []grant.Claim{mine, left}},
		"another ended":               {[]grant.Claim{done}, "b", "2", grant.Claimed, mine, []grant.Claim{mine, done}},
		"another is of a later clock": {[]grant.Claim{ahead}, "b", "2", grant.Claimed, mine, []grant.Claim{mine}},
		"an older one is under way":   {[]grant.Claim{done, live}, "b", "2", grant.ClaimBusy, live, []grant.Claim{done, live}},
	} {
		g := working()
		g.Consent.Claims = test.earlier
		state, claim := g.Claim(test.nonce, test.id, moment)
		if state != test.state || claim != test.claim || !reflect.DeepEqual(g.Consent.Claims, test.want) {
			t.Errorf("%s: %s %+v, leaving %+v; want %s %+v, leaving %+v",
				name, state, claim, g.Consent.Claims, test.state, test.claim, test.want)
		}
	}
}

func TestClaimsAreBounded(t *testing.T) {
	g := working()
	for i := range 40 {
		nonce := fmt.Sprint(i)
		at := moment.Add(time.Duration(i) * time.Minute / 10)
		g.Claim(nonce, nonce, at)
		g.Conclude(nonce, grant.Outcome{Code: "denied", At: at})
	}
	if len(g.Consent.Claims) != 16 || g.Consent.Claims[0].Nonce != "39" || g.Consent.Claims[15].Nonce != "24" {
		t.Errorf("kept are %+v, want the 16 newest", g.Consent.Claims)
	}
	g.Claim("late", "late", moment.Add(time.Hour))
	if len(g.Consent.Claims) != 1 {
		t.Errorf("kept are %+v, want none of those older than 15 minutes", g.Consent.Claims)
	}
}

func TestConclude(t *testing.T) {
	g := working()
	g.Consent.Claims = []grant.Claim{{Nonce: "b", At: moment}, {Nonce: "a", At: moment}}
	g.Conclude("a", grant.Outcome{Code: "denied", Message: "They declined.", At: moment})
	want := grant.Consent{
		Claims:  []grant.Claim{{Nonce: "b", At: moment}, {Nonce: "a", At: moment, Code: "denied"}},
		Outcome: &grant.Outcome{Code: "denied", At: moment, Message: "They declined."},
	}
	if !reflect.DeepEqual(g.Consent, want) {
		t.Errorf("the record is %+v, want %+v", g.Consent, want)
	}
}

func TestPinHolds(t *testing.T) {
	news := grant.Account{UserID: "7", Username: "news"}
	renamed := grant.Account{UserID: "7", Username: "renamed"}
	taken := grant.Account{UserID: "8", Username: "news"}
	for name, test := range map[string]struct {
		known, account grant.Account
		username       string
		want           bool
	}{
		"the first, unnamed":                     {grant.Account{}, news, "", true},
		"the first, named":                       {grant.Account{}, news, "NEWS", true},
		"the first, not the named one":           {grant.Account{}, news, "sports", false},
		"the same":                               {news, news, "", true},
		"the same, renamed":                      {news, renamed, "", true},
		"the same, renamed, under the old name":  {news, renamed, "news", false},
		"another":                                {news, grant.Account{UserID: "8", Username: "sports"}, "", false},
		"another that took the name":             {news, taken, "news", false},
		"another, since the name was changed":    {news, grant.Account{UserID: "8", Username: "sports"}, "sports", true},
		"X did not tell whose, first, unnamed":   {grant.Account{}, grant.Account{}, "", true},
		"X did not tell whose, first, named":     {grant.Account{}, grant.Account{}, "news", false},
		"X did not tell whose, of a known one's": {news, grant.Account{}, "", false},
	} {
		g := &grant.Grant{Account: test.known}
		if got := g.PinHolds(test.account, test.username); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

// candidate answers the invitation of invited.
func candidate(access, userID string) grant.Candidate {
	return grant.Candidate{
		Tokens: answer(access, "refresh of "+access), Nonce: "nonce of " + access, Epoch: 3,
		Account: grant.Account{UserID: userID, Username: "user" + userID},
	}
}

// invited is working, with a consent wanted at epoch 3.
func invited() *grant.Grant {
	g := working()
	g.Consent = grant.Consent{
		Epoch: 3, Wanted: true, App: grant.App{ClientID: "client"}, RequestedReconnect: "please",
		Claims: []grant.Claim{{Nonce: "nonce of fresh", At: moment}},
	}
	return g
}

func TestPromote(t *testing.T) {
	for name, test := range map[string]struct {
		alter   func(*grant.Grant)
		retired []string
	}{
		"of the same account": {func(*grant.Grant) {}, nil},
		"of another account":  {func(g *grant.Grant) { g.Candidate.Account.UserID = "8" }, []string{"access-1"}},
		"for another app":     {func(g *grant.Grant) { g.Candidate.App.ClientID = "other" }, []string{"access-1"}},
		"nobody knows whose":  {func(g *grant.Grant) { g.Account, g.Candidate.Account = grant.Account{}, grant.Account{} }, []string{"access-1"}},
		"the first":           {func(g *grant.Grant) { g.Tokens = nil }, nil},
	} {
		g := invited()
		fresh := candidate("fresh", "7")
		g.Candidate, g.Refused = &fresh, &grant.Refusal{}
		g.Begin(attempt("under way"))
		test.alter(g)
		account := g.Candidate.Account
		g.Promote()
		work, retired := accesses(g)
		if work != "fresh" || !reflect.DeepEqual(retired, test.retired) || g.Account != account {
			t.Errorf("%s: working %q of %v, retired %q; want fresh of %v, %q", name, work, g.Account, retired, account, test.retired)
		}
		if g.Candidate != nil || g.Refused != nil || g.Journal.Attempt != nil || g.Rotation != 1 {
			t.Errorf("%s: left are %v, %v, %v, rotation %d; want nothing and 1", name, g.Candidate, g.Refused, g.Journal.Attempt, g.Rotation)
		}
		if c := g.Consent; c.Wanted || c.Epoch != 4 || c.AnsweredReconnect != "please" {
			t.Errorf("%s: the invitation is %+v, want it answered and at epoch 4", name, c)
		}
	}
}

func TestRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		userID  string
		alter   func(*grant.Grant)
		work    string
		retired []string
	}{
		"of another account":             {"8", func(*grant.Grant) {}, "access-1", []string{"fresh"}},
		"of the working set's own":       {"7", func(*grant.Grant) {}, "fresh", nil},
		"of its own, but of another app": {"7", func(g *grant.Grant) { g.Candidate.App.ClientID = "b" }, "access-1", []string{"fresh"}},
		"with no working set":            {"7", func(g *grant.Grant) { g.Tokens = nil }, "", []string{"fresh"}},
	} {
		g := invited()
		fresh := candidate("fresh", test.userID)
		g.Candidate = &fresh
		test.alter(g)
		g.Refuse()
		work, retired := accesses(g)
		if work != test.work || !reflect.DeepEqual(retired, test.retired) || g.Candidate != nil {
			t.Errorf("%s: working %q, retired %q, candidate %v; want %q, %q, none", name, work, retired, g.Candidate, test.work, test.retired)
		}
		if g.Account.UserID != "7" || !g.Consent.Wanted || g.Consent.Epoch != 3 {
			t.Errorf("%s: the account is %v and the invitation %+v: neither may change", name, g.Account, g.Consent)
		}
	}
}

func TestForget(t *testing.T) {
	g := invited()
	fresh := candidate("fresh", "8")
	g.Candidate, g.Refused = &fresh, &grant.Refusal{}
	g.Rotation = 5
	g.Journal.HandledRequest, g.Journal.Failures = "handled", 2
	g.Begin(attempt("under way"))
	serial := g.Journal.Serial
	g.Forget()
	if work, retired := accesses(g); work != "" || !reflect.DeepEqual(retired, []string{"access-1", "fresh"}) {
		t.Errorf("working %q, retired %q; want none and both", work, retired)
	}
	if want := (grant.Journal{HandledRequest: "handled", Serial: serial}); !reflect.DeepEqual(g.Journal, want) {
		t.Errorf("the journal is %+v, want %+v", g.Journal, want)
	}
	if g.Candidate != nil || g.Refused != nil || g.Account != (grant.Account{}) || g.Consent.Wanted || g.Consent.Epoch != 4 || g.Rotation != 5 {
		t.Errorf("what is left is %+v", g)
	}
}

// While X is asked to revoke no consent begins; a revocation that was left behind does
// not keep consents out for ever.
func TestClaimDuringRevocation(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*grant.Grant)
		want   grant.ClaimState
	}{
		"under way":               {func(*grant.Grant) {}, grant.ClaimRevoking},
		"ended":                   {func(g *grant.Grant) { g.EndRevocation("one") }, grant.Claimed},
		"another's end":           {func(g *grant.Grant) { g.EndRevocation("two") }, grant.ClaimRevoking},
		"left behind":             {func(g *grant.Grant) { g.Revoking.At = moment.Add(-90 * time.Second) }, grant.Claimed},
		"the same nonce again":    {func(g *grant.Grant) { g.Consent.Claims = []grant.Claim{{Nonce: "a", ID: "0"}} }, grant.ClaimedBefore},
		"another's takes no turn": {func(g *grant.Grant) { g.BeginRevocation("two", grant.Grantee{}, moment); g.EndRevocation("one") }, grant.Claimed},
		"another's, once it is left behind": {func(g *grant.Grant) {
			g.Revoking.At = moment.Add(-90 * time.Second)
			g.BeginRevocation("two", grant.Grantee{}, moment)
			g.EndRevocation("one")
		}, grant.ClaimRevoking},
	} {
		g := &grant.Grant{}
		g.BeginRevocation("one", grant.Grantee{}, moment)
		test.change(g)
		if state, _ := g.Claim("a", "1", moment); state != test.want {
			t.Errorf("%s: the claim is %s, want %s", name, state, test.want)
		}
	}
}

func TestPlaceCandidate(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*grant.Grant)
		candidate string
		retired   []string
		outcome   string
	}{
		"as invited":           {func(*grant.Grant) {}, "fresh", nil, ""},
		"not wanted any more":  {func(g *grant.Grant) { g.Consent.Wanted = false }, "", []string{"fresh"}, "session_expired"},
		"the epoch moved":      {func(g *grant.Grant) { g.Consent.Epoch++ }, "", []string{"fresh"}, "session_expired"},
		"it was disconnected":  {func(g *grant.Grant) { g.Forget() }, "", []string{"access-1", "fresh"}, "session_expired"},
		"an earlier candidate": {func(g *grant.Grant) { g.PlaceCandidate(candidate("early", "7"), "", moment) }, "fresh", []string{"early"}, ""},
		"placed already":       {func(g *grant.Grant) { g.PlaceCandidate(candidate("fresh", "7"), "", moment) }, "fresh", nil, ""},
		"placed and refused": {func(g *grant.Grant) {
			g.PlaceCandidate(candidate("fresh", "8"), "", moment)
			g.Refuse()
		}, "", []string{"fresh"}, ""},
		"placed, refused and revoked": {func(g *grant.Grant) {
			g.PlaceCandidate(candidate("fresh", "8"), "", moment)
			g.Refuse()
			g.DropRetired(g.Retired[0])
		}, "", nil, ""},
		"placed, promoted and refreshed": {func(g *grant.Grant) {
			g.PlaceCandidate(candidate("fresh", "7"), "", moment)
			g.Promote()
			g.Begin(attempt("next"))
			g.Rotate(*g.Journal.Attempt, answer("next", "r"))
		}, "", nil, ""},
	} {
		g := invited()
		test.meanwhile(g)
		g.PlaceCandidate(candidate("fresh", "7"), "moved", moment)
		placed, outcome := "", ""
		if g.Candidate != nil {
			placed = g.Candidate.AccessToken.Reveal()
		}
		if g.Consent.Outcome != nil {
			outcome = g.Consent.Outcome.Code
		}
		if _, retired := accesses(g); placed != test.candidate || !reflect.DeepEqual(retired, test.retired) || outcome != test.outcome {
			t.Errorf("%s: candidate %q, retired %q, outcome %q; want %q, %q, %q", name,
				placed, retired, outcome, test.candidate, test.retired, test.outcome)
		}
	}
}

func TestInvite(t *testing.T) {
	app := grant.App{ClientID: "client", ClientSecret: secret.New("old")}
	g := &grant.Grant{}
	g.Invite(true, app, []string{"tweet.read"}, "please")
	want := grant.Consent{Epoch: 1, Wanted: true, App: app, Scopes: []string{"tweet.read"}, RequestedReconnect: "please"}
	if !reflect.DeepEqual(g.Consent, want) || !g.Invited(true, app, []string{"tweet.read"}, "please") {
		t.Errorf("the invitation is %+v, want %+v", g.Consent, want)
	}
	scopes := []string{"tweet.read"}
	for name, test := range map[string]struct {
		app    grant.App
		scopes []string
		epoch  int64
	}{
		"the same":          {app, scopes, 1},
		"another client id": {grant.App{ClientID: "b", ClientSecret: app.ClientSecret}, scopes, 2},
		"another secret":    {grant.App{ClientID: "client", ClientSecret: secret.New("new")}, scopes, 2},
		"a shared app":      {grant.App{ClientID: "client", XApp: "shared", SecretName: "shared"}, scopes, 2},
		"more scopes":       {app, []string{"tweet.read", "tweet.write"}, 2},
	} {
		again := *g
		again.Invite(false, grant.App{}, nil, "")
		again.Invite(true, test.app, test.scopes, "please")
		if again.Consent.Epoch != test.epoch {
			t.Errorf("%s: epoch %d, want %d", name, again.Consent.Epoch, test.epoch)
		}
	}
	g.Invite(false, grant.App{}, nil, "")
	want.Wanted = false
	if !reflect.DeepEqual(g.Consent, want) || !g.Invited(false, grant.App{}, nil, "") {
		t.Errorf("the closed invitation is %+v, want %+v", g.Consent, want)
	}
}

// A grant from another cluster is taken over as it is; what was under way there
// nobody knows, and what was given up here is still owed.
func TestInherit(t *testing.T) {
	there := working()
	there.Rotation, there.Journal.Serial, there.Journal.HandledRequest = 7, 9, "there"
	there.Begin(attempt("mine"))
	there.Candidate = &grant.Candidate{Tokens: answer("candidate", "c"), Account: there.Account}
	there.Retired = []grant.Retired{{Tokens: answer("owed there", "t")}}
	there.Consent.AnsweredReconnect = "asked"
	here := &grant.Grant{
		Journal: grant.Journal{Serial: 1, HandledRequest: "here"},
		Consent: grant.Consent{Epoch: 3, Wanted: true},
		Retired: []grant.Retired{{Tokens: answer("owed here", "h")}},
	}
	here.Inherit(there)
	work, retired := accesses(here)
	if want := []string{"owed here", "owed there", "candidate"}; work != "access-1" || !reflect.DeepEqual(retired, want) {
		t.Errorf("working is %q, retired %q", work, retired)
	}
	if here.Account != there.Account || here.Rotation != 7 {
		t.Errorf("the account is %v, the rotation %d", here.Account, here.Rotation)
	}
	want := grant.Journal{Serial: 10, Uncertain: 1, Failures: 1, HandledRequest: "here", LastAttemptAt: moment}
	if !reflect.DeepEqual(here.Journal, want) {
		t.Errorf("the journal is %+v, want %+v", here.Journal, want)
	}
	here.Owe(there)
	if _, again := accesses(here); !reflect.DeepEqual(again, retired) {
		t.Errorf("what is owed already is owed once more: %q", again)
	}
	if here.Consent.Wanted || here.Consent.Epoch != 4 || here.Consent.AnsweredReconnect != "asked" {
		t.Errorf("the consent is %+v", here.Consent)
	}
}

// The client secret may be renewed between two consents: what is revoked at the end is
// revoked with the one of the working set.
func TestSupersededIsRevokedWithTheSecretOfNow(t *testing.T) {
	g := working()
	g.Tokens.App.ClientSecret = secret.New("old")
	g.Candidate = &grant.Candidate{Tokens: answer("2", "refresh-2"), Account: g.Account}
	g.Promote()
	g.Tokens.App.ClientSecret = secret.New("new")
	g.Forget()
	for _, set := range g.Retired {
		if set.App.ClientSecret.Reveal() != "new" {
			t.Errorf("%s is to be revoked with the secret %q", set.AccessToken.Reveal(), set.App.ClientSecret.Reveal())
		}
	}
	if len(g.Retired) != 2 {
		t.Errorf("%d sets are to be revoked, want 2", len(g.Retired))
	}
}

// An answer to tokens that were given up before the account consented again is alive at
// X, and is owed a revocation: now, or with the working set.
func TestAnswerToWhatWasForgotten(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*grant.Grant)
		now       []string
		later     int
	}{
		"and revoked":              {func(g *grant.Grant) { g.DropRetired(g.Retired[0]) }, nil, 1},
		"and is yet to be revoked": {func(*grant.Grant) {}, []string{"late"}, 0},
	} {
		g := working()
		g.Begin(attempt("mine"))
		mine, account := *g.Journal.Attempt, g.Account
		g.Forget()
		test.meanwhile(g)
		g.Candidate = &grant.Candidate{Tokens: answer("2", "refresh-2"), Account: account}
		g.Candidate.ConsentedAt = moment
		g.Promote()
		for range 2 {
			g.Place(mine, answer("late", "late"), account)
		}
		if _, now := accesses(g); !reflect.DeepEqual(now, test.now) || len(g.Superseded) != test.later {
			t.Errorf("%s: %q are revoked now, %d later; want %q, %d", name, now, len(g.Superseded), test.now, test.later)
		}
	}
}

// consent gives a grant the tokens of another consent.
func consent(g *grant.Grant, access, account string) {
	g.Candidate = &grant.Candidate{Tokens: answer(access, "refresh of "+access), Account: grant.Account{UserID: account}}
	g.Promote()
}

// forgo has a grant owe a set of tokens, and forgoes it twice.
func forgo(g *grant.Grant, account, client string) {
	set := grant.Retired{Tokens: answer("owed", "owed"), Account: grant.Account{UserID: account}}
	set.App.ClientID = client
	g.Retired = []grant.Retired{set}
	g.ForgoRetired(set)
	g.ForgoRetired(set)
}

// A later login of the working set's own account, whose account was not known when it was
// retired, takes that one's place: X may have ended the earlier one.
func TestForgoingALaterLogin(t *testing.T) {
	for name, test := range map[string]struct {
		alter func(*grant.Retired)
		work  string
	}{
		"of the account":      {func(*grant.Retired) {}, "later"},
		"of nobody knows who": {func(set *grant.Retired) { set.Account.UserID = "" }, "access-1"},
		"in use before":       {func(set *grant.Retired) { set.Serial = 1 }, "access-1"},
		"earlier":             {func(set *grant.Retired) { set.ConsentedAt = moment.Add(-48 * time.Hour) }, "access-1"},
	} {
		g := working()
		g.Tokens.ConsentedAt = moment.Add(-24 * time.Hour)
		g.Begin(attempt("under way"))
		set := grant.Retired{Tokens: answer("later", "later"), Account: grant.Account{UserID: "7"}}
		set.ConsentedAt = moment
		test.alter(&set)
		g.Retired = []grant.Retired{set}
		for range 2 {
			if !g.ForgoRetired(set) {
				t.Errorf("%s: it is not kept", name)
			}
		}
		if work, retired := accesses(g); work != test.work || retired != nil || len(g.Superseded) != 1 || g.Account.Username != "news" {
			t.Errorf("%s: working %q of %v, retired %q, %d superseded; want %q, none, 1", name, work, g.Account, retired, len(g.Superseded), test.work)
		}
	}
}

// numbers are the numbers from first to last as text.
func numbers(first, last int) []string {
	var texts []string
	for i := first; i <= last; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

// What a moved grant without tokens owes is owed here.
func TestOweWithoutTokens(t *testing.T) {
	g, other := working(), working()
	other.Tokens = nil
	other.Retired = []grant.Retired{{Tokens: answer("owed", "owed")}}
	g.Owe(other)
	if _, retired := accesses(g); !reflect.DeepEqual(retired, []string{"owed"}) {
		t.Errorf("%q are retired", retired)
	}
}

// X may let an account's earlier logins live on: what a consent of the same account took
// the place of is revoked with the working set, and not before.
func TestSuperseded(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*grant.Grant)
		later  []string
		now    []string
	}{
		"the same account consents": {func(g *grant.Grant) { consent(g, "2", "7") }, []string{"access-1"}, nil},
		"again and again": {func(g *grant.Grant) {
			for i := range 66 {
				consent(g, strconv.Itoa(i), "7")
			}
		}, numbers(1, 64), nil},
		"not to be revoked, of the account": {func(g *grant.Grant) { forgo(g, "7", "client") }, []string{"owed"}, nil},
		"not to be revoked, nobody knows":   {func(g *grant.Grant) { forgo(g, "", "client") }, []string{"owed"}, nil},
		"not to be revoked, nobody knows whose its own is": {func(g *grant.Grant) {
			g.Account = grant.Account{}
			forgo(g, "7", "client")
		}, []string{"owed"}, nil},
		"not to be revoked, another's":     {func(g *grant.Grant) { forgo(g, "8", "client") }, nil, nil},
		"not to be revoked, another app's": {func(g *grant.Grant) { forgo(g, "7", "another") }, nil, nil},
		"a refused one of the same account": {func(g *grant.Grant) {
			g.Candidate = &grant.Candidate{Tokens: answer("2", "2"), Account: g.Account}
			g.Refuse()
		}, []string{"access-1"}, nil},
		"then another account": {func(g *grant.Grant) { consent(g, "2", "7"); consent(g, "3", "8") }, nil, []string{"2", "access-1"}},
		"then it ends":         {func(g *grant.Grant) { consent(g, "2", "7"); g.Forget() }, nil, []string{"2", "access-1"}},
		"an answer to what went comes late": {func(g *grant.Grant) {
			g.Begin(attempt("mine"))
			mine := *g.Journal.Attempt
			consent(g, "2", "7")
			if g.Place(mine, answer("late", "late"), g.Account) {
				t.Error("the late answer counts as kept")
			}
		}, []string{"late"}, nil},
		"a moved grant of the account": {func(g *grant.Grant) {
			moved := working()
			consent(moved, "moved", "7")
			consent(g, "2", "7")
			g.Owe(moved)
			g.Owe(moved)
		}, []string{"access-1", "moved"}, nil},
		"a moved grant of another account": {func(g *grant.Grant) {
			moved := working()
			consent(moved, "moved", "8")
			g.Owe(moved)
			g.Owe(moved)
		}, nil, []string{"moved"}},
	} {
		g := working()
		test.change(g)
		_, now := accesses(g)
		var later []string
		for _, set := range g.Superseded {
			later = append(later, set.AccessToken.Reveal())
		}
		if !reflect.DeepEqual(later, test.later) || !reflect.DeepEqual(now, test.now) {
			t.Errorf("%s: %q are revoked later, %q now; want %q, %q", name, later, now, test.later, test.now)
		}
	}
}
