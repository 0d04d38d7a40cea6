// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"runtime/debug"
	"testing"
)

// TestFrugalStart: garbage is collected as usual again once the start is over, whoever says so
// first, and however often.
func TestFrugalStart(t *testing.T) {
	const usual = 150
	before := debug.SetGCPercent(usual)
	defer debug.SetGCPercent(before)
	percent := func() int {
		now := debug.SetGCPercent(usual)
		debug.SetGCPercent(now)
		return now
	}
	end := frugalStart()
	called := atCall(3, end)
	for calls, want := range []int{startGarbage, startGarbage, startGarbage, usual, usual} {
		if calls > 0 {
			called()
		}
		if got := percent(); got != want {
			t.Errorf("after %d calls to X garbage may take %d percent, want %d", calls, got, want)
		}
	}
	debug.SetGCPercent(usual + 1)
	if end(); percent() != usual+1 {
		t.Error("the end of the start counts twice")
	}
	atCall(1, nil)()
}
