// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// addFinalizer and dropFinalizer change an object, and patch it under the
// resourceVersion that it was read at. An object that is gone needs no drop.

func addFinalizer(ctx context.Context, c client.Client, object client.Object, finalizer string) error {
	if err := patchFinalizers(ctx, c, object, func() { controllerutil.AddFinalizer(object, finalizer) }); err != nil {
		return fmt.Errorf("adding the finalizer: %w", err)
	}
	return nil
}

func dropFinalizer(ctx context.Context, c client.Client, object client.Object, finalizer string) error {
	err := patchFinalizers(ctx, c, object, func() { controllerutil.RemoveFinalizer(object, finalizer) })
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing the finalizer: %w", err)
	}
	return nil
}

func patchFinalizers(ctx context.Context, c client.Client, object client.Object, change func()) error {
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("copying a %T gives no object", object)
	}
	change()
	return c.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}
