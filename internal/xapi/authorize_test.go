// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"testing"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

func TestAuthorizeURL(t *testing.T) {
	request := xapi.AuthorizeRequest{
		ClientID:    "an id+&",
		RedirectURI: "https://x.example.com/oauth2/callback?a=b",
		Scopes:      []string{"tweet.read", "tweet.write", "users.read", "offline.access"},
		State:       secret.New("a/state+="),
		// The pair of RFC 7636, appendix B.
		Verifier: secret.New("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
	}
	const query = "response_type=code&client_id=an%20id%2B%26" +
		"&redirect_uri=https%3A%2F%2Fx.example.com%2Foauth2%2Fcallback%3Fa%3Db" +
		"&scope=tweet.read%20tweet.write%20users.read%20offline.access&state=a%2Fstate%2B%3D" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
	for address, want := range map[string]string{
		"https://x.com/i/oauth2/authorize": "https://x.com/i/oauth2/authorize?" + query,
		"https://id.example.com/a?tenant=": "https://id.example.com/a?tenant=&" + query,
	} {
		client := xapi.New(xapi.Options{Endpoints: xapi.Endpoints{AuthorizeURL: address}})
		if got := client.AuthorizeURL(request); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
