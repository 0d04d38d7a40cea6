// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/sha256"
	"encoding/hex"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// longestRequest is the longest annotation, in bytes, that is kept as it is.
const longestRequest = 256

// asked is the value of an annotation that asks for something; empty for none. A long
// one is known by its digest: grants and statuses keep the value that they answered,
// and a tenant must not be able to fill a grant until a token finds no room in it.
func asked(object metav1.Object, annotation string) string {
	return Digested(object.GetAnnotations()[annotation])
}

// Digested gives a value of an annotation, or the digest of a long one; a digest is its
// own.
func Digested(value string) string {
	if len(value) <= longestRequest {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return "sha256:" + hex.EncodeToString(sum[:])
}
