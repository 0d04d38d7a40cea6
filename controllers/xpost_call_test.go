// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// A retry that an author asks for lifts the limit of an app that is the namespace's
// own; that of an app that tenants share stands, for all of them.
func TestRetryAndLimits(t *testing.T) {
	for name, test := range map[string]struct {
		xapp string
		err  xapi.Kind
		want pace.Hold
	}{
		"the account's limit":         {"acme", xapi.KindRateLimited, pace.HoldNone},
		"the cap of a shared app":     {"acme", xapi.KindUsageCap, pace.HoldCapped},
		"the cap of an app of my own": {"", xapi.KindUsageCap, pace.HoldNone},
	} {
		t.Run(name, func(t *testing.T) {
			now := func() time.Time { return someTime }
			r := &XPostReconciler{Pacer: pace.New(now), Now: now}
			conn := connectedScope()
			conn.grant.Tokens.App = grant.App{ClientID: "client", XApp: test.xapp}
			s := readyPostScope()
			s.pub = publisherOf(readyConnection(conn), conn.grant, someTime)
			r.Pacer.Report(s.call(xapi.EndpointCreatePost), xapi.Limits{}, &xapi.Error{Kind: test.err})
			if r.reserve(s, xapi.EndpointCreatePost) {
				t.Fatal("X is called although a limit lasts")
			}
			s.post.Annotations = map[string]string{v1alpha1.AnnotationRetryRequestedAt: "now"}
			if free := r.reserve(s, xapi.EndpointCreatePost); free != (test.want == pace.HoldNone) || s.hold != test.want {
				t.Errorf("with a retry requested it may go: %t, held by %q, want %q", free, s.hold, test.want)
			}
		})
	}
}

// readyConnection is the scope's connection once its status says that it is ready.
func readyConnection(s *scope) *v1alpha1.XConnection {
	s.conn.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
	return s.conn
}
