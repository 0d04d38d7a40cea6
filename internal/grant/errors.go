// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

var (
	// ErrNotFound means that there is no such grant.
	ErrNotFound = errors.New("the grant does not exist")
	// ErrConflict means that the grant changed since it was read. A client that
	// retries by itself can turn a write that was applied into this: where it
	// matters, read again and compare what is stored.
	ErrConflict = errors.New("the grant was changed by another writer")
	// ErrAmbiguous means that nobody knows whether the write was applied: no answer,
	// or one that says nothing. Read again and compare what is stored.
	ErrAmbiguous = errors.New("whether the grant was written is not known")
	// ErrUnreadable means that what is stored is no grant that this version can decode.
	// An administrator must act.
	ErrUnreadable = errors.New("the grant can't be read")
	// ErrRefused means that the API server refused the write: it was not applied.
	// An administrator must act: permissions, quota or admission.
	ErrRefused = errors.New("the API server refuses to write the grant")
)

// classify turns an error of the API into one of the above, which it wraps
// together with the original.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case apierrors.IsConflict(err):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err),
		apierrors.IsUnauthorized(err), apierrors.IsMethodNotSupported(err),
		apierrors.IsRequestEntityTooLargeError(err), apierrors.IsTooManyRequests(err):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		return fmt.Errorf("%w: %w", ErrAmbiguous, err)
	}
}
