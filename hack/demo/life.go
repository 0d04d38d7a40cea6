// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// The connections of the samples, and the Secret of the first.
const (
	sharedConnection = "social-manager"
	ownConnection    = "social-manager-own"
	tokenSecret      = sharedConnection + "-x-token"
)

// life is what happens to the connections once they are applied.
var life = []step{
	{"A person consents", consent},
	{"The agent's token is in a Secret", showToken},
	{"A refresh is asked for", refresh},
	{"A post, a thread and a reply, with kubectl", publish},
	{"An agent posts through the agents' door; another may not", useDoor},
	{"A scheduled task posts", runScheduled},
	{"X has each post once", countPosts},
	{"A person says no, and later yes", deny},
	{"A connection is deleted, and its tokens are revoked", deleteConnection},
	{"Events tell what happened", showEvents},
	{"The namespace is deleted, the other connection with it", deleteNamespace},
	{"The operator stops, and X's books are balanced", settle},
}

func consent(ctx context.Context, d *demo) error {
	end, err := d.browse(ctx, sharedConnection, xsim.Choice{Account: jane})
	if err != nil {
		return err
	}
	query := end.URL.Query()
	if query.Get("x_connected") != "true" || query.Get("x_username") != jane {
		return fmt.Errorf("the browser ends at %s, which does not say that @%s is connected", end.URL, jane)
	}
	if err := d.wait(ctx, "xconnection/"+sharedConnection, "condition=Ready"); err != nil {
		return err
	}
	if _, err := d.kubectl(ctx, "get", "xconnections"); err != nil {
		return err
	}
	_, err = d.kubectl(ctx, "get", "xconnections", sharedConnection, "-o", "wide")
	return err
}

// showToken shows the Secret as `kubectl describe` does: keys and sizes.
func showToken(ctx context.Context, d *demo) error {
	if _, err := d.kubectl(ctx, "describe", "secret", tokenSecret); err != nil {
		return err
	}
	token, err := d.accessToken(ctx)
	if err != nil {
		return err
	}
	if !d.x.knows(token) {
		return errors.New("the simulated X does not accept the access token in the Secret")
	}
	d.out.ok("X accepts the access token; the refresh token is nowhere in this namespace")
	return d.noRefreshToken(ctx)
}

func refresh(ctx context.Context, d *demo) error {
	before, err := d.accessToken(ctx)
	if err != nil {
		return err
	}
	const request = "please"
	_, err = d.kubectl(ctx, "annotate", "xconnection", sharedConnection, v1alpha1.AnnotationRefreshRequestedAt+"="+request)
	if err != nil {
		return err
	}
	err = d.wait(ctx, "xconnection/"+sharedConnection, "jsonpath={.status.lastHandledRefreshAt}="+request)
	if err != nil {
		return err
	}
	rotation, err := d.kubectl(ctx, "get", "xconnection", sharedConnection, "-o", "jsonpath={.status.rotation}")
	if err != nil {
		return err
	}
	if rotation != "2" {
		return fmt.Errorf("the rotation is %s, want 2: one consent and one refresh", rotation)
	}
	return d.checkRefreshed(ctx, before)
}

func (d *demo) checkRefreshed(ctx context.Context, before string) error {
	after, err := d.accessToken(ctx)
	if err != nil {
		return err
	}
	if after == before || !d.x.knows(after) {
		return errors.New("the Secret does not hold a new access token that X accepts")
	}
	if c := d.x.Counters(); c.Refreshes != 1 || c.Replays != 0 {
		return fmt.Errorf("the simulated X counts %d refreshes and %d replays, want 1 and 0", c.Refreshes, c.Replays)
	}
	d.out.ok("the Secret holds another access token now, which X accepts; the spent refresh token was used once")
	return nil
}

