// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

var refusedAt = time.Date(2031, 3, 7, 9, 0, 0, 0, time.UTC)

// grantWith is a grant whose access token has a value; it was received at
// refusedAt and is refreshed in its own good time an hour later.
func grantWith(access string) *grant.Grant {
	return &grant.Grant{Tokens: &grant.Tokens{
		AccessToken: secret.New(access), RefreshToken: secret.New("refresh"),
		ReceivedAt: refusedAt, RefreshedAt: refusedAt, ExpiresAt: refusedAt.Add(2 * time.Hour),
	}}
}

func TestRefuseAccess(t *testing.T) {
	refusal := func(access string, after time.Duration) *grant.Refusal {
		return &grant.Refusal{At: refusedAt.Add(after), TokenHash: secret.New(access).Hash()}
	}
	verdict := &grant.Verdict{At: refusedAt, Message: "401", TokenHash: secret.New("refresh").Hash()}
	for name, test := range map[string]struct {
		// earlier is the refusal that is stored; the token in use is "second".
		earlier *grant.Refusal
		refused string
		want    *grant.Refusal
		verdict *grant.Verdict
	}{
		"the first refusal":            {nil, "second", refusal("second", 0), nil},
		"of a token that is gone":      {nil, "first", nil, nil},
		"the same again":               {refusal("second", -time.Minute), "second", refusal("second", -time.Minute), nil},
		"after a refresh":              {refusal("first", -time.Minute), "second", nil, verdict},
		"long after another":           {refusal("first", -2*time.Hour), "second", refusal("second", 0), nil},
		"of the old one, once more":    {refusal("first", -time.Minute), "first", refusal("first", -time.Minute), nil},
		"the same, but long after one": {refusal("second", -2*time.Hour), "second", refusal("second", 0), nil},
	} {
		g := grantWith("second")
		g.Refused = test.earlier
		g.RefuseAccess(secret.New(test.refused), "401", refusedAt)
		if !reflect.DeepEqual(g.Refused, test.want) || !reflect.DeepEqual(g.Journal.Verdict, test.verdict) {
			t.Errorf("%s: the refusal is %v and the verdict %v, want %v and %v", name, g.Refused, g.Journal.Verdict, test.want, test.verdict)
		}
	}
}

func TestAcceptAccess(t *testing.T) {
	g := grantWith("second")
	g.RefuseAccess(secret.New("second"), "401", refusedAt)
	g.AcceptAccess(secret.New("second"))
	if !g.AccessRefused() {
		t.Error("a late answer to the refused token ended its refusal")
	}
	g.Tokens.AccessToken = secret.New("third")
	if g.AccessRefused() {
		t.Error("the refusal of another token is held against the new one")
	}
	g.AcceptAccess(secret.New("third"))
	if g.Refused != nil {
		t.Errorf("the refusal outlives the acceptance of the next token: %v", g.Refused)
	}
}

// A refused access token is refreshed at once, but not sooner than a minute after
// the last attempt.
func TestDueAfterRefusal(t *testing.T) {
	now := refusedAt.Add(10 * time.Minute)
	for last, want := range map[time.Duration]string{
		-10 * time.Minute: "Refresh",
		-30 * time.Second: "Wait 30s",
	} {
		g := grantWith("second")
		g.Tokens.RefreshedAt, g.Tokens.ExpiresAt = now, now.Add(2*time.Hour)
		g.Journal.LastAttemptAt = now.Add(last)
		g.RefuseAccess(secret.New("second"), "401", now)
		due := grant.Due(g, grant.Terms{Interval: time.Hour}, grant.Seen{}, now)
		got := string(due.Step)
		if due.Step == grant.StepWait {
			got += fmt.Sprintf(" %s", due.At.Sub(now))
		}
		if got != want {
			t.Errorf("%s after the last attempt: %s, want %s", -last, got, want)
		}
	}
}
