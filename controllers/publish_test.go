// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/internal/grant"
)

// A token Secret that others' finalizers keep is not deleted again and again: the
// status says what keeps it, and it is tried at the pace of the retries.
func TestTokenKeptByFinalizers(t *testing.T) {
	const kept = `he token Secret "agent-x-token" is being deleted, but its finalizers keep it: whoever set example.com/keep must remove them`
	for name, test := range map[string]struct {
		change func(*scope)
		writes []string
		says   string
	}{
		"immutable": {
			func(s *scope) { s.token.Immutable = ptr.To(true); s.grant.Rotation++ },
			[]string{"delete", "create"}, "Agents do not find the token: t" + kept,
		},
		"given up": {
			func(s *scope) { disconnect(s); s.grant.Tokens = nil },
			[]string{"delete"}, "No account is connected, and no tokens are kept. T" + kept,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := connectedScope()
			s.token.Finalizers = []string{"example.com/keep"}
			test.change(s)
			var writes []string
			r := keeping(s.token, &writes)
			for range 2 {
				r.pass(t, s)
			}
			if again := s.publishing.at.Sub(s.now); again < retryFirst/2 || again > retryFirst {
				t.Errorf("it is tried again in %s", again)
			}
			if got := judge(s).message; !slices.Equal(writes, test.writes) || got != test.says {
				t.Errorf("after %q the status says %q, want %q and %q", writes, got, test.writes, test.says)
			}
		})
	}
}

// keeping is a reconciler of a cluster in which there is a Secret alone, and that lists
// what is written.
func keeping(token *corev1.Secret, writes *[]string) *XConnectionReconciler {
	c := fake.NewClientBuilder().WithObjects(token).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.CreateOption) error {
			*writes = append(*writes, "create")
			return c.Create(ctx, object, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
			*writes = append(*writes, "delete")
			return c.Delete(ctx, object, opts...)
		},
	}).Build()
	return &XConnectionReconciler{
		Client: c, Live: c, Store: &grant.Store{Client: c, Live: c, Namespace: "operator"},
		Now: func() time.Time { return someTime },
	}
}

// pass reads the token Secret and acts until there is something to wait for.
func (r *XConnectionReconciler) pass(t *testing.T, s *scope) {
	t.Helper()
	s.token = &corev1.Secret{}
	if err := r.Get(t.Context(), tokenKey(s.conn), s.token); err != nil {
		t.Fatal(err)
	}
	for range maxSteps {
		d := plan(s)
		if d.isWait() {
			return
		}
		if err := r.act(t.Context(), s, d); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("the pass does not come to an end")
}