func deny(ctx context.Context, d *demo) error {
	if _, err := d.browse(ctx, ownConnection, xsim.Choice{Account: john, Deny: true}); err != nil {
		return err
	}
	if err := d.wait(ctx, "xconnection/"+ownConnection, readyFor(v1alpha1.ReasonAuthorizationDenied)); err != nil {
		return err
	}
	if _, err := d.kubectl(ctx, "get", "xconnection", ownConnection); err != nil {
		return err
	}
	_, err := d.kubectl(ctx, "get", "xconnection", ownConnection, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].message}`)
	if err != nil {
		return err
	}
	d.out.say("The same link is good for another try.")
	if _, err := d.browse(ctx, ownConnection, xsim.Choice{Account: john}); err != nil {
		return err
	}
	if err := d.wait(ctx, "xconnection/"+ownConnection, "condition=Ready"); err != nil {
		return err
	}
	_, err = d.kubectl(ctx, "get", "xconnections")
	return err
}

func deleteConnection(ctx context.Context, d *demo) error {
	token, err := d.accessToken(ctx)
	if err != nil {
		return err
	}
	if _, err := d.kubectl(ctx, "delete", "xconnection", sharedConnection); err != nil {
		return err
	}
	if err := d.wait(ctx, "secret/"+tokenSecret, "delete"); err != nil {
		return err
	}
	d.x.printCounters(d.out)
	switch {
	case d.x.Counters().Revocations == 0:
		return errors.New("the simulated X was asked to revoke nothing")
	case d.x.knows(token):
		return errors.New("the simulated X still accepts the access token")
	case d.x.refreshTokens(sharedApp.ClientID) > 0:
		return errors.New("a refresh token of the deleted connection is alive at X")
	}
	d.out.ok("X has revoked the refresh token and the access token, and the Secret is gone")
	return nil
}

func showEvents(ctx context.Context, d *demo) error {
	expected := map[string][]string{
		sharedConnection: {"ConsentRequired", "Connected", "Refreshed", "Revoked"},
		"hello":          {"Published"},
		ownConnection:    {"ConsentRequired", "AuthorizationDenied", "Connected"},
	}
	err := eventually(ctx, fmt.Sprintf("the events %v are there", expected), func(ctx context.Context) (bool, error) {
		return d.haveEvents(ctx, expected)
	})
	if err != nil {
		return err
	}
	_, err = d.kubectl(ctx, "events")
	return err
}

func deleteNamespace(ctx context.Context, d *demo) error {
	if _, err := d.kubectl(ctx, "delete", "namespace", tenantNamespace, "--timeout="+patience); err != nil {
		return err
	}
	d.x.printCounters(d.out)
	if d.x.refreshTokens(ownApp.ClientID) > 0 {
		return errors.New("a refresh token of the namespace's connection is alive at X")
	}
	d.out.ok("the tokens of its connection are revoked as well")
	return nil
}

func settle(_ context.Context, d *demo) error {
	for _, o := range d.processes() {
		d.out.command("kill", "-TERM", strconv.Itoa(o.cmd.Process.Pid), "  #", strings.TrimSuffix(filepath.Base(o.log), ".log"))
		if err := o.stop(); err != nil {
			return err
		}
		if o.exit != nil {
			return fmt.Errorf("the operator ended by itself: %w", o.exit)
		}
		d.out.ok("it exited 0")
		log, err := os.ReadFile(o.log)
		if err != nil {
			return err
		}
		if kinds := d.x.leaked(string(log)); len(kinds) > 0 {
			return fmt.Errorf("the operator's log %s holds secrets: %v", o.log, kinds)
		}
	}
	d.out.ok("their logs hold none of the %d secrets that X has seen: tokens, codes, states, verifiers", len(d.x.Secrets()))
	return d.checkBooks()
}

func (d *demo) checkBooks() error {
	c := d.x.Counters()
	if c.Replays != 0 || c.CodeReplays != 0 || c.Unauthorized != 0 {
		return fmt.Errorf("the simulated X counts %d replayed tokens, %d replayed codes and %d refusals, want none", c.Replays, c.CodeReplays, c.Unauthorized)
	}
	if alive := d.x.refreshTokens(sharedApp.ClientID) + d.x.refreshTokens(ownApp.ClientID); alive != 0 {
		return fmt.Errorf("%d refresh tokens are alive at X, want none", alive)
	}
	d.out.ok("no token or code was ever sent twice, and no refresh token is left alive")
	return nil
}
