// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// origin is an address's scheme and host.
func origin(address *url.URL) string { return address.Scheme + "://" + address.Host }

// originHeader is what a browser sends as Origin with a form. Under the policy
// no-referrer that is "null" even to the page's own origin (Fetch, "append a
// request Origin header").
func originHeader(page *Page) string {
	policies := strings.Split(page.Header.Get("Referrer-Policy"), ",")
	if strings.TrimSpace(policies[len(policies)-1]) == "no-referrer" {
		return "null"
	}
	return origin(page.URL)
}

// formMayLeadTo checks the form-action of a page's Content-Security-Policy, which
// some browsers apply to the redirects that follow as well.
func formMayLeadTo(page *Page, target *url.URL) error {
	sources, restricted := formAction(page.Header)
	if !restricted {
		return nil
	}
	for _, source := range sources {
		allowed := source == origin(target) || (source == "'self'" && origin(page.URL) == origin(target))
		if allowed || source == target.Scheme+":" || source == "*" {
			return nil
		}
	}
	return fmt.Errorf("the Content-Security-Policy of %s does not let a form lead to %s", origin(page.URL), origin(target))
}

// formAction finds the directive.
func formAction(header http.Header) (sources []string, restricted bool) {
	for _, directive := range strings.Split(header.Get("Content-Security-Policy"), ";") {
		if words := strings.Fields(directive); len(words) > 0 && strings.EqualFold(words[0], "form-action") {
			return words[1:], true
		}
	}
	return nil, false
}
