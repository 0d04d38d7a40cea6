// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// lastEvent is the newest entry of the books.
func (f *fixture) lastEvent() xsim.Event {
	f.t.Helper()
	events := f.sim.Books().Events
	if len(events) == 0 {
		f.t.Fatal("the books have no events")
	}
	return events[len(events)-1]
}

// faulty refreshes a new login's token under a fault.
func faulty(t *testing.T, fault xsim.Fault) (f *fixture, token string, got reply, err error) {
	t.Helper()
	f = newFixture(t, nil)
	token = f.login("jane_doe").refresh
	f.sim.Inject(fault)
	got, err = f.try(f.post(xsim.PathToken, refreshForm(token)))
	return f, token, got, err
}

func TestFaultsBeforeAndAfterTheRotation(t *testing.T) {
	tests := map[string]struct {
		fault  xsim.Fault
		status int
		body   string
	}{
		"status":    {xsim.Fault{Kind: xsim.FaultStatus}, 503, `{"title":"Service Unavailable","detail":"Service Unavailable","type":"about:blank","status":503}`},
		"500":       {xsim.Fault{Kind: xsim.FaultStatus, Status: 500, Body: "oops"}, 500, "oops"},
		"429":       {xsim.Fault{Kind: xsim.FaultStatus, Status: 429}, 429, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`},
		"402":       {xsim.Fault{Kind: xsim.FaultStatus, Status: 402}, 402, `"type":"https://api.x.com/2/problems/credits"`},
		"403":       {xsim.Fault{Kind: xsim.FaultStatus, Status: 403}, 403, `"reason":"client-not-enrolled"`},
		"html":      {xsim.Fault{Kind: xsim.FaultHTML}, 503, "<h1>Over capacity</h1>"},
		"html 200":  {xsim.Fault{Kind: xsim.FaultHTML, Status: 200}, 200, "<h1>Over capacity</h1>"},
		"malformed": {xsim.Fault{Kind: xsim.FaultMalformed}, 200, `{"token_type":"bearer"`},
		"huge":      {xsim.Fault{Kind: xsim.FaultHuge, Size: 99_999}, 200, strings.Repeat("x", 99_999)},
	}
	for name, test := range tests {
		for _, after := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				test.fault.After = after
				f, token, got, err := faulty(t, test.fault)
				if err != nil || got.status != test.status || !strings.Contains(got.body, test.body) {
					t.Errorf("HTTP %d, %v: %.200s", got.status, err, got.body)
				}
				wantSpoilt(t, f, token, test.fault.Kind, after)
			})
		}
	}
}

// wantSpoilt checks that the books tell of an answer that never came, and of
// whether the token is spent.
func wantSpoilt(t *testing.T, f *fixture, token string, kind xsim.FaultKind, spent bool) {
	t.Helper()
	want := xsim.Event{
		At: start, Endpoint: xsim.EndpointRefresh, Host: f.host(), ClientID: clientID, Presented: xsim.Hash(token),
		Outcome: xsim.OutcomeUnprocessed, Fault: kind, Delivery: xsim.DeliveryCut,
	}
	got := f.lastEvent()
	if spent {
		want.Outcome, want.Status = xsim.OutcomeIssued, 200
		want.Grant, want.Access, want.Refresh = got.Grant, got.Access, got.Refresh
	}
	if got != want || (got.Refresh != "") != spent {
		t.Errorf("the event is %+v, want %+v", got, want)
	}
	if f.record(token).Alive == spent || f.sim.Books().Faults[string(kind)] != 1 {
		t.Errorf("the token: %+v; faults %v", f.record(token), f.sim.Books().Faults)
	}
}

func TestMalformedAnswerAfterRotationIsNoJSON(t *testing.T) {
	_, _, got, _ := faulty(t, xsim.Fault{Kind: xsim.FaultMalformed, After: true})
	if !strings.Contains(got.body, "refresh_token") || json.Valid([]byte(got.body)) {
		t.Errorf("the body: %s", got.body)
	}
}

func TestHugeAnswerIsJSON(t *testing.T) {
	for _, after := range []bool{false, true} {
		_, _, got, _ := faulty(t, xsim.Fault{Kind: xsim.FaultHuge, Size: 10, After: after})
		if !json.Valid([]byte(got.body)) {
			t.Errorf("the body: %s", got.body)
		}
	}
}

func TestResets(t *testing.T) {
	for _, after := range []bool{false, true} {
		f, token, _, err := faulty(t, xsim.Fault{Kind: xsim.FaultReset, After: after})
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("after=%v: %v", after, err)
		}
		wantSpoilt(t, f, token, xsim.FaultReset, after)
	}
}

func TestCutSendsHalfTheAnswer(t *testing.T) {
	f, token, got, err := faulty(t, xsim.Fault{Kind: xsim.FaultCut})
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.status != 200 || got.body == "" {
		t.Errorf("HTTP %d, %v: %s", got.status, err, got.body)
	}
	wantSpoilt(t, f, token, xsim.FaultCut, true)
}

func TestDripSendsAllOfIt(t *testing.T) {
	f, token, got, err := faulty(t, xsim.Fault{Kind: xsim.FaultDrip, Pause: 1})
	if err != nil || f.tokensOf(got).refresh == "" || f.record(token).Alive {
		t.Errorf("%v: %s", err, got.body)
	}
	if event := f.lastEvent(); event.Delivery != xsim.DeliveryComplete || event.Fault != xsim.FaultDrip {
		t.Errorf("the event: %+v", event)
	}
}

func TestRedirectNamesTheSameAddress(t *testing.T) {
	_, _, got, _ := faulty(t, xsim.Fault{Kind: xsim.FaultStatus, Status: 307})
	if got.status != 307 || got.header.Get("Location") != xsim.PathToken {
		t.Errorf("HTTP %d to %q", got.status, got.header.Get("Location"))
	}
}

func TestFaultHeaders(t *testing.T) {
	_, _, got, _ := faulty(t, xsim.Fault{
		Kind: xsim.FaultStatus, Status: 429, ResetIn: xsim.Duration(time.Minute),
		Header: map[string]string{"Retry-After": "60"},
	})
	if limitHeaders(got, "x-rate-limit") != "1 0 1785585660" || got.header.Get("Retry-After") != "60" {
		t.Errorf("headers: %v", got.header)
	}
}

func TestLatencyLetsTheCallPass(t *testing.T) {
	for _, after := range []bool{false, true} {
		f, _, got, err := faulty(t, xsim.Fault{Kind: xsim.FaultLatency, After: after, Latency: xsim.Duration(time.Millisecond)})
		if err != nil || f.tokensOf(got).refresh == "" {
			t.Errorf("after=%v: %v: %s", after, err, got.body)
		}
		if event := f.lastEvent(); event.Delivery != xsim.DeliveryComplete || event.Fault != xsim.FaultLatency {
			t.Errorf("the event: %+v", event)
		}
	}
}

func TestClientThatGoesAwayDuringLatency(t *testing.T) {
	for _, after := range []bool{false, true} {
		f := newFixture(t, nil)
		token := f.login("jane_doe").refresh
		ctx, leave := context.WithCancel(t.Context())
		f.sim.SetHook(func(xsim.Call) *xsim.Fault {
			leave()
			return &xsim.Fault{Kind: xsim.FaultLatency, After: after, Latency: xsim.Duration(time.Hour)}
		})
		if _, err := f.try(f.post(xsim.PathToken, refreshForm(token)).WithContext(ctx)); err == nil {
			t.Error("an answer after an hour")
		}
		f.server.Close() // waits for the call to end
		wantSpoilt(t, f, token, xsim.FaultLatency, after)
	}
}

func TestFaultsAreMatched(t *testing.T) {
	f := newFixture(t, nil)
	jane, john := f.login("jane_doe"), f.login("john_roe")
	tests := map[string]struct {
		fault      xsim.Fault
		jane, john int
	}{
		"endpoint":         {xsim.Fault{Endpoint: xsim.EndpointMe}, 503, 200},
		"another endpoint": {xsim.Fault{Endpoint: xsim.EndpointRefresh}, 200, 200},
		"app":              {xsim.Fault{ClientID: clientID}, 503, 200},
		"another app":      {xsim.Fault{ClientID: "other-client"}, 200, 200},
		"account":          {xsim.Fault{Username: "John_Roe"}, 200, 503},
		"token":            {xsim.Fault{TokenHash: xsim.Hash(john.access)}, 200, 503},
		"twice":            {xsim.Fault{Times: 2}, 503, 503},
		"without end":      {xsim.Fault{Times: -1}, 503, 503},
		"the second":       {xsim.Fault{Skip: 1}, 200, 503},
		"never likely":     {xsim.Fault{Probability: 1e-12}, 200, 200},
		"ever so likely":   {xsim.Fault{Probability: 1}, 503, 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f.sim.ClearFaults()
			test.fault.Kind = xsim.FaultStatus
			f.sim.Inject(test.fault)
			first, second := f.send(f.get(xsim.PathMe, jane.access)), f.send(f.get(xsim.PathMe, john.access))
			if first.status != test.jane || second.status != test.john {
				t.Errorf("HTTP %d and %d, want %d and %d", first.status, second.status, test.jane, test.john)
			}
		})
	}
}

func TestFaultsPlayInTurn(t *testing.T) {
	f := newFixture(t, nil)
	access := f.login("jane_doe").access
	f.sim.Inject(xsim.Fault{Kind: xsim.FaultStatus, Status: 500}, xsim.Fault{Kind: xsim.FaultStatus, Status: 502})
	if len(f.sim.Faults()) != 2 {
		t.Errorf("queue: %+v", f.sim.Faults())
	}
	for _, want := range []int{500, 502, 200} {
		if got := f.send(f.get(xsim.PathMe, access)).status; got != want {
			t.Errorf("HTTP %d, want %d", got, want)
		}
	}
	if len(f.sim.Faults()) != 0 {
		t.Errorf("queue: %+v", f.sim.Faults())
	}
}

func TestProbableFaultsAreRepeatable(t *testing.T) {
	run := func() string {
		f := newFixture(t, nil)
		f.sim.Inject(xsim.Fault{Kind: xsim.FaultStatus, Probability: 0.5, Times: -1})
		var seen strings.Builder
		for range 32 {
			seen.WriteString(http.StatusText(f.send(f.get(xsim.PathMe, "")).status) + " ")
		}
		return seen.String()
	}
	first := run()
	if first != run() || !strings.Contains(first, "Unauthorized") || !strings.Contains(first, "Unavailable") {
		t.Errorf("the draws: %s", first)
	}
}

func TestHookSeesTheCall(t *testing.T) {
	var calls []xsim.Call
	f := newFixture(t, func(c *xsim.Config) {
		c.Hook = func(call xsim.Call) *xsim.Fault {
			calls = append(calls, call)
			return nil
		}
	})
	code := f.code("jane_doe", consent())
	issued := f.tokensOf(f.send(f.post(xsim.PathToken, exchangeForm(code))))
	f.works(issued.access)
	f.refresh(issued.refresh)
	f.revoke(issued.access, "access_token")
	want := []xsim.Call{
		{Endpoint: xsim.EndpointAuthorize, ClientID: clientID},
		{Endpoint: xsim.EndpointExchange, ClientID: clientID, Username: "jane_doe", Token: code},
		{Endpoint: xsim.EndpointMe, ClientID: clientID, Username: "jane_doe", Token: issued.access},
		{Endpoint: xsim.EndpointRefresh, ClientID: clientID, Username: "jane_doe", Token: issued.refresh},
		{Endpoint: xsim.EndpointRevoke, ClientID: clientID, Username: "jane_doe", Token: issued.access},
	}
	for i, call := range calls {
		if i >= len(want) || call != want[i] {
			t.Errorf("call %d is %+v, want %+v", i, call, want[min(i, len(want)-1)])
		}
	}
	if len(calls) != len(want) {
		t.Errorf("%d calls, want %d", len(calls), len(want))
	}
}

func TestHookDoesNotChangeWhoCalls(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Hook = func(xsim.Call) *xsim.Fault { return nil } })
	request := f.post(xsim.PathToken, refreshForm(f.login("jane_doe").refresh))
	request.SetBasicAuth("other-client", "other-secret-0123456789")
	wantDead(t, f.send(request))
}

func TestUnknownFaultPanics(t *testing.T) {
	inject := func(fault xsim.Fault) (refused bool) {
		defer func() { refused = recover() != nil }()
		xsim.New(xsim.Config{}).Inject(fault)
		return false
	}
	for _, fault := range []xsim.Fault{{Kind: "earthquake"}, {}, {Kind: xsim.FaultReset, Endpoint: "nowhere"}} {
		if !inject(fault) {
			t.Errorf("%+v can never play", fault)
		}
	}
}
