// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Remote steers a simulator in another process through its admin API. Its
// methods are those of Server.
type Remote struct {
	// URL is the simulator's address, without a trailing slash.
	URL string
	// Client is http.DefaultClient by default.
	Client *http.Client
}

// State returns how the simulator is set up, and its counters.
func (r Remote) State(ctx context.Context) (State, error) {
	return ask[State](ctx, r, http.MethodGet, adminState, nil)
}

// Books returns a copy of the books.
func (r Remote) Books(ctx context.Context) (Books, error) {
	return ask[Books](ctx, r, http.MethodGet, adminBooks, nil)
}

// Secrets returns every secret that was ever issued or presented.
func (r Remote) Secrets(ctx context.Context) ([]Secret, error) {
	return ask[[]Secret](ctx, r, http.MethodGet, adminSecrets, nil)
}

// Inject queues faults.
func (r Remote) Inject(ctx context.Context, faults ...Fault) error {
	for _, fault := range faults {
		if _, err := ask[Fault](ctx, r, http.MethodPost, adminFaults, fault); err != nil {
			return err
		}
	}
	return nil
}

// ClearFaults forgets every fault that is still to play.
func (r Remote) ClearFaults(ctx context.Context) error {
	return tell(ctx, r, http.MethodDelete, adminFaults, nil)
}

// Advance moves the clock and returns the new time.
func (r Remote) Advance(ctx context.Context, d time.Duration) (time.Time, error) {
	moved, err := ask[clockMove](ctx, r, http.MethodPost, adminClock, clockMove{Advance: Duration(d)})
	return moved.Now, err
}

// SetPolicies replaces the policies.
func (r Remote) SetPolicies(ctx context.Context, policies Policies) error {
	return tell(ctx, r, http.MethodPut, adminPolicies, policies)
}

// SetLifetimes replaces the lifetimes of what is issued from now on.
func (r Remote) SetLifetimes(ctx context.Context, lifetimes Lifetimes) error {
	return tell(ctx, r, http.MethodPut, adminLifetimes, lifetimes)
}

// SetLimit replaces the limit of an endpoint.
func (r Remote) SetLimit(ctx context.Context, endpoint Endpoint, limit Limit) error {
	return tell(ctx, r, http.MethodPut, adminLimits, limitChange{endpoint, limit})
}

// RegisterApp adds or replaces an app.
func (r Remote) RegisterApp(ctx context.Context, app App) error {
	return tell(ctx, r, http.MethodPost, adminApps, app)
}

// RegisterAccount adds an account.
func (r Remote) RegisterAccount(ctx context.Context, username string) (Account, error) {
	return ask[Account](ctx, r, http.MethodPost, adminAccounts, map[string]string{"username": username})
}

// RevokeByUser ends what the account has given the app. It fails if nothing was
// alive.
func (r Remote) RevokeByUser(ctx context.Context, username, clientID string) error {
	return tell(ctx, r, http.MethodPost, adminRevocations, userRevocation{Username: username, ClientID: clientID})
}

// LogIn gives an app tokens for an account, as if its person had consented.
func (r Remote) LogIn(ctx context.Context, username, clientID string, scopes []string) (Login, error) {
	return ask[Login](ctx, r, http.MethodPost, adminLogins, loginRequest{username, clientID, scopes})
}

// Publish has an account post by itself, without an app.
func (r Remote) Publish(ctx context.Context, username, text, replyTo, quotes string) (PostRecord, error) {
	return ask[PostRecord](ctx, r, http.MethodPost, adminPosts, publication{username, text, replyTo, quotes})
}

// SetBudget replaces an app's budget.
func (r Remote) SetBudget(ctx context.Context, clientID string, budget Budget) error {
	return tell(ctx, r, http.MethodPut, adminBudgets, budgetChange{clientID, budget})
}

func tell(ctx context.Context, r Remote, method, path string, in any) error {
	_, err := ask[Nothing](ctx, r, method, path, in)
	return err
}

func ask[Out any](ctx context.Context, r Remote, method, path string, in any) (out Out, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("simulator: %s %s: %w", method, path, err)
		}
	}()
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return out, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, r.URL+path, &body)
	if err != nil {
		return out, err
	}
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return out, err
	}
	defer func() { _ = response.Body.Close() }()
	return decode[Out](response)
}

func decode[Out any](response *http.Response) (out Out, err error) {
	if response.StatusCode == http.StatusOK {
		return out, json.NewDecoder(response.Body).Decode(&out)
	}
	var failure struct{ Error string }
	if err := json.NewDecoder(response.Body).Decode(&failure); err != nil {
		return out, fmt.Errorf("HTTP %d; does it serve the admin API?", response.StatusCode)
	}
	return out, fmt.Errorf("HTTP %d: %s", response.StatusCode, failure.Error)
}
