// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package oauth is the consent door: the only part of the operator that people
// reach with a browser. A link leads to its start page, which says who asks for
// what; from there the browser goes to X and comes back to the callback with a
// code (RFC 6749, section 4.1, with RFC 7636). The door keeps no state: what a
// flow needs travels sealed, so that any replica finishes what another began.
//
// It is a public door. Until a key of ours has been verified it reads nothing but
// its cache; until state and cookie both hold it writes nothing and redirects
// nobody. No token, code, state, verifier, cookie or query is ever logged or
// shown.
package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// Grants reads grants; grant.Store does.
type Grants interface {
	// Get reads from the cache, GetLive from the API server. Both give
	// grant.ErrNotFound if there is none.
	Get(ctx context.Context, owner types.UID) (*grant.Grant, error)
	GetLive(ctx context.Context, owner types.UID) (*grant.Grant, error)
}

// Options are what the door needs; all but Observer and Log are required.
type Options struct {
	// Address is the door's public address.
	Address seal.Address
	// AuthorizeEndpoint is X's consent page; browsers are told that forms may lead
	// there.
	AuthorizeEndpoint string
	// AuthorizeURL makes the address that a person is sent to.
	AuthorizeURL func(xapi.AuthorizeRequest) string
	// Namespaces are those that are served; empty: all.
	Namespaces []string
	// Cached reads XConnections for the start page, Live for the callback.
	Cached client.Reader
	Live   client.Reader
	// Grants reads grants, likewise cached and live.
	Grants Grants
	// Consenter finishes a flow that came back.
	Consenter redeem.Consenter
	// CredentialsFor gives an app's credentials. The error is grant.ErrNoCredentials if
	// the app's owner must act; any other is a failure of ours.
	CredentialsFor func(context.Context, grant.App) (xapi.Credentials, error)
	// Keyring makes and checks capabilities, states and verifiers.
	Keyring *seal.Keyring
	// Observer counts answers; nil counts nothing.
	Observer Observer
	// Log takes outcomes and failures. Default: it discards them.
	Log logr.Logger
}

// New makes the door's handler. It fails if an option is missing or wrong.
func New(options Options) (http.Handler, error) {
	if err := options.check(); err != nil {
		return nil, fmt.Errorf("the consent door can't be made: %w", err)
	}
	endpoint, err := url.Parse(options.AuthorizeEndpoint)
	if err != nil || endpoint.Host == "" {
		return nil, errors.New("the consent door can't be made: the authorize endpoint must be an absolute URL")
	}
	if options.Observer == nil {
		options.Observer = nobody{}
	}
	d := &door{Options: options, xOrigin: endpoint.Scheme + "://" + endpoint.Host, xHost: endpoint.Hostname()}
	return d.routes(), nil
}

func (o *Options) check() error {
	required := []struct {
		name    string
		missing bool
	}{
		{"Address", o.Address == seal.Address{}},
		{"AuthorizeURL", o.AuthorizeURL == nil},
		{"Cached", o.Cached == nil},
		{"Live", o.Live == nil},
		{"Grants", o.Grants == nil},
		{"Consenter", o.Consenter == nil},
		{"CredentialsFor", o.CredentialsFor == nil},
		{"Keyring", o.Keyring == nil},
	}
	for _, option := range required {
		if option.missing {
			return fmt.Errorf("the option %s is missing", option.name)
		}
	}
	return nil
}
