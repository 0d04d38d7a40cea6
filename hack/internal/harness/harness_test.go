// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"flag"
	"testing"
)

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		well bool
		err  error
		want int
	}{
		{true, nil, 0},
		{false, nil, 1},
		{true, context.Canceled, 2},
		{false, flag.ErrHelp, 0},
	} {
		if got := code(test.well, test.err); got != test.want {
			t.Errorf("%t and %v: %d, want %d", test.well, test.err, got, test.want)
		}
	}
}
