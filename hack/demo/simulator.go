// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// The X apps of the story: one that namespaces share, one that customer-a owns.
var (
	sharedApp = xsim.App{ClientID: "acme-client", Name: "Acme", ClientSecret: rand.Text()}
	ownApp    = xsim.App{ClientID: "customer-a-client", Name: "Customer A", ClientSecret: rand.Text()}
)

// The accounts of the story. jane_doe is the one that the sample pins.
const (
	jane = "jane_doe"
	john = "john_roe"
)

// simulator is X, on this machine.
type simulator struct {
	*xsim.Server
	url    string
	server *http.Server
	ended  chan error
}

// startSimulator serves X on loopback, with apps that accept one callback URI.
func startSimulator(ctx context.Context, port uint, callbackURI string) (*simulator, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", loopback(port))
	if err != nil {
		return nil, fmt.Errorf("starting the simulator of X: %w", err)
	}
	shared, own := sharedApp, ownApp
	shared.RedirectURIs, own.RedirectURIs = []string{callbackURI}, []string{callbackURI}
	x := &simulator{
		Server: xsim.New(xsim.Config{Apps: []xsim.App{shared, own}, Accounts: []string{jane, john}, Admin: true}),
		url:    "http://" + listener.Addr().String(),
		ended:  make(chan error, 1),
	}
	x.server = &http.Server{Handler: x.Server, ReadHeaderTimeout: 10 * time.Second}
	go func() { x.ended <- x.server.Serve(listener) }()
	return x, nil
}

func (x *simulator) stop() error {
	if err := x.server.Close(); err != nil {
		return fmt.Errorf("stopping the simulator of X: %w", err)
	}
	if err := <-x.ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the simulator of X ended: %w", err)
	}
	return nil
}

// refreshTokens counts the refresh tokens of an app that can be used now.
func (x *simulator) refreshTokens(clientID string) int {
	count := 0
	for _, token := range x.Books().Tokens {
		if token.ClientID == clientID && token.Kind == xsim.KindRefresh && token.Alive {
			count++
		}
	}
	return count
}

// knows tells whether a token is an access token that X would accept now.
func (x *simulator) knows(token string) bool {
	for _, record := range x.Books().Tokens {
		if record.Kind == xsim.KindAccess && record.Alive && record.Hash == xsim.Hash(token) {
			return true
		}
	}
	return false
}

// leaked names the kinds of secrets that occur in a text.
func (x *simulator) leaked(text string) []string {
	var kinds []string
	for _, secret := range x.Secrets() {
		if strings.Contains(text, secret.Value) {
			kinds = append(kinds, secret.Kind)
		}
	}
	return kinds
}

// printCounters shows the counters that this story is about.
func (x *simulator) printCounters(out *printer) {
	c := x.Counters()
	out.say("X has counted: approvals %d, denials %d, code exchanges %d, refreshes %d, replays of a spent token %d, revocations %d.",
		c.Approvals, c.Denials, c.Exchanges, c.Refreshes, c.Replays, c.Revocations)
}

// loopback is a listening address; port 0 is any free one.
func loopback(port uint) string { return fmt.Sprintf("127.0.0.1:%d", port) }
