// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// TestHearConsent: whether X took the app's credentials at a consent, which another process
// finished, is taken up once, while it says something of the credentials of now.
func TestHearConsent(t *testing.T) {
	creds := xapi.Credentials{ClientID: "client", ClientSecret: secret.New("secret")}
	for name, test := range map[string]struct {
		change func(*scope, *grant.Outcome)
		want   redeem.Hold
	}{
		"news":                    {func(*scope, *grant.Outcome) {}, redeem.HoldRefused},
		"told before":             {func(s *scope, o *grant.Outcome) { s.before.Status.LastConsent = lastConsent(o) }, redeem.HoldNone},
		"of another secret":       {func(_ *scope, o *grant.Outcome) { o.RefusedSecret = "another" }, redeem.HoldNone},
		"of another app":          {func(s *scope, _ *grant.Outcome) { s.grant.Consent.App.ClientID = "another" }, redeem.HoldNone},
		"of an hour ago":          {func(_ *scope, o *grant.Outcome) { o.At = someTime.Add(-time.Hour) }, redeem.HoldNone},
		"nothing was refused":     {func(_ *scope, o *grant.Outcome) { o.RefusedSecret = "" }, redeem.HoldNone},
		"nobody came back so far": {func(s *scope, _ *grant.Outcome) { s.grant.Consent.Outcome = nil }, redeem.HoldNone},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := stuck(t, 1)
			r.Gate = redeem.NewGate(r.Now)
			r.Redeemer = redeem.New(redeem.Options{Gate: r.Gate, Now: r.Now})
			s := connectedScope()
			s.app.creds = creds
			s.before.Status.LastConsent = &v1alpha1.ConsentOutcome{Reason: "Connected", Time: metav1.Unix(1, 0)}
			s.grant.Consent.App = s.app.App
			failed := &grant.Outcome{Code: "token_exchange_failed", At: someTime, RefusedSecret: creds.ClientSecret.Hash()}
			s.grant.Consent.Outcome = failed
			test.change(s, failed)
			r.hearConsent(s)
			if got := r.Gate.Look(creds); got != test.want {
				t.Errorf("the gate says %q, want %q", got, test.want)
			}
			s.grant.Consent.Outcome = &grant.Outcome{Code: redeem.CodeConnected, At: someTime}
			r.hearConsent(s)
			if got := r.Gate.Look(creds); got != test.want {
				t.Errorf("after the end of a consent that X took long ago the gate says %q, want %q", got, test.want)
			}
			s.grant.Tokens.ConsentedAt = someTime
			s.grant.Consent.App = s.app.App
			r.hearConsent(s)
			if got := r.Gate.Look(creds); got != redeem.HoldNone {
				t.Errorf("after a consent that X took the gate says %q", got)
			}
		})
	}
}
