// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/agentconnect/x-operator/internal/partial"
)

// addFinalizer and dropFinalizer change an object, and patch it under the
// resourceVersion that it was read at. An object that is gone needs no drop. live reads an
// object whole that the cache has in part.

func addFinalizer(ctx context.Context, c client.Client, live client.Reader, object client.Object, finalizer string) error {
	if err := patchFinalizers(ctx, c, live, object, func(whole client.Object) { controllerutil.AddFinalizer(whole, finalizer) }); err != nil {
		return fmt.Errorf("adding the finalizer: %w", err)
	}
	return nil
}

func dropFinalizer(ctx context.Context, c client.Client, live client.Reader, object client.Object, finalizer string) error {
	err := patchFinalizers(ctx, c, live, object, func(whole client.Object) { controllerutil.RemoveFinalizer(whole, finalizer) })
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing the finalizer: %w", err)
	}
	return nil
}

func patchFinalizers(ctx context.Context, c client.Client, live client.Reader, object client.Object, change func(client.Object)) error {
	whole, err := partial.Whole(ctx, live, object)
	if err != nil {
		return err
	}
	before, ok := whole.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("copying a %T gives no object", whole)
	}
	change(whole)
	if err := c.Patch(ctx, whole, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return err
	}
	object.SetFinalizers(whole.GetFinalizers())
	object.SetResourceVersion(whole.GetResourceVersion())
	return nil
}
