// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !failpoints

package failpoint

// Hit marks a step.
func Hit(string) {}
