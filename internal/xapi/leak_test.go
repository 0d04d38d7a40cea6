// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// attempt is one call and the secrets that it sends.
type attempt struct {
	sends []string
	call  func(context.Context, *xapi.Client) error
}

// attempts are all kinds of calls.
var attempts = map[string]attempt{
	"exchange": {[]string{clientSecret, authCode, pkceVerifier}, func(ctx context.Context, c *xapi.Client) error {
		_, err := c.Exchange(ctx, app, exchange, nil)
		return err
	}},
	"refresh": {[]string{clientSecret, refreshToken}, func(ctx context.Context, c *xapi.Client) error {
		_, err := refresh(ctx, c)
		return err
	}},
	"revoke": {[]string{clientSecret, refreshToken}, revoke},
	"me": {[]string{accessToken}, func(ctx context.Context, c *xapi.Client) error {
		_, err := c.Me(ctx, secret.New(accessToken))
		return err
	}},
	"post": {[]string{accessToken}, func(ctx context.Context, c *xapi.Client) error {
		_, err := c.CreatePost(ctx, secret.New(accessToken), xapi.PostRequest{Text: "Hello"})
		return err
	}},
	"list": {[]string{accessToken}, func(ctx context.Context, c *xapi.Client) error {
		_, err := c.Mentions(ctx, secret.New(accessToken), "1", xapi.PageRequest{})
		return err
	}},
}

// forms are the forms in which the secrets are sent.
func (a attempt) forms() []string {
	var forms []string
	for _, value := range a.sends {
		forms = append(forms, value, url.QueryEscape(value))
		if value == clientSecret {
			basic := url.QueryEscape(clientID) + ":" + url.QueryEscape(clientSecret)
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(basic)))
		}
	}
	return forms
}

// leaks tells whether an error shows a secret of the call in any way that it can
// be printed.
func (a attempt) leaks(err error) bool {
	asJSON, _ := json.Marshal(err)
	shown := fmt.Sprintf("%v %+v %#v %s", err, err, err, asJSON)
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		shown += fmt.Sprintf(" %v %+v %#v", inner, inner, inner)
	}
	for _, form := range a.forms() {
		if strings.Contains(strings.ToLower(shown), strings.ToLower(form)) {
			return true
		}
	}
	return false
}

// echoing is a body that says a text wherever X might say something.
func echoing(said string) string {
	quoted, _ := json.Marshal(said)
	return fmt.Sprintf(`{"error":%[1]s,"error_description":%[1]s,"detail":%[1]s,"title":%[1]s,"type":%[1]s,`+
		`"errors":[{"code":%[1]s,"message":%[1]s}]}`, quoted)
}

func TestEchoedSecretsAreNotRepeated(t *testing.T) {
	for name, attempt := range attempts {
		for _, form := range attempt.forms() {
			for how, said := range map[string]string{
				"as it is":       form,
				"in capitals":    strings.ToUpper(form),
				"in a sentence":  "The token " + form + " is not valid.",
				"far behind":     strings.Repeat("x", 195) + form,
				"cut short":      "Got " + form[:len(form)*3/4] + "...",
				"with nulls":     strings.Join(strings.Split(form, ""), "\x00"),
				"with zero gaps": strings.Join(strings.Split(form, ""), "\u200B"),
			} {
				for _, status := range []int{200, 302, 400, 401, 403, 429, 500} {
					err := attempt.call(t.Context(), answer(status, echoing(said)))
					if err != nil && (attempt.leaks(err) || failure(t, err).Description != "") {
						t.Errorf("%s, %d, %s: %v", name, status, how, err)
					}
				}
			}
		}
	}
}

// failing is a transport that fails with an error.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestTransportErrorsDoNotTell(t *testing.T) {
	cause := errors.New("connection refused")
	for name, attempt := range attempts {
		for _, form := range attempt.forms() {
			for how, fault := range map[string]error{
				"in the address": &url.Error{Op: "Post", URL: "https://x.test/?t=" + form, Err: cause},
				"in the text":    fmt.Errorf("malformed response %q: %w", form, cause),
			} {
				err := attempt.call(t.Context(), clientOn("https://x.test", failing{fault}))
				if attempt.leaks(err) || !errors.Is(err, cause) {
					t.Errorf("%s, %s: %v", name, how, err)
				}
			}
		}
	}
	addressed := failing{&url.Error{Op: "Post", URL: "https://x.test/", Err: cause}}
	_, err := refresh(t.Context(), clientOn("https://x.test", addressed))
	if got, want := err.Error(), "X: Unknown: connection refused"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDescriptions(t *testing.T) {
	for name, test := range map[string]struct{ said, want string }{
		"plain":          {"Rate limit exceeded", "Rate limit exceeded"},
		"several lines":  {" a\r\n\tb\u2028c  d ", "a b c d"},
		"controls":       {"a\x1b[31mb\x07", "a[31mb"},
		"hidden marks":   {"a\u202Eb\u200Bc", "abc"},
		"long":           {strings.Repeat("ä", 300), strings.Repeat("ä", 200)},
		"broken letters": {"a\ufffdb", "ab"},
	} {
		quoted, _ := json.Marshal(map[string]string{"error": "invalid_request", "error_description": test.said})
		_, err := refresh(t.Context(), answer(400, string(quoted)))
		if got := failure(t, err).Description; got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestCodesArePlainWords(t *testing.T) {
	for said, want := range map[string]string{
		"invalid_grant":           "invalid_grant",
		"two words":               "",
		"<script>":                "",
		strings.Repeat("x", 65):   "",
		"line\nbreak":             "",
		refreshToken:              "",
		"":                        "",
		"urn:ietf:params:oauth:x": "",
	} {
		quoted, _ := json.Marshal(map[string]string{"error": said})
		_, err := refresh(t.Context(), answer(400, string(quoted)))
		if got := failure(t, err).Code; got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}
