// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"
)

func TestFirstPostForm(t *testing.T) {
	tests := map[string]struct {
		page string
		want form
	}{
		"hidden fields and a button": {
			`<form method="get"><input name="q"></form><FORM class=x METHOD='POST' action="/go?a=1&amp;b=2">
			<input type="hidden" name="t" value="a&quot;b"><input name=u value=c><button name="d" value="yes">Go</button></FORM>`,
			form{"/go?a=1&b=2", url.Values{"t": {`a"b`}, "u": {"c"}, "d": {"yes"}}},
		},
		"the first of two buttons": {
			`<form method=post><button name="d" value="1"></button><input type="submit" name="e" value="2"></form>`,
			form{"", url.Values{"d": {"1"}}},
		},
		"boxes": {
			`<form method=post><input type=checkbox name=a value=1><input type=radio name=b value=2 checked></form>`,
			form{"", url.Values{"b": {"2"}}},
		},
		"nothing with a name": {`<form method="post" action="/x"><button>Go</button><button type="button" ></button></form>`, form{"/x", url.Values{}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := firstPostForm(test.page)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
	if _, err := firstPostForm("<p>no form</p>"); err == nil {
		t.Error("a form where there is none")
	}
}

func TestFormActionPolicy(t *testing.T) {
	const self, x, foreign = "https://x.example.com/a", "https://x.com/i/oauth2/authorize", "https://x.com.example.org/"
	tests := map[string]struct {
		policy, target string
		allowed        bool
	}{
		"no policy":        {"", foreign, true},
		"other directives": {"default-src 'none'", foreign, true},
		"self":             {"default-src 'none'; form-action 'self' https://x.com", self, true},
		"X":                {"default-src 'none'; form-action 'self' https://x.com", x, true},
		"foreign":          {"form-action 'self' https://x.com", foreign, false},
		"X is not named":   {"form-action 'self'", x, false},
		"none":             {"form-action 'none'", self, false},
		"scheme":           {"Form-Action https:", foreign, true},
		"any":              {"form-action *", foreign, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from, _ := url.Parse(self)
			target, _ := url.Parse(test.target)
			page := &Page{URL: from, Header: http.Header{"Content-Security-Policy": {test.policy}}}
			if err := formMayLeadTo(page, target); (err == nil) != test.allowed {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOriginHeader(t *testing.T) {
	from, _ := url.Parse("https://x.example.com/a?b")
	for policy, want := range map[string]string{
		"":                           "https://x.example.com",
		"no-referrer":                "null",
		"same-origin, no-referrer":   "null",
		"no-referrer, same-origin":   "https://x.example.com",
		"no-referrer-when-downgrade": "https://x.example.com",
	} {
		page := &Page{URL: from, Header: http.Header{"Referrer-Policy": {policy}}}
		if got := originHeader(page); got != want {
			t.Errorf("under %q: %s, want %s", policy, got, want)
		}
	}
}
