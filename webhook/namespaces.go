// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import "slices"

// Serves tells whether objects of a namespace are an operator's that serves some; none
// stand for all. A cache of some namespaces gives an error for any other, so it is asked
// first.
func Serves(namespaces []string, namespace string) bool {
	return len(namespaces) == 0 || slices.Contains(namespaces, namespace)
}
