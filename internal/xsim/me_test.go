// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestMe(t *testing.T) {
	f := newFixture(t, nil)
	got := f.send(f.get(xsim.PathMe, f.login("jane_doe").access))
	account := f.sim.RegisterAccount("jane_doe")
	want := map[string]any{"data": map[string]any{"id": account.ID, "username": "jane_doe", "name": "jane_doe"}}
	if body := got.json(t); got.status != http.StatusOK || !reflect.DeepEqual(body, want) {
		t.Errorf("HTTP %d %v, want %v", got.status, body, want)
	}
	if strings.Trim(account.ID, "0123456789") != "" || f.sim.Counters().Me != 1 {
		t.Errorf("account %+v, counters %+v", account, f.sim.Counters())
	}
}

func TestBearerIsChecked(t *testing.T) {
	f := newFixture(t, nil)
	issued := f.login("jane_doe")
	for name, bearer := range map[string]string{"none": "", "unknown": "unknown-token", "refresh": issued.refresh} {
		got := f.send(f.get(xsim.PathMe, bearer))
		want := `{"title":"Unauthorized","detail":"Unauthorized","type":"about:blank","status":401}`
		if got.status != http.StatusUnauthorized || got.body != want {
			t.Errorf("%s: HTTP %d %s", name, got.status, got.body)
		}
	}
	if got := f.sim.Counters(); got.Unauthorized != 3 || got.Me != 0 {
		t.Errorf("counters: %+v", got)
	}
}

func TestMeNeedsBothScopes(t *testing.T) {
	f := newFixture(t, nil)
	for _, scope := range []string{"tweet.read", "users.read"} {
		request := consent()
		request.Set("scope", scope)
		issued := f.tokensOf(f.send(f.post(xsim.PathToken, exchangeForm(f.code("jane_doe", request)))))
		if got := f.send(f.get(xsim.PathMe, issued.access)); got.status != http.StatusForbidden {
			t.Errorf("with %s alone: HTTP %d", scope, got.status)
		}
	}
}

// limitHeaders are those of one kind, as "limit remaining reset".
func limitHeaders(got reply, prefix string) string {
	h := got.header
	return strings.TrimSpace(h.Get(prefix+"-limit") + " " + h.Get(prefix+"-remaining") + " " + h.Get(prefix+"-reset"))
}

func TestLimitPerUser(t *testing.T) {
	f := newFixture(t, nil)
	jane, john := f.login("jane_doe").access, f.login("john_roe").access
	reset := start.Add(15 * time.Minute).Unix()
	for i := range 75 {
		got := f.send(f.get(xsim.PathMe, jane))
		if want := fmt.Sprintf("75 %d %d", 74-i, reset); got.status != 200 || limitHeaders(got, "x-rate-limit") != want {
			t.Fatalf("call %d: HTTP %d, limit %q, want %q", i, got.status, limitHeaders(got, "x-rate-limit"), want)
		}
	}
	got := f.send(f.get(xsim.PathMe, jane))
	if got.status != http.StatusTooManyRequests || got.body != `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}` {
		t.Errorf("HTTP %d: %s", got.status, got.body)
	}
	if want := fmt.Sprintf("75 0 %d", reset); limitHeaders(got, "x-rate-limit") != want {
		t.Errorf("limit %q, want %q", limitHeaders(got, "x-rate-limit"), want)
	}
	if !f.works(john) {
		t.Error("another user is not limited")
	}
	f.sim.Advance(15 * time.Minute)
	if !f.works(jane) {
		t.Error("the limit must end with its window")
	}
}

func TestLimitsPerAppAndDay(t *testing.T) {
	tests := map[string]struct {
		limit   xsim.Limit
		prefix  string
		shared  bool
		lasting time.Duration
	}{
		"app":          {xsim.Limit{User: 9, App: 2}, "x-rate-limit", true, 15 * time.Minute},
		"user and day": {xsim.Limit{UserDay: 2}, "x-user-limit-24hour", false, 24 * time.Hour},
		"app and day":  {xsim.Limit{AppDay: 2}, "x-app-limit-24hour", true, 24 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *xsim.Config) { c.Lifetimes.Access = xsim.Duration(48 * time.Hour) })
			f.sim.SetLimit(xsim.EndpointMe, test.limit)
			jane, john := f.login("jane_doe").access, f.login("john_roe").access
			f.works(jane)
			got := f.send(f.get(xsim.PathMe, jane))
			if want := fmt.Sprintf("2 0 %d", start.Add(test.lasting).Unix()); limitHeaders(got, test.prefix) != want {
				t.Errorf("limit %q, want %q", limitHeaders(got, test.prefix), want)
			}
			if f.works(jane) || f.works(john) == test.shared {
				t.Error("the wrong calls are limited")
			}
			f.sim.Advance(test.lasting - 1)
			if got := f.send(f.get(xsim.PathMe, jane)).status; got != http.StatusTooManyRequests {
				t.Errorf("HTTP %d just before the limit ends", got)
			}
			f.sim.Advance(1)
			if !f.works(jane) {
				t.Error("the limit must end")
			}
		})
	}
}

func TestLimitHeadersCanBeAbsent(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) {
		c.Policies.OmitLimitHeaders = true
		c.Limits = map[xsim.Endpoint]xsim.Limit{xsim.EndpointMe: {User: 1}}
	})
	access := f.login("jane_doe").access
	for _, status := range []int{200, 429} {
		got := f.send(f.get(xsim.PathMe, access))
		if got.status != status || limitHeaders(got, "x-rate-limit") != "" {
			t.Errorf("HTTP %d with limit %q", got.status, limitHeaders(got, "x-rate-limit"))
		}
	}
}
