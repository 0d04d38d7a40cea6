// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package failpoint marks the steps at which the crash suite (internal/chaos)
// ends or stops the process. They exist only in a binary that is built with the
// tag failpoints: in a release Hit is empty, and nothing is left of it or of the
// names.
package failpoint
