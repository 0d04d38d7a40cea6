// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !failpoints

package redeem

// failpoint marks a step at which the crash suite may kill the process. In a
// release it is nothing.
func failpoint(string) {}
