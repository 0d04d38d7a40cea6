// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package envtest

import (
	"net"
	"testing"

	"github.com/agentconnect/x-operator/internal/child"
)

// FreeAddress is an address of loopback that nobody listened on a moment ago. It fails the
// test if there is none.
func FreeAddress(t testing.TB) string {
	t.Helper()
	port, err := child.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", port)
}
