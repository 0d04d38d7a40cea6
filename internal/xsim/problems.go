// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"encoding/json"
	"net/http"
)

// Problem is X's problem JSON (RFC 9457 with X's own members).
type Problem struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Type   string `json:"type"`
	Status int    `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// aboutBlank is the type of a problem that its status explains.
const aboutBlank = "about:blank"

func (p Problem) answer() answer {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return answerBody(p.Status, typeProblem, body)
}

// problem is one that its status explains.
func problem(status int, detail string) answer {
	return Problem{Title: http.StatusText(status), Detail: detail, Type: aboutBlank, Status: status}.answer()
}

// The problems of apps that X does not serve.
var (
	creditsDepleted = Problem{
		Title:  "CreditsDepleted",
		Detail: "Your enrolled account does not have any credits to fulfill this request.",
		Type:   "https://api.x.com/2/problems/credits",
		Status: http.StatusPaymentRequired,
	}
	usageCapExceeded = Problem{
		Title:  "UsageCapExceeded",
		Detail: "Usage cap exceeded: Monthly product cap",
		Type:   "https://api.x.com/2/problems/usage-capped",
		Status: http.StatusTooManyRequests,
	}
	clientNotEnrolled = Problem{
		Title:  "Client Forbidden",
		Detail: "This app is not enrolled for this endpoint.",
		Type:   "https://api.x.com/2/problems/client-forbidden",
		Status: http.StatusForbidden,
		Reason: "client-not-enrolled",
	}
)
