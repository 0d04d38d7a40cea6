// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestHashIsThatOfTheJournal(t *testing.T) {
	for _, value := range []string{"", "abc", "another"} {
		if got, want := xsim.Hash(value), secret.New(value).Hash(); got != want {
			t.Errorf("Hash(%q) is %s, want %s", value, got, want)
		}
	}
}

// aLife makes one entry of each kind in the books.
func aLife(f *fixture) (first, second tokens) {
	first = f.login("jane_doe")
	second = f.tokensOf(f.refresh(first.refresh))
	f.refresh("unknown-refresh-token")
	f.revoke(second.refresh, "refresh_token")
	request := f.post(xsim.PathToken, refreshForm(second.refresh))
	request.SetBasicAuth(clientID, "wrong-client-secret")
	f.send(request)
	return first, second
}

func TestEventsPairCallsWithTheirAnswers(t *testing.T) {
	f := newFixture(t, nil)
	first, second := aLife(f)
	const grant = clientID + "/jane_doe#1"
	want := []xsim.Event{
		{Endpoint: xsim.EndpointExchange, Grant: grant, Outcome: xsim.OutcomeIssued, Access: xsim.Hash(first.access), Refresh: xsim.Hash(first.refresh), Status: 200},
		{Endpoint: xsim.EndpointRefresh, Grant: grant, Presented: xsim.Hash(first.refresh), Outcome: xsim.OutcomeIssued, Access: xsim.Hash(second.access), Refresh: xsim.Hash(second.refresh), Status: 200},
		{Endpoint: xsim.EndpointRefresh, Presented: xsim.Hash("unknown-refresh-token"), Outcome: xsim.OutcomeDead, Status: 400},
		{Endpoint: xsim.EndpointRevoke, Grant: grant, Presented: xsim.Hash(second.refresh), Outcome: xsim.OutcomeRevoked, Status: 200},
		{Endpoint: xsim.EndpointRefresh, Presented: xsim.Hash(second.refresh), Outcome: xsim.OutcomeRefused, Status: 401},
	}
	got := f.sim.Books().Events
	want[0].Presented = got[0].Presented // the code's
	for i := range want {
		want[i].At, want[i].Host, want[i].ClientID, want[i].Delivery = start, f.host(), clientID, xsim.DeliveryComplete
	}
	if !slices.Equal(got, want) {
		t.Errorf("events:\n%+v\nwant\n%+v", got, want)
	}
}

func TestGrantsInTheBooks(t *testing.T) {
	f := newFixture(t, nil)
	aLife(f)
	f.login("jane_doe")
	grants := f.sim.Books().Grants
	if len(grants) != 2 || grants[0].ID != clientID+"/jane_doe#1" || grants[1].ID != clientID+"/jane_doe#2" {
		t.Fatalf("grants: %+v", grants)
	}
	if grants[0].EndedWhy != xsim.EndNewLogin || grants[0].Answers != 2 || grants[1].EndedAt != nil {
		t.Errorf("grants: %+v", grants)
	}
	if want := xsim.Hash("state-0123456789"); grants[0].State != want || grants[1].State != want {
		t.Errorf("the states of the grants are %q and %q, want %q", grants[0].State, grants[1].State, want)
	}
	if grants[0].Alive || !grants[1].Alive {
		t.Errorf("grants: %+v", grants)
	}
}

func TestBooksHoldNoSecretsAndSecretsHoldsAll(t *testing.T) {
	f := newFixture(t, nil)
	first, second := aLife(f)
	f.send(f.get(xsim.PathAuthorize+"?"+consent().Encode(), ""))
	secrets := f.sim.Secrets()
	for _, value := range []string{
		first.access, first.refresh, second.access, second.refresh, verifier, clientSecret,
		"state-0123456789", "unknown-refresh-token", "wrong-client-secret",
	} {
		if !slices.ContainsFunc(secrets, func(s xsim.Secret) bool { return s.Value == value }) {
			t.Errorf("Secrets lacks %s", value)
		}
	}
	if !slices.ContainsFunc(secrets, func(s xsim.Secret) bool { return s.Kind == "code" }) {
		t.Error("Secrets lacks the code")
	}
	books, err := json.Marshal(f.sim.Books())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(books), secret.Value) {
			t.Errorf("the books hold a %s", secret.Kind)
		}
	}
}

func TestSeedMakesTokensRepeatable(t *testing.T) {
	issue := func(seed uint64, others ...string) tokens {
		f := newFixture(t, func(c *xsim.Config) { c.Seed = seed })
		for _, other := range others {
			f.login(other)
		}
		return f.tokensOf(f.refresh(f.login("jane_doe").refresh))
	}
	seeded := issue(7)
	if issue(7, "john_roe") != seeded {
		t.Error("the same seed gives other tokens, for what another account did")
	}
	if issue(8) == seeded {
		t.Error("another seed gives the same tokens")
	}
	if unseeded := issue(0); unseeded == issue(0) {
		t.Error("without a seed tokens are the same twice")
	}
}
