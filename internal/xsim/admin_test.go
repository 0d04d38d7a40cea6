// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// newRemote is a simulator that is steered through its admin API.
func newRemote(t *testing.T) (*fixture, xsim.Remote) {
	t.Helper()
	f := newFixture(t, func(c *xsim.Config) { c.Admin = true })
	return f, xsim.Remote{URL: f.url}
}

// must fails the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestRemoteReadsWhatTheServerSays(t *testing.T) {
	f, remote := newRemote(t)
	aLife(f)
	if got := must[xsim.Books](t)(remote.Books(t.Context())); !reflect.DeepEqual(got, f.sim.Books()) {
		t.Errorf("books:\n%+v\nwant\n%+v", got, f.sim.Books())
	}
	if got := must[[]xsim.Secret](t)(remote.Secrets(t.Context())); !reflect.DeepEqual(got, f.sim.Secrets()) {
		t.Errorf("secrets:\n%+v\nwant\n%+v", got, f.sim.Secrets())
	}
	if got := must[xsim.State](t)(remote.State(t.Context())); !reflect.DeepEqual(got, f.sim.State()) {
		t.Errorf("state:\n%+v\nwant\n%+v", got, f.sim.State())
	}
}

func TestRemoteChangesTheServer(t *testing.T) {
	f, remote := newRemote(t)
	ctx := t.Context()
	policies := xsim.Policies{Reuse: xsim.ReuseSame, Grace: xsim.Duration(time.Minute), RevokeWholeGrant: true}
	lifetimes := xsim.Lifetimes{Code: 1, Access: 2, Refresh: xsim.Duration(time.Hour)}
	limit := xsim.Limit{User: 3, AppDay: 4}
	fault := xsim.Fault{Kind: xsim.FaultDrip, Pause: xsim.Duration(time.Second), Times: 3}
	for _, err := range []error{
		remote.SetPolicies(ctx, policies),
		remote.SetLifetimes(ctx, lifetimes),
		remote.SetLimit(ctx, xsim.EndpointMe, limit),
		remote.Inject(ctx, fault),
		remote.RegisterApp(ctx, xsim.App{ClientID: "third-client", RedirectURIs: []string{callback}}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	now := must[time.Time](t)(remote.Advance(ctx, time.Hour))
	account := must[xsim.Account](t)(remote.RegisterAccount(ctx, "mary_major"))
	got := f.sim.State()
	fault.ID = "fault-1"
	if got.Policies != policies || got.Lifetimes != lifetimes || got.Limits[xsim.EndpointMe] != limit {
		t.Errorf("state: %+v", got)
	}
	if !reflect.DeepEqual(got.Faults, []xsim.Fault{fault}) || got.Apps != 3 || got.Accounts != 3 {
		t.Errorf("state: %+v", got)
	}
	if !now.Equal(start.Add(time.Hour)) || !got.Now.Equal(now) || account != f.sim.RegisterAccount("mary_major") {
		t.Errorf("now %v, account %+v", now, account)
	}
	if err := remote.ClearFaults(ctx); err != nil || len(f.sim.Faults()) != 0 {
		t.Errorf("faults: %v, %v", f.sim.Faults(), err)
	}
}

func TestRemotePublishesAndPays(t *testing.T) {
	f, remote := newRemote(t)
	record := must[xsim.PostRecord](t)(remote.Publish(t.Context(), "jane_doe", "hello", "", ""))
	answer := must[xsim.PostRecord](t)(remote.Publish(t.Context(), "john_roe", "hi", record.ID, record.ID))
	if got := f.sim.Books().Posts; !reflect.DeepEqual(got, []xsim.PostRecord{record, answer}) || answer.ReplyTo != record.ID || answer.Quotes != record.ID {
		t.Errorf("posts: %+v", got)
	}
	none := 0
	if err := remote.SetBudget(t.Context(), clientID, xsim.Budget{Credits: &none}); err != nil {
		t.Error(err)
	}
	if got := f.create(f.login("jane_doe").access, `{"text":"a"}`); got.status != http.StatusPaymentRequired {
		t.Errorf("HTTP %d without credits", got.status)
	}
}

func TestRemoteRevokesForTheUser(t *testing.T) {
	f, remote := newRemote(t)
	issued := f.login("jane_doe")
	if err := remote.RevokeByUser(t.Context(), "jane_doe", clientID); err != nil {
		t.Error(err)
	}
	if f.works(issued.access) {
		t.Error("the access token still works")
	}
	if err := remote.RevokeByUser(t.Context(), "jane_doe", clientID); err == nil || !strings.Contains(err.Error(), "@jane_doe") {
		t.Errorf("revoking nothing: %v", err)
	}
}

func TestAdminRefusesWhatItDoesNotKnow(t *testing.T) {
	f, remote := newRemote(t)
	if err := remote.RegisterApp(t.Context(), xsim.App{}); err == nil {
		t.Error("an app without a client id is accepted")
	}
	if _, err := remote.RegisterAccount(t.Context(), ""); err == nil {
		t.Error("an account without a name is accepted")
	}
	if err := remote.Inject(t.Context(), xsim.Fault{Kind: "earthquake"}); err == nil || !strings.Contains(err.Error(), "earthquake") {
		t.Errorf("an unknown fault: %v", err)
	}
	if err := remote.SetLimit(t.Context(), "nowhere", xsim.Limit{}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an unknown endpoint: %v", err)
	}
	if err := remote.SetPolicies(t.Context(), xsim.Policies{Reuse: "recycle"}); err == nil || !strings.Contains(err.Error(), "recycle") {
		t.Errorf("an unknown policy: %v", err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, f.url+"/_sim/policies", strings.NewReader(`{"reuse":"kill","grce":"1s"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.send(request); got.status != http.StatusBadRequest || !strings.Contains(got.body, "grce") {
		t.Errorf("an unknown field: HTTP %d: %s", got.status, got.body)
	}
}

func TestAdminIsOffByDefault(t *testing.T) {
	f := newFixture(t, nil)
	if got := f.send(f.get("/_sim/secrets", "")); got.status != http.StatusNotFound {
		t.Errorf("HTTP %d", got.status)
	}
	if _, err := (xsim.Remote{URL: f.url}).Books(t.Context()); err == nil || !strings.Contains(err.Error(), "admin API") {
		t.Errorf("the client says %v", err)
	}
}

func TestRemoteLogsIn(t *testing.T) {
	f, remote := newRemote(t)
	login, err := remote.LogIn(t.Context(), "new_here", clientID, strings.Fields(allScopes))
	if err != nil {
		t.Fatal(err)
	}
	if login.Account.Username != "new_here" || login.Scope != allScopes || !login.ExpiresAt.Equal(start.Add(2*time.Hour)) {
		t.Errorf("the login is %+v", login)
	}
	if !f.works(login.AccessToken) {
		t.Error("the access token does not work")
	}
	if got := f.refresh(login.RefreshToken); got.status != http.StatusOK {
		t.Errorf("the refresh token gets HTTP %d: %s", got.status, got.body)
	}
	if _, err := remote.LogIn(t.Context(), "new_here", "nobody", strings.Fields(allScopes)); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a login with an unknown app: %v", err)
	}
	if _, err := remote.LogIn(t.Context(), "new_here", clientID, []string{"tweet.read"}); err == nil {
		t.Error("a login without a refresh token is accepted")
	}
}
