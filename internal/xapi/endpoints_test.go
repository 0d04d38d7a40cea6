// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/xapi"
)

func TestValidateEndpoints(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.x.com/2/oauth2/token": "",
		"https://id.example.com/t?x=1":     "",
		"http://localhost:8080/token":      "",
		"http://127.0.0.2:8080/token":      "",
		"http://[::1]:8080/token":          "",
		"http://api.x.com/token":           `the token URL "http://api.x.com/token" must be https; http is for loopback hosts only`,
		"http://localhost.x.com/token":     `the token URL "http://localhost.x.com/token" must be https; http is for loopback hosts only`,
		"ftp://localhost/token":            `the token URL "ftp://localhost/token" must be https; http is for loopback hosts only`,
		"":                                 "the token URL must be an absolute address such as https://api.x.com/path",
		"api.x.com/token":                  "the token URL must be an absolute address such as https://api.x.com/path",
		"https:api.x.com":                  "the token URL must be an absolute address such as https://api.x.com/path",
		"https://%zz":                      "the token URL must be an absolute address such as https://api.x.com/path",
		"https://me:pass@api.x.com/token":  "the token URL must not hold a user name or a password",
		"https://api.x.com/token#x":        "the token URL must not have a fragment (RFC 6749, section 3.1)",
	} {
		got := ""
		if err := endpointsWith(address, "https://api.x.com").Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

func TestValidateEndpointsTellsAllFaults(t *testing.T) {
	err := xapi.Endpoints{APIURL: "https://api.x.com?x=1"}.Validate()
	if err == nil {
		t.Fatal("empty addresses are faults")
	}
	for _, want := range []string{"authorize URL", "token URL", "revoke URL", "API URL must not have a query"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not tell of the %s", err, want)
		}
	}
}

func TestValidateAPI(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.x.com":     "",
		"http://api.x.com":      `the API URL "http://api.x.com" must be https; http is for loopback hosts only`,
		"https://api.x.com?x=1": "the API URL must not have a query",
	} {
		got := ""
		if err := (xapi.Endpoints{APIURL: address}).ValidateAPI(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

func endpointsWith(token, api string) xapi.Endpoints {
	return xapi.Endpoints{
		AuthorizeURL: "https://x.com/i/oauth2/authorize",
		TokenURL:     token,
		RevokeURL:    "https://api.x.com/2/oauth2/revoke",
		APIURL:       api,
	}
}
