// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

func TestParseCredentials(t *testing.T) {
	long := strings.Repeat("x", 513)
	for name, test := range map[string]struct {
		id, secret string
		err        string
	}{
		"both":                 {"client", "hidden", ""},
		"with white space":     {" client\n", "hidden\n", ""},
		"no client id":         {"", "hidden", `the key "clientId" is missing or empty`},
		"no client secret":     {"client", "\n", `the key "clientSecret" is missing or empty`},
		"a long client id":     {long, "hidden", `the key "clientId" is longer than 512 bytes: X's client ids are not`},
		"a long client secret": {"client", long, `the key "clientSecret" is longer than 512 bytes: X's client secrets are not`},
	} {
		id, value, err := grant.ParseCredentials(map[string][]byte{
			v1alpha1.AppKeyClientID: []byte(test.id), v1alpha1.AppKeyClientSecret: []byte(test.secret),
		})
		switch {
		case test.err == "" && (err != nil || id != "client" || value.Reveal() != "hidden"):
			t.Errorf("%s: %q (%v)", name, id, err)
		case test.err != "" && (err == nil || err.Error() != test.err):
			t.Errorf("%s: the error is %v, want %s", name, err, test.err)
		}
	}
}
