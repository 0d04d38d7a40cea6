// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/redeem"
)

// While X is away each pass draws another wait: a status that told of it would be
// written at each pass of each connection.
func TestTheStatusDoesNotChangeWithTheWaitForAnXThatIsAway(t *testing.T) {
	s := connectedScope()
	s.grant.Tokens.RefreshedAt = s.now.Add(-90 * time.Minute)
	s.hold, s.holdUntil = redeem.HoldAway, s.now.Add(7*time.Second)
	if at := nextRefresh(s); at != nil {
		t.Errorf("the next refresh is told as %s while X is away, want none", at)
	}
	s.hold = redeem.HoldLimited
	if at := nextRefresh(s); at == nil || !at.Time.Equal(timeOf(s.holdUntil).Time) {
		t.Errorf("the next refresh is told as %v while X limits the app, want %s", at, s.holdUntil)
	}
}
