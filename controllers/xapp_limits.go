// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// limitsLook is how often an XApp's limits are compared with what is known of them.
	limitsLook = time.Minute
	// limitsEvery is the least time between two writes of an XApp's limits, unless calls
	// became scarce or are so no more.
	limitsEvery = 5 * time.Minute
	// scarce is the part of a limit, 1 in so many, below which calls are scarce.
	scarce = 5
)

// routes are the endpoints of X's API as status and metrics name them.
var routes = map[string]string{
	xapi.EndpointMe:           "GET /2/users/me",
	xapi.EndpointCreatePost:   "POST /2/tweets",
	xapi.EndpointDeletePost:   "DELETE /2/tweets/:id",
	xapi.EndpointPosts:        "GET /2/tweets",
	xapi.EndpointMentions:     "GET /2/users/:id/mentions",
	xapi.EndpointUserPosts:    "GET /2/users/:id/tweets",
	xapi.EndpointHomeTimeline: "GET /2/users/:id/timelines/reverse_chronological",
}

// rateLimitsFrom makes status of an app's windows, in the order of the endpoints.
func rateLimitsFrom(days map[string]xapi.Window) []v1alpha1.RateLimit {
	var limits []v1alpha1.RateLimit
	for endpoint, day := range days {
		limits = append(limits, v1alpha1.RateLimit{
			Endpoint: routes[endpoint], Limit: int64(day.Limit), Remaining: int64(day.Remaining), ResetAt: timeOf(day.ResetAt),
		})
	}
	slices.SortFunc(limits, byEndpoint)
	return limits
}

func byEndpoint(a, b v1alpha1.RateLimit) int { return cmp.Compare(a.Endpoint, b.Endpoint) }

// nextRateLimits decides what status says of limits: it is pure. A limit whose window
// is over goes. What is known is taken up if the last write is long enough ago, and
// at once if it tells that calls became scarce, or are so no more.
func nextRateLimits(written, known []v1alpha1.RateLimit, writtenAt, now time.Time) []v1alpha1.RateLimit {
	kept := slices.DeleteFunc(slices.Clone(written), func(limit v1alpha1.RateLimit) bool {
		return limit.ResetAt != nil && !now.Before(limit.ResetAt.Time)
	})
	next := slices.Clone(known)
	for _, limit := range kept {
		if !slices.ContainsFunc(known, func(other v1alpha1.RateLimit) bool { return other.Endpoint == limit.Endpoint }) {
			next = append(next, limit)
		}
	}
	slices.SortFunc(next, byEndpoint)
	if now.Sub(writtenAt) < limitsEvery && equality.Semantic.DeepEqual(scarceOf(kept), scarceOf(next)) {
		return kept
	}
	return next
}

// scarceOf lists the endpoints whose calls are scarce.
func scarceOf(limits []v1alpha1.RateLimit) []string {
	var endpoints []string
	for _, limit := range limits {
		if limit.Remaining*scarce < limit.Limit {
			endpoints = append(endpoints, limit.Endpoint)
		}
	}
	return endpoints
}
