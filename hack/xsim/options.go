// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// options are the command line.
type options struct {
	listen string
	config xsim.Config
}

// parse reads the command line; the zero of every flag is the simulator's own
// default.
func parse(args []string, diagnostics io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("xsim", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` to serve on")
	flags.Func("app", "`id:secret:redirectURI` of an X app; repeatable, also for further redirect URIs of an app", o.addApp)
	flags.Func("account", "`handle` of an X account; repeatable", o.addAccount)
	flags.BoolVar(&o.config.Admin, "admin", false, "serve the admin API under /_sim/, which gives every secret away")
	flags.Uint64Var(&o.config.Seed, "seed", 0, "make tokens and the draws of faults repeatable; 0 is random")
	addLifetimes(flags, &o.config.Lifetimes)
	addPolicies(flags, &o.config.Policies)
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, errors.New("there are no arguments beside flags")
	}
	return o, o.config.Policies.Validate()
}

// addApp reads id:secret:redirectURI; the redirect URI has colons of its own.
func (o *options) addApp(value string) error {
	parts := strings.SplitN(value, ":", 3)
	if len(parts) != 3 {
		return errors.New("an app is id:secret:redirectURI")
	}
	for i := range o.config.Apps {
		if app := &o.config.Apps[i]; app.ClientID == parts[0] {
			app.RedirectURIs = append(app.RedirectURIs, parts[2])
			return nil
		}
	}
	app := xsim.App{ClientID: parts[0], ClientSecret: parts[1], RedirectURIs: parts[2:]}
	o.config.Apps = append(o.config.Apps, app)
	return nil
}

func (o *options) addAccount(value string) error {
	o.config.Accounts = append(o.config.Accounts, value)
	return nil
}

func addLifetimes(flags *flag.FlagSet, lifetimes *xsim.Lifetimes) {
	durationVar(flags, &lifetimes.Code, "code-lifetime", "lifetime of a code; 30s by default")
	durationVar(flags, &lifetimes.Access, "access-token-lifetime", "lifetime of an access token; 2h by default")
	durationVar(flags, &lifetimes.Refresh, "refresh-token-lifetime", "lifetime of refresh tokens from the login on; 4320h by default")
}

func addPolicies(flags *flag.FlagSet, p *xsim.Policies) {
	flags.StringVar((*string)(&p.Reuse), "reuse", "", "what a spent refresh token gets: kill (default), refuse, same or next")
	durationVar(flags, &p.Grace, "grace", "how long --reuse=same and next honour a spent token")
	flags.BoolVar(&p.KeepEarlierLogins, "keep-earlier-logins", false, "let refresh tokens of an account's earlier login live")
	flags.BoolVar(&p.RevokeWholeGrant, "revoke-whole-grant", false, "end the whole grant when one token is revoked")
	flags.BoolVar(&p.RevokeWholeAccount, "revoke-whole-account", false, "end all of the account's grants to the app when one token is revoked")
	flags.BoolVar(&p.RefreshEndsAccess, "refresh-ends-access", false, "end earlier access tokens at a refresh")
	flags.BoolVar(&p.OmitRefreshToken, "omit-refresh-token", false, "answer refreshes without a refresh token")
	flags.StringVar(&p.DeadTokenError, "dead-token-error", "", "error code of a dead token: invalid_request (default) or invalid_grant")
}

func durationVar(flags *flag.FlagSet, target *xsim.Duration, name, usage string) {
	flags.DurationVar((*time.Duration)(target), name, 0, usage)
}
