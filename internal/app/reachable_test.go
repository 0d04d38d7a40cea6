// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// closedTo is an API server that refuses to list some namespaces.
func closedTo(closed func(namespace string) bool) client.Client {
	return interceptor.NewClient(fake.NewClientBuilder().WithScheme(newScheme()).Build(), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if namespace := (&client.ListOptions{}).ApplyOptions(options).Namespace; closed(namespace) {
				return apierrors.NewForbidden(schema.GroupResource{}, "", nil)
			}
			return c.List(ctx, list, options...)
		},
	})
}

// One tenant's namespace that is gone, or whose RoleBinding is, keeps no other's from being
// served; the lease stays the same, and without any namespace there is nothing to do but to wait.
func TestClosedNamespacesAreLeftOut(t *testing.T) {
	for name, test := range map[string]struct{ closed, serves, leaves []string }{
		"all are open":   {serves: []string{"a", "b", "c"}},
		"one is closed":  {closed: []string{"b"}, serves: []string{"a", "c"}, leaves: []string{"b"}},
		"all are closed": {closed: []string{"a", "b", "c"}, serves: []string{"a", "b", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			closed := func(namespace string) bool { return slices.Contains(test.closed, namespace) }
			o := &operator{Options: Options{Namespaces: []string{"a", "b", "c"}}, live: closedTo(closed)}
			lease := o.leaseName()
			if err := o.leaveOut(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(o.Namespaces, test.serves) || !slices.Equal(o.closed, test.leaves) {
				t.Errorf("%q are served and %q left out, want %q and %q", o.Namespaces, o.closed, test.serves, test.leaves)
			}
			if now := o.leaseName(); now != lease {
				t.Errorf("the lease is %s, and %s without what was left out", lease, now)
			}
		})
	}
}

// A namespace that was left out and can be read again has the process start anew.
func TestANamespaceThatOpensIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Bool
		closed := func(namespace string) bool { return namespace == "a" || !open.Load() }
		ended := make(chan error, 1)
		go func() { ended <- knock(t.Context(), closedTo(closed), []string{"a", "b"}) }()
		time.Sleep(10 * knockEvery)
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("the process ends while all are closed: %v", err)
		default:
		}
		open.Store(true)
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "namespace b ") {
			t.Errorf("the error is %v", err)
		}
	})
}
