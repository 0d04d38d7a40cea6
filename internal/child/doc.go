// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package child runs programs as children of this one, for the control plane, the
// benchmark and the crash suite: it builds this module's own, starts them, ends them
// in good order by their handles and never by their names, and reads what they use
// of the machine.
package child
