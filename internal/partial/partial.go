// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package partial tells objects that a cache keeps in part from whole ones. What others
// put on an object may be large, and a process can't hold it for all tenants; but whoever
// writes the object, or one of its lists, as a whole must not lose it.
package partial

import (
	"context"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// mark is the annotation of an object in part. No stored object can have it: it is no name
// that an annotation may have.
const mark = "/"

// Mark marks an object as one in part.
func Mark(object metav1.Object) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[mark] = ""
	object.SetAnnotations(annotations)
}

// Is tells whether an object is marked.
func Is(object metav1.Object) bool {
	_, marked := object.GetAnnotations()[mark]
	return marked
}

// Whole gives the object as it is stored: the cached one itself unless it is marked.
// Errors are the API server's, and a conflict if the object changed since it was cached.
func Whole[T client.Object](ctx context.Context, live client.Reader, cached T) (T, error) {
	if !Is(cached) {
		return cached, nil
	}
	whole := reflect.New(reflect.TypeOf(cached).Elem()).Interface().(T)
	if err := live.Get(ctx, client.ObjectKeyFromObject(cached), whole); err != nil {
		return cached, fmt.Errorf("reading the whole object: %w", err)
	}
	if whole.GetUID() != cached.GetUID() || whole.GetResourceVersion() != cached.GetResourceVersion() {
		return cached, apierrors.NewConflict(schema.GroupResource{}, cached.GetName(), fmt.Errorf("it changed since it was cached"))
	}
	return whole, nil
}
