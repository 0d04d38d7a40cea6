// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

// Outcome is what a booked call came to at X.
type Outcome string

// The outcomes.
const (
	// OutcomeIssued: tokens were issued, and what was presented is spent.
	OutcomeIssued Outcome = "issued"
	// OutcomeKept: an access token was issued without a refresh token; the one that
	// was presented stays good.
	OutcomeKept Outcome = "kept"
	// OutcomeGrace: a spent token was honoured by the grace period.
	OutcomeGrace Outcome = "grace"
	// OutcomeReplay: a spent token or code was refused.
	OutcomeReplay Outcome = "replay"
	// OutcomeDead: a token or code that is unknown, ended or expired was refused.
	OutcomeDead Outcome = "dead"
	// OutcomeRefused: the call was refused before the token was looked at, or for
	// another parameter; nothing was spent.
	OutcomeRefused Outcome = "refused"
	// OutcomeRevoked: a token was revoked.
	OutcomeRevoked Outcome = "revoked"
	// OutcomePosted and OutcomeDeleted: a post was made or deleted.
	OutcomePosted  Outcome = "posted"
	OutcomeDeleted Outcome = "deleted"
	// OutcomeUnprocessed: a fault answered, and X never saw the call.
	OutcomeUnprocessed Outcome = "unprocessed"
)

// Delivery is what became of X's answer on its way to the client.
type Delivery string

// The deliveries.
const (
	// DeliveryPending: it is under way.
	DeliveryPending Delivery = "pending"
	// DeliveryComplete: all of it was handed to the network, unspoilt.
	DeliveryComplete Delivery = "complete"
	// DeliveryCut: a fault, or a client that went away, kept it from arriving whole.
	DeliveryCut Delivery = "cut"
)

// Event is one call that spends or changes something: to the token and revocation
// endpoints, or for a post.
type Event struct {
	At       time.Time `json:"at"`
	Endpoint Endpoint  `json:"endpoint"`
	// Host is the address that the call was sent to: a simulator that is served at
	// several tells by it who called.
	Host     string `json:"host,omitempty"`
	ClientID string `json:"clientId,omitempty"`
	// Grant is empty if what was presented is unknown.
	Grant string `json:"grant,omitempty"`
	// Presented is the hash of the refresh token, code, revoked token or bearer
	// token.
	Presented string  `json:"presented,omitempty"`
	Outcome   Outcome `json:"outcome"`
	// Access and Refresh are the hashes of the tokens in X's answer.
	Access  string `json:"access,omitempty"`
	Refresh string `json:"refresh,omitempty"`
	// Post is the id of the post that was made or deleted.
	Post string `json:"post,omitempty"`
	// Status is that of X's own answer; 0 if it gave none. A fault may have put
	// another in its place.
	Status int `json:"status,omitempty"`
	// Fault is what was injected into this call, if anything.
	Fault    FaultKind `json:"fault,omitempty"`
	Delivery Delivery  `json:"delivery"`
}

// event is an Event in the making. It keeps values and not hashes, which are
// made only when somebody reads the books.
type event struct {
	at        time.Time
	endpoint  Endpoint
	host      string
	client    string
	presented string
	outcome   Outcome
	grant     *grant
	answer    pair
	post      string
	status    int
	fault     FaultKind
	delivery  Delivery
}

// log opens the entry of a call, if it is to have one; the outcome is
// OutcomeRefused until it is known better.
func (s *Server) log(c *call) *event {
	if !c.Endpoint.booked() {
		return nil
	}
	e := &event{at: s.clock.now(), endpoint: c.Endpoint, host: c.request.Host, client: c.ClientID, presented: c.Token, outcome: OutcomeRefused}
	e.delivery = DeliveryPending
	s.events = append(s.events, e)
	return e
}

// settle books what became of an answer.
func (s *Server) settle(e *event, complete bool) {
	if e == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.delivery = DeliveryCut
	if complete {
		e.delivery = DeliveryComplete
	}
}

// logUnprocessed books a call that a fault kept from X.
func (s *Server) logUnprocessed(c *call, kind FaultKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.log(c); e != nil {
		e.outcome, e.fault, e.delivery = OutcomeUnprocessed, kind, DeliveryCut
	}
}

// record is the event for others to read.
func (e *event) record() Event {
	r := Event{
		At:        e.at,
		Endpoint:  e.endpoint,
		Host:      e.host,
		ClientID:  e.client,
		Presented: Hash(e.presented),
		Outcome:   e.outcome,
		Post:      e.post,
		Status:    e.status,
		Fault:     e.fault,
		Delivery:  e.delivery,
	}
	if e.grant != nil {
		r.Grant = e.grant.id
	}
	if e.answer.access != nil {
		r.Access = Hash(e.answer.access.value)
	}
	if e.answer.refresh != nil {
		r.Refresh = Hash(e.answer.refresh.value)
	}
	return r
}
