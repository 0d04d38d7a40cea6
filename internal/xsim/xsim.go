// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package xsim is a simulator of X for tests, the demo, the bench and the crash
// suite: its OAuth 2.0 pages and endpoints and the part of API v2 that the
// operator calls, with one-time refresh tokens, on one host. It knows the rules
// that X documents, plays both sides of those that X does not, fails on demand,
// and keeps books on every token it ever issued, so that it can be the judge of
// what a client did.
//
// It is no authorization server: it gives anybody any account's consent, and
// tells its secrets to whoever may call its admin API. Serve it on a loopback
// address only.
package xsim

import (
	"net/http"
	"sync"
	"time"
)

// Config says what a simulator starts with. The zero Config is an X that knows no
// app and no account, with X's lifetimes, limits and documented behaviour.
type Config struct {
	// Apps and Accounts are registered at the start; more can be added later.
	Apps []App
	// Accounts are handles, without "@". The first one is the one that the consent
	// page preselects.
	Accounts []string
	// Now is the clock; the wall clock by default. Advance moves it on either way.
	Now func() time.Time
	// Lifetimes of what is issued; a zero field means X's own.
	Lifetimes Lifetimes
	// Policies are the sides that X is not known to take.
	Policies Policies
	// Limits replace X's own limits of the endpoints they name.
	Limits map[Endpoint]Limit
	// Seed makes every token, code and id repeatable, and the draws of probable
	// faults; 0 means that they are random.
	Seed uint64
	// Hook is asked about every call; a fault it returns is played, whatever it says
	// about calls and times. It may be nil.
	Hook func(Call) *Fault
	// Admin serves the admin API under /_sim/, which gives every secret away.
	Admin bool
}

// Server is the simulator. It is an http.Handler, safe for concurrent use.
type Server struct {
	mux    *http.ServeMux
	clock  *clock
	mint   *mint
	faults *faultBox

	// mu guards everything below. Each call holds it once, for a time that does
	// not depend on how much was issued before.
	mu        sync.Mutex
	lifetimes Lifetimes
	policies  Policies
	limits    map[Endpoint]Limit
	usage     map[usageKey]*window
	apps      map[string]App
	accounts  map[string]Account
	handles   []string
	// accountIDs are the ids of the accounts that there are.
	accountIDs map[string]bool
	logins     map[login]*loginBook
	grants     []*grant
	codes      map[string]*code
	tokens     map[string]*token
	issued     []*token
	seen       map[string]string
	events     []*event
	counters   Counters
	wall       *wall
	budgets    map[string]Budget
}

// New makes a simulator.
func New(config Config) *Server {
	s := &Server{
		mux:        http.NewServeMux(),
		clock:      newClock(config.Now),
		mint:       newMint(config.Seed),
		faults:     newFaultBox(config.Seed, config.Hook),
		lifetimes:  config.Lifetimes.withDefaults(),
		policies:   config.Policies,
		limits:     limitsOfX(),
		usage:      map[usageKey]*window{},
		apps:       map[string]App{},
		accounts:   map[string]Account{},
		accountIDs: map[string]bool{},
		logins:     map[login]*loginBook{},
		codes:      map[string]*code{},
		tokens:     map[string]*token{},
		seen:       map[string]string{},
		wall:       newWall(),
		budgets:    map[string]Budget{},
	}
	for endpoint, limit := range config.Limits {
		s.limits[endpoint] = limit
	}
	for _, app := range config.Apps {
		s.RegisterApp(app)
	}
	for _, username := range config.Accounts {
		s.RegisterAccount(username)
	}
	s.route()
	if config.Admin {
		s.routeAdmin()
	}
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }
