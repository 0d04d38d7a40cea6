// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"slices"
	"strings"
)

// FaultKind is how a call goes wrong.
type FaultKind string

// The kinds of fault. Each plays before X sees the call, or, with After, once X
// has done its part (a token is then rotated and its answer lost).
const (
	// FaultLatency waits, and lets the call pass.
	FaultLatency FaultKind = "latency"
	// FaultReset resets the connection.
	FaultReset FaultKind = "reset"
	// FaultCut sends X's own answer, resetting the connection half way through the
	// body. X has always seen the call.
	FaultCut FaultKind = "cut"
	// FaultStatus answers with Status, Header and Body.
	FaultStatus FaultKind = "status"
	// FaultHTML answers with a page, with Status or 503.
	FaultHTML FaultKind = "html"
	// FaultMalformed answers 200 with JSON that lacks its end.
	FaultMalformed FaultKind = "malformed"
	// FaultHuge answers 200 with a JSON body of Size bytes more.
	FaultHuge FaultKind = "huge"
	// FaultDrip sends X's own answer byte by byte, Pause apart. X has always seen
	// the call.
	FaultDrip FaultKind = "drip"
)

// Fault is a failure to inject. Every field but Kind is optional.
type Fault struct {
	// ID is given by Inject.
	ID   string    `json:"id,omitempty"`
	Kind FaultKind `json:"kind"`
	// After lets X do its part first.
	After bool `json:"after,omitempty"`

	// Endpoint, ClientID, Username and TokenHash say which calls; empty is any. The
	// hash is that of the presented token or code.
	Endpoint  Endpoint `json:"endpoint,omitempty"`
	ClientID  string   `json:"clientId,omitempty"`
	Username  string   `json:"username,omitempty"`
	TokenHash string   `json:"tokenHash,omitempty"`
	// Skip lets that many such calls pass first.
	Skip int `json:"skip,omitempty"`
	// Times is how often it plays: once by default, without end if negative.
	Times int `json:"times,omitempty"`
	// Probability of playing at a call it matches; 0 means always. The draws come
	// from the seed, in the order of the calls.
	Probability float64 `json:"probability,omitempty"`

	// Latency is waited before the fault plays, in real time, or until the client
	// is gone; the call is then not processed if it was not before.
	Latency Duration `json:"latency,omitempty"`
	// Status is 503 by default.
	Status int `json:"status,omitempty"`
	// Header is added to the answer.
	Header map[string]string `json:"header,omitempty"`
	// Body is by default what X says with that status: a rate limit with 429,
	// CreditsDepleted with 402, client-not-enrolled with 403, and otherwise a plain
	// problem. A 3xx without a Location header redirects to the same address.
	Body string `json:"body,omitempty"`
	// ResetIn adds the headers of a rate limit that is used up and ends that much
	// later by the simulator's clock.
	ResetIn Duration `json:"resetIn,omitempty"`
	// Size is 16 MiB by default.
	Size int64 `json:"size,omitempty"`
	// Pause is 100 ms by default.
	Pause Duration `json:"pause,omitempty"`
}

func (f *Fault) matches(call Call) bool {
	return (f.Endpoint == "" || f.Endpoint == call.Endpoint) &&
		(f.ClientID == "" || f.ClientID == call.ClientID) &&
		(f.Username == "" || strings.EqualFold(f.Username, call.Username)) &&
		(f.TokenHash == "" || f.TokenHash == Hash(call.Token))
}

// check refuses a fault that could never play.
func (f *Fault) check() error {
	kinds := []FaultKind{
		FaultLatency, FaultReset, FaultCut, FaultStatus, FaultHTML, FaultMalformed, FaultHuge, FaultDrip,
	}
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("there is no fault of kind %q; choose one of %v", f.Kind, kinds)
	}
	if f.Endpoint != "" && !f.Endpoint.known() {
		return fmt.Errorf("there is no endpoint %q", f.Endpoint)
	}
	return nil
}
