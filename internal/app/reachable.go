// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// knockEvery is how often a namespace that was left out is tried again.
const knockEvery = 30 * time.Second

// leaveOut leaves out the named namespaces that this process may not read, since they are
// gone, or their RoleBinding is: caches would wait for them without end, and all other
// tenants with them. If all are closed, nothing is left out: the rights may be on their way.
func (o *operator) leaveOut(ctx context.Context, _ *rest.Config) error {
	var open, closed []string
	for _, namespace := range o.Namespaces {
		// Only a refusal is a no: whatever else goes wrong is for the caches to try again.
		if apierrors.IsForbidden(tryRead(ctx, o.live, namespace)) {
			closed = append(closed, namespace)
		} else {
			open = append(open, namespace)
		}
	}
	if len(open) > 0 {
		o.Namespaces, o.closed = open, closed
	}
	return nil
}

// tryRead reads a namespace as the caches will.
func tryRead(ctx context.Context, live client.Reader, namespace string) error {
	return live.List(ctx, &v1alpha1.XConnectionList{}, client.InNamespace(namespace), client.Limit(1))
}

// addKnocker ends the process once a namespace that was left out can be read: the next
// start takes it in.
func (o *operator) addKnocker(context.Context, *rest.Config) error {
	if len(o.closed) == 0 {
		return nil
	}
	for _, namespace := range o.closed {
		o.mgr.GetLogger().Error(nil, "A namespace is not served, since this process may not read it: give back its RoleBinding, or take it out of --namespaces",
			"namespace", namespace)
	}
	return o.mgr.Add(everywhere(func(ctx context.Context) error { return knock(ctx, o.live, o.closed) }))
}

// knock returns once a closed namespace can be read, with an error, or the context ends.
func knock(ctx context.Context, live client.Reader, closed []string) error {
	var opened string
	err := wait.PollUntilContextCancel(ctx, knockEvery, false, func(ctx context.Context) (bool, error) {
		i := slices.IndexFunc(closed, func(namespace string) bool { return tryRead(ctx, live, namespace) == nil })
		if i >= 0 {
			opened = closed[i]
		}
		return i >= 0, nil
	})
	if err != nil {
		return nil // The process ends for another reason.
	}
	return fmt.Errorf("the namespace %s can be read now: the operator starts anew to serve it", opened)
}
