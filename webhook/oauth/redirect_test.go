// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"testing"

	"github.com/agentconnect/x-operator/internal/redeem"
)

func TestWithResult(t *testing.T) {
	connected := redeem.ConsentResult{Code: redeem.CodeConnected, Username: "jane_doe"}
	denied := redeem.ConsentResult{Code: "authorization_denied"}
	tests := []struct {
		name, url string
		result    redeem.ConsentResult
		want      string
	}{
		{"plain", "https://app.example.com/a", connected, "https://app.example.com/a?x_connected=true&x_username=jane_doe"},
		{"an error", "https://app.example.com/a", denied, "https://app.example.com/a?x_error=authorization_denied"},
		{"others stay as they are", "https://app.example.com/?b=%2F&a=1&a=2&flag", denied, "https://app.example.com/?b=%2F&a=1&a=2&flag&x_error=authorization_denied"},
		{
			"ours are replaced", "https://app.example.com/?x_error=old&a=1&x_connected=true&x_username=joe&x%5Ferror=sly", connected,
			"https://app.example.com/?a=1&x_connected=true&x_username=jane_doe",
		},
		{"an error after success", "https://app.example.com/?x_connected=true&x_username=joe", denied, "https://app.example.com/?x_error=authorization_denied"},
		{"an odd name", "https://app.example.com/", redeem.ConsentResult{Code: redeem.CodeConnected, Username: "a&x_error=b#c"}, "https://app.example.com/?x_connected=true&x_username=a%26x_error%3Db%23c"},
		{"no name yet", "https://app.example.com/", redeem.ConsentResult{Code: redeem.CodeConnected}, "https://app.example.com/?x_connected=true&x_username="},
		{"a query that ends in &", "https://app.example.com/?a=1&", denied, "https://app.example.com/?a=1&x_error=authorization_denied"},
		{"a loopback host", "http://localhost:3000/cb", denied, "http://localhost:3000/cb?x_error=authorization_denied"},
		{"IPv6 loopback", "http://[::1]:3000/cb", denied, "http://[::1]:3000/cb?x_error=authorization_denied"},
		{"none", "", denied, ""},
		{"http elsewhere", "http://app.example.com/", denied, ""},
		{"a script", "javascript:alert(1)", denied, ""},
		{"relative", "/settings", denied, ""},
		{"without a scheme", "//evil.example/", denied, ""},
		{"user info", "https://jane:pw@app.example.com/", denied, ""},
		{"a line break", "https://app.example.com/\r\nSet-Cookie: a=b", denied, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := withResult(test.url, test.result)
			if got != test.want || ok != (test.want != "") {
				t.Errorf("got %q, %t, want %q", got, ok, test.want)
			}
		})
	}
}
