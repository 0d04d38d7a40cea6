// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import "testing"

func TestAQuarterAreTwins(t *testing.T) {
	const count = 64
	accounts, twins := map[string]int{}, map[string]bool{}
	for number := range count {
		account, twin := accountOf(number)
		accounts[account]++
		twins[account] = twin
	}
	pairs := 0
	for account, connections := range accounts {
		if want := map[bool]int{false: 1, true: 2}[twins[account]]; connections != want {
			t.Errorf("%d connections are on @%s, want %d", connections, account, want)
		}
		if twins[account] {
			pairs++
		}
	}
	if 2*pairs != count/4 {
		t.Errorf("%d of %d connections are twins, want a quarter", 2*pairs, count)
	}
}
