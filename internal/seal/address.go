// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/agentconnect/x-operator/internal/secret"
)

// The paths of the consent door.
const (
	// PathConnect is followed by the XConnection's namespace and name.
	PathConnect = "/connect/"
	// PathCallback is where X sends the browser back to.
	PathCallback = "/oauth2/callback"
	// ParamCapability is the query parameter that carries a link's capability.
	ParamCapability = "c"
)

// Address is the public address of the consent door. Links, the redirect URI and
// the canonical host are all made from it, so that they can't disagree.
type Address struct {
	scheme string
	host   string
}

// ParseAddress reads the base URL of the consent door: https, or, for
// development only, http on a loopback host; without path, query, fragment and
// user info.
func ParseAddress(raw string) (Address, error) {
	base, err := url.Parse(raw)
	if err != nil {
		return Address{}, fmt.Errorf("the callback base URL can't be read: %w", err)
	}
	address := Address{scheme: base.Scheme, host: canonicalHost(base.Scheme, base.Host)}
	switch {
	case base.Hostname() == "":
		err = errors.New("it must be absolute, such as https://x.example.com")
	case base.Scheme != "https" && base.Scheme != "http":
		err = errors.New("its scheme must be https")
	case base.Scheme == "http" && !isLoopback(base.Hostname()):
		err = errors.New("http is allowed on a loopback host only; use https")
	case base.User != nil || strings.Trim(base.Path, "/") != "" || strings.ContainsAny(raw, "?#"):
		err = errors.New("it must be scheme and host alone, without user info, path, query or fragment")
	}
	if err != nil {
		return Address{}, fmt.Errorf("the callback base URL %q is not usable: %w", base.Redacted(), err)
	}
	return address, nil
}

// Secure tells whether browsers reach the door by https.
func (a Address) Secure() bool { return a.scheme == "https" }

// Origin is the door's origin as browsers write it (RFC 6454, section 6.2).
func (a Address) Origin() string { return a.scheme + "://" + a.host }

// Host is the host that people see in the browser's address bar.
func (a Address) Host() string { return a.host }

// IsHost tells whether a Host header names this door: upper and lower case are
// the same, and the scheme's own port may be written out.
func (a Address) IsHost(header string) bool { return canonicalHost(a.scheme, header) == a.host }

// Callback is the redirect URI, exactly as it must be entered at X.
func (a Address) Callback() string { return a.Origin() + PathCallback }

// Connect is the link that a person opens to connect an account.
func (a Address) Connect(namespace, name string, capability secret.Token) string {
	return a.Origin() + PathConnect + url.PathEscape(namespace) + "/" + url.PathEscape(name) +
		"?" + ParamCapability + "=" + url.QueryEscape(capability.Reveal())
}

func canonicalHost(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip.IsLoopback()
}
