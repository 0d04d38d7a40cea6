// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The admin API: JSON in, JSON out, unknown fields refused. Remote is its client.
const (
	adminState       = "/_sim/state"
	adminBooks       = "/_sim/books"
	adminSecrets     = "/_sim/secrets"
	adminFaults      = "/_sim/faults"
	adminClock       = "/_sim/clock"
	adminPolicies    = "/_sim/policies"
	adminLifetimes   = "/_sim/lifetimes"
	adminLimits      = "/_sim/limits"
	adminApps        = "/_sim/apps"
	adminAccounts    = "/_sim/accounts"
	adminRevocations = "/_sim/revocations"
	adminPosts       = "/_sim/posts"
	adminBudgets     = "/_sim/budgets"
	adminLogins      = "/_sim/logins"
)

// State is how the simulator is set up, and its counters; no secrets.
type State struct {
	Now       time.Time          `json:"now"`
	Policies  Policies           `json:"policies"`
	Lifetimes Lifetimes          `json:"lifetimes"`
	Limits    map[Endpoint]Limit `json:"limits"`
	Faults    []Fault            `json:"faults"`
	Counters  Counters           `json:"counters"`
	Accounts  int                `json:"accounts"`
	Apps      int                `json:"apps"`
}

// Nothing is the empty JSON object.
type Nothing struct{}

// clockMove moves the clock, and the answer tells where to.
type clockMove struct {
	Advance Duration  `json:"advance,omitempty"`
	Now     time.Time `json:"now,omitzero"`
}

// limitChange sets an endpoint's limit.
type limitChange struct {
	Endpoint Endpoint `json:"endpoint"`
	Limit
}

// budgetChange sets an app's budget.
type budgetChange struct {
	ClientID string `json:"clientId"`
	Budget
}

// publication is a post that a person makes without an app.
type publication struct {
	Username string `json:"username"`
	Text     string `json:"text"`
	ReplyTo  string `json:"replyTo,omitempty"`
	Quotes   string `json:"quotes,omitempty"`
}

// userRevocation is a person's revocation in X's settings.
type userRevocation struct {
	Username string `json:"username"`
	ClientID string `json:"clientId"`
	// Ended is part of the answer.
	Ended int `json:"ended,omitempty"`
}

// loginRequest is a consent that nobody clicks.
type loginRequest struct {
	Username string   `json:"username"`
	ClientID string   `json:"clientId"`
	Scopes   []string `json:"scopes"`
}

// routeAdmin names the admin API.
func (s *Server) routeAdmin() {
	s.mux.Handle("GET "+adminState, admin(func(Nothing) (State, error) { return s.State(), nil }))
	s.mux.Handle("GET "+adminBooks, admin(func(Nothing) (Books, error) { return s.Books(), nil }))
	s.mux.Handle("GET "+adminSecrets, admin(func(Nothing) ([]Secret, error) { return s.Secrets(), nil }))
	s.mux.Handle("POST "+adminFaults, admin(s.inject))
	s.mux.Handle("DELETE "+adminFaults, admin(does(func(Nothing) { s.ClearFaults() })))
	s.mux.Handle("POST "+adminClock, admin(s.moveClock))
	s.mux.Handle("PUT "+adminPolicies, admin(s.changePolicies))
	s.mux.Handle("PUT "+adminLifetimes, admin(does(s.SetLifetimes)))
	s.mux.Handle("PUT "+adminLimits, admin(s.changeLimit))
	s.mux.Handle("POST "+adminApps, admin(s.addApp))
	s.mux.Handle("POST "+adminAccounts, admin(s.addAccount))
	s.mux.Handle("POST "+adminPosts, admin(s.publish))
	s.mux.Handle("PUT "+adminBudgets, admin(does(func(change budgetChange) { s.SetBudget(change.ClientID, change.Budget) })))
	s.mux.Handle("POST "+adminRevocations, admin(s.revokeForUser))
	s.mux.Handle("POST "+adminLogins, admin(s.logIn))
}

// admin is one operation of the admin API; its error is the caller's.
func admin[In, Out any](do func(In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&in)
		if err == nil || errors.Is(err, io.EOF) {
			var out Out
			if out, err = do(in); err == nil {
				_ = answerJSON(http.StatusOK, out).write(w)
				return
			}
		}
		_ = answerJSON(http.StatusBadRequest, map[string]string{"error": err.Error()}).write(w)
	}
}

// does makes an operation of a change that can't fail.
func does[In any](change func(In)) func(In) (Nothing, error) {
	return func(in In) (Nothing, error) {
		change(in)
		return Nothing{}, nil
	}
}

// State returns how the simulator is set up.
func (s *Server) State() State {
	faults := s.Faults()
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := map[Endpoint]Limit{}
	for endpoint, limit := range s.limits {
		limits[endpoint] = limit
	}
	return State{
		Now:       s.clock.now(),
		Policies:  s.policies,
		Lifetimes: s.lifetimes,
		Limits:    limits,
		Faults:    faults,
		Counters:  s.counters,
		Accounts:  len(s.accounts),
		Apps:      len(s.apps),
	}
}

func (s *Server) changePolicies(policies Policies) (Nothing, error) {
	if err := policies.Validate(); err != nil {
		return Nothing{}, err
	}
	s.SetPolicies(policies)
	return Nothing{}, nil
}

func (s *Server) changeLimit(change limitChange) (Nothing, error) {
	if !change.Endpoint.known() {
		return Nothing{}, fmt.Errorf("there is no endpoint %q", change.Endpoint)
	}
	s.SetLimit(change.Endpoint, change.Limit)
	return Nothing{}, nil
}

func (s *Server) moveClock(move clockMove) (clockMove, error) {
	s.Advance(time.Duration(move.Advance))
	return clockMove{Now: s.Now()}, nil
}

func (s *Server) addApp(app App) (Nothing, error) {
	if app.ClientID == "" {
		return Nothing{}, errors.New("an app needs a clientId")
	}
	s.RegisterApp(app)
	return Nothing{}, nil
}

func (s *Server) addAccount(account Account) (Account, error) {
	if account.Username == "" {
		return Account{}, errors.New("an account needs a username")
	}
	return s.RegisterAccount(account.Username), nil
}

func (s *Server) publish(p publication) (PostRecord, error) {
	return s.Publish(p.Username, p.Text, p.ReplyTo, p.Quotes)
}

func (s *Server) revokeForUser(request userRevocation) (userRevocation, error) {
	request.Ended = s.RevokeByUser(request.Username, request.ClientID)
	if request.Ended == 0 {
		return request, fmt.Errorf("@%s has given app %s nothing that is alive", request.Username, request.ClientID)
	}
	return request, nil
}

func (s *Server) logIn(request loginRequest) (Login, error) {
	return s.LogIn(request.Username, request.ClientID, request.Scopes)
}
