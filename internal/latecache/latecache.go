// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package latecache is a client for tests whose cache lags behind what is written.
package latecache

import (
	"context"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// New gives a client whose reads show the Secrets that there were when show was last
// called; before that, none. builder gives fake clients with the indexes that are needed.
func New(t *testing.T, builder func() *fake.ClientBuilder) (late client.Client, show func()) {
	t.Helper()
	api := builder().Build()
	var cache atomic.Pointer[client.Client]
	keep := func(c client.Client) { cache.Store(&c) }
	keep(builder().Build())
	late = interceptor.NewClient(api, interceptor.Funcs{
		Get: func(ctx context.Context, _ client.WithWatch, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
			return (*cache.Load()).Get(ctx, key, into)
		},
		List: func(ctx context.Context, _ client.WithWatch, into client.ObjectList, opts ...client.ListOption) error {
			return (*cache.Load()).List(ctx, into, opts...)
		},
	})
	return late, func() {
		t.Helper()
		var all corev1.SecretList
		if err := api.List(t.Context(), &all); err != nil {
			t.Fatal(err)
		}
		keep(builder().WithLists(&all).Build())
	}
}
