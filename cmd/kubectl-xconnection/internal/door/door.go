// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package door is the client's side of the operator's agents' door: where it is, how
// a caller shows who it is, and how its tools are called.
package door

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// Door is the agents' door, for one connection and one caller.
type Door struct {
	// Base is the door's address, such as http://x-operator-agent.x-operator-system.svc.
	Base string
	// Namespace and Name are those of the XConnection.
	Namespace, Name string
	// TokenFile holds the caller's service-account token, made for the door's
	// audience. It is read again for each request: the kubelet replaces it.
	TokenFile string
	// CAFile holds the certificates that the door's own is checked against; empty for
	// the system's.
	CAFile string
}

// Check tells what is wrong with the address, before anything is sent to it.
func (d Door) Check() error {
	parsed, err := url.Parse(d.Base)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return fmt.Errorf("the door must be an address such as http://x-operator-agent.x-operator-system.svc, and is %q", d.Base)
	}
	if parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return errors.New("the door's address must hold neither a user nor a query nor a fragment")
	}
	return nil
}

// Endpoint is where the door's tools are.
func (d Door) Endpoint() string {
	return strings.TrimRight(d.Base, "/") + "/connections/" + url.PathEscape(d.Namespace) + "/" + url.PathEscape(d.Name) + "/mcp"
}

// Transport carries calls to the door, each with the token of that moment.
func (d Door) Transport() (http.RoundTripper, error) {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the HTTP transport is not the standard one")
	}
	transport = transport.Clone()
	// A token is for the door alone, which is in the cluster.
	transport.Proxy = nil
	if d.CAFile != "" {
		certificates, err := os.ReadFile(d.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the door's certificates: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(certificates) {
			return nil, fmt.Errorf("reading the door's certificates: %s holds none", d.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &bearer{file: d.TokenFile, next: transport}, nil
}

// bearer adds the token to each request.
type bearer struct {
	file string
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b *bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	content, err := os.ReadFile(b.file)
	if err != nil {
		return nil, fmt.Errorf("reading the service account's token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" {
		return nil, fmt.Errorf("reading the service account's token: %s is empty", b.file)
	}
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+token)
	return b.next.RoundTrip(request)
}
