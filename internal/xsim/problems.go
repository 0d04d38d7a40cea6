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
	Status int    `json:"status,omitempty"`
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

// invalid is X's 400 for a parameter or a body that is wrong.
func invalid(detail string) answer {
	return Problem{
		Title:  "Invalid Request",
		Detail: "One or more parameters to your request was invalid: " + detail,
		Type:   "https://api.x.com/2/problems/invalid-request",
		Status: http.StatusBadRequest,
	}.answer()
}

// forbidden is X's 403 that only its detail tells from others.
func forbidden(detail string) answer { return problem(http.StatusForbidden, detail) }

// missingResource names what is not there.
type missingResource struct {
	Problem
	Parameter    string `json:"parameter"`
	Value        string `json:"value"`
	ResourceID   string `json:"resource_id"`
	ResourceType string `json:"resource_type"`
}

func notThere(kind, id string) missingResource {
	return missingResource{
		Problem: Problem{
			Title:  "Not Found Error",
			Detail: "Could not find " + kind + " with id: [" + id + "].",
			Type:   "https://api.x.com/2/problems/resource-not-found",
		},
		Parameter:    "id",
		Value:        id,
		ResourceID:   id,
		ResourceType: kind,
	}
}

// noPost is X's 404.
func noPost(id string) answer {
	missing := notThere("tweet", id)
	missing.Status = http.StatusNotFound
	return answerJSON(http.StatusNotFound, missing)
}

// noUser is how X answers reads of an account that is not there: with 200.
func noUser(id string) answer {
	return answerJSON(http.StatusOK, map[string][]missingResource{"errors": {notThere("user", id)}})
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
