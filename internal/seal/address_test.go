// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/secret"
)

func TestParseAddress(t *testing.T) {
	tests := []struct{ raw, origin, refused string }{
		{raw: "https://x.example.com", origin: "https://x.example.com"},
		{raw: "https://X.Example.com:443/", origin: "https://x.example.com"},
		{raw: "https://x.example.com:8443", origin: "https://x.example.com:8443"},
		{raw: "http://localhost:8082", origin: "http://localhost:8082"},
		{raw: "http://127.0.0.1:80", origin: "http://127.0.0.1"},
		{raw: "http://[::1]:8082", origin: "http://[::1]:8082"},
		{raw: "", refused: "must be absolute"},
		{raw: "x.example.com", refused: "must be absolute"},
		{raw: "ftp://x.example.com", refused: "scheme must be https"},
		{raw: "http://x.example.com", refused: "loopback host only"},
		{raw: "http://localhost.example.com", refused: "loopback host only"},
		{raw: "https://x.example.com/base", refused: "scheme and host alone"},
		{raw: "https://x.example.com?", refused: "scheme and host alone"},
		{raw: "https://x.example.com#a", refused: "scheme and host alone"},
		{raw: "https://jane:hunter2@x.example.com", refused: "scheme and host alone"},
		{raw: "https://x.example.com:port", refused: "can't be read"},
	}
	for _, test := range tests {
		t.Run(test.raw, func(t *testing.T) {
			address, err := seal.ParseAddress(test.raw)
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v, want %q", err, test.refused)
				}
				return
			}
			if err != nil || address.Origin() != test.origin {
				t.Errorf("got %q, %v, want %q", address.Origin(), err, test.origin)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	address, err := seal.ParseAddress("https://x.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := address.Callback(), "https://x.example.com/oauth2/callback"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got := address.Connect("customer-a", "social-manager", secret.New("abc"))
	if want := "https://x.example.com/connect/customer-a/social-manager?c=abc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	hosts := map[string]bool{
		"x.example.com": true, "X.example.com:443": true, "x.example.com:80": false,
		"": false, "evil.example": false, "x.example.com.evil.example": false,
	}
	for host, want := range hosts {
		if address.IsHost(host) != want {
			t.Errorf("IsHost(%q) is not %t", host, want)
		}
	}
	if !address.Secure() {
		t.Error("https is not taken for secure")
	}
}
