// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/agentconnect/x-operator/internal/redeem"
)

// The parameters that spec.redirectURL is given.
const (
	paramConnected = "x_connected"
	paramUsername  = "x_username"
	paramError     = "x_error"
)

// withResult gives the address that a browser is sent to at the end: the redirect
// URL with the result set in its query. Parameters of ours that it has already
// are replaced; all others stay as they are written. ok is false if there is no
// address that may be used: the API's rules are checked again, since an object
// may be older than they.
func withResult(redirectURL string, result redeem.ConsentResult) (address string, ok bool) {
	target, err := url.Parse(redirectURL)
	if err != nil || !mayRedirectTo(target) {
		return "", false
	}
	kept := slices.DeleteFunc(strings.Split(target.RawQuery, "&"), isOurs)
	target.RawQuery = strings.Join(append(kept, resultParams(result)...), "&")
	return target.String(), true
}

func resultParams(result redeem.ConsentResult) []string {
	if result.Code != redeem.CodeConnected {
		return []string{paramError + "=" + url.QueryEscape(result.Code)}
	}
	return []string{paramConnected + "=true", paramUsername + "=" + url.QueryEscape(result.Username)}
}

// isOurs tells whether one pair of a raw query, "name=value", is to be replaced.
func isOurs(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	return pair == "" || name == paramConnected || name == paramUsername || name == paramError
}

// mayRedirectTo is the API's rule: https, or http on a loopback host, without user
// info.
func mayRedirectTo(target *url.URL) bool {
	switch {
	case target.Hostname() == "" || target.User != nil:
		return false
	case target.Scheme == "http":
		return isLoopback(target.Hostname())
	default:
		return target.Scheme == "https"
	}
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
