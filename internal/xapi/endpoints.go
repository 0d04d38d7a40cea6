// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"errors"
	"fmt"
	"net"
	"net/url"
)

// Validate tells what is wrong with the addresses, all faults at once. Tokens
// and secrets travel to them, so each must be https, or http on a loopback host.
func (e Endpoints) Validate() error {
	return errors.Join(
		checkAddress("authorize", e.AuthorizeURL),
		checkAddress("token", e.TokenURL),
		checkAddress("revoke", e.RevokeURL),
		e.ValidateAPI(),
	)
}

// ValidateAPI does the same for APIURL alone, for a client that redeems nothing.
func (e Endpoints) ValidateAPI() error {
	return errors.Join(checkAddress("API", e.APIURL), checkBase(e.APIURL))
}

func checkAddress(name, address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Opaque != "" {
		return fmt.Errorf("the %s URL must be an absolute address such as https://api.x.com/path", name)
	}
	switch {
	case parsed.User != nil:
		return fmt.Errorf("the %s URL must not hold a user name or a password", name)
	case parsed.Fragment != "":
		return fmt.Errorf("the %s URL must not have a fragment (RFC 6749, section 3.1)", name)
	case parsed.Scheme == "https", parsed.Scheme == "http" && isLoopback(parsed.Hostname()):
		return nil
	}
	return fmt.Errorf("the %s URL %q must be https; http is for loopback hosts only", name, parsed.Redacted())
}

// checkBase refuses a query on the address that paths are appended to.
func checkBase(address string) error {
	if parsed, err := url.Parse(address); err == nil && parsed.RawQuery != "" {
		return errors.New("the API URL must not have a query")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
