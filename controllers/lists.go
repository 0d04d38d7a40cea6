// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "slices"

// without gives a list less one value.
func without(list []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == value })
}
