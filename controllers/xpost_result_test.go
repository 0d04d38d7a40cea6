// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"testing"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// TestAttemptResult: what metrics count an attempt as is one of the API's reasons.
func TestAttemptResult(t *testing.T) {
	for want, ended := range map[string]attemptOutcome{
		v1alpha1.ReasonPublished:        {published: &v1alpha1.PublishedPost{}},
		v1alpha1.ReasonDuplicateContent: {refusal: &v1alpha1.PostRefusal{Reason: v1alpha1.ReasonDuplicateContent}},
		v1alpha1.ReasonUnknown:          {unknown: "no answer"},
		v1alpha1.ReasonRateLimited:      {limited: pace.HoldAccount},
		v1alpha1.ReasonUsageCapExceeded: {limited: pace.HoldCapped},
		v1alpha1.ReasonNotConnected:     {trouble: &xapi.Error{Kind: xapi.KindUnauthorized}},
		v1alpha1.ReasonXUnavailable:     {trouble: errors.New("no connection")},
	} {
		if got := ended.result(); got != want || !reasons[got] {
			t.Errorf("it counts as %s, want %s", got, want)
		}
	}
	for _, refusal := range refusals {
		if !reasons[refusal.reason] {
			t.Errorf("a refusal has the reason %s, which metrics do not know", refusal.reason)
		}
	}
}
