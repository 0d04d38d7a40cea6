// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/secret"
)

func TestParseAnswer(t *testing.T) {
	tests := map[string]struct {
		query  string
		want   answer
		detail string
	}{
		"a code":                 {query: "state=s&code=c", want: answer{state: "s", code: secret.New("c")}},
		"a denial":               {query: "error=access_denied&state=s", want: answer{state: "s", denied: "access_denied"}},
		"both":                   {query: "error=access_denied&state=s&code=c", want: answer{state: "s", denied: "access_denied"}},
		"more than is known":     {query: "state=s&code=c&iss=x&iss=y&%00=%ff", want: answer{state: "s", code: secret.New("c")}},
		"nothing":                {query: "", detail: "The state is missing."},
		"a code alone":           {query: "code=c", detail: "The state is missing."},
		"a denial alone":         {query: "error=access_denied", detail: "The state is missing."},
		"a state alone":          {query: "state=s", detail: "There is neither a code nor an error."},
		"an empty code":          {query: "state=s&code=", detail: "There is neither a code nor an error."},
		"two states":             {query: "state=s&state=s&code=c", detail: "The address gives one of its parts twice."},
		"two codes":              {query: "state=s&code=c&code=", detail: "The address gives one of its parts twice."},
		"two errors":             {query: "state=s&error=a&error=b", detail: "The address gives one of its parts twice."},
		"a broken escape":        {query: "state=s&code=%zz", detail: "The address can’t be read."},
		"a semicolon":            {query: "state=s;code=c", detail: "The address can’t be read."},
		"a long state":           {query: "state=" + strings.Repeat("s", maxState+1) + "&code=c", detail: "The answer is not one that X makes."},
		"a long code":            {query: "state=s&code=" + strings.Repeat("c", maxCode+1), detail: "The answer is not one that X makes."},
		"a control byte":         {query: "state=s&code=c%00", detail: "The answer is not one that X makes."},
		"a line break":           {query: "state=s&code=c%0D%0ASet-Cookie:a", detail: "The answer is not one that X makes."},
		"bytes that are no text": {query: "state=%ff%fe&code=c", detail: "The answer is not one that X makes."},
		"an error with markup":   {query: "state=s&error=%3Cscript%3E", detail: "The error is not one that X makes."},
		"a long error":           {query: "state=s&error=" + strings.Repeat("e", 65), detail: "The error is not one that X makes."},
		"far too long":           {query: "state=s&code=c&x=" + strings.Repeat("x", maxQuery), detail: "The address is far longer than any that X makes."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseAnswer(test.query)
			var told *refusal
			if errors.As(err, &told); told == nil {
				told = &refusal{code: v1alpha1.ErrorMissingParams}
			}
			if told.code != v1alpha1.ErrorMissingParams || told.detail != test.detail {
				t.Errorf("refused with %v, want %q", err, test.detail)
			}
			if got.state != test.want.state || got.denied != test.want.denied || !got.code.Equal(test.want.code) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// FuzzParseAnswer holds the callback's query to what the rest relies on: what
// passes has a state, and exactly one of code and error, all within bounds and
// printable.
func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "state=s&code=c", "state=s&error=access_denied", "state=s&state=t&code=c", "state=%00&code=%ff",
		"code=c&state=" + url.QueryEscape("<script>"), "a=b;state=s", "state=s&code=c&error=e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := parseAnswer(query)
		if err != nil {
			if got != (answer{}) {
				t.Errorf("%q is refused, but gives %+v", query, got)
			}
			return
		}
		if got.state == "" || got.code.IsZero() == (got.denied == "") {
			t.Errorf("%q gives %+v", query, got)
		}
		if len(got.state) > maxState || !visible.MatchString(got.state) || len(got.denied) > 64 {
			t.Errorf("%q gives a state or an error out of bounds: %+v", query, got)
		}
	})
}
