// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chaos is the crash suite: the operator's own binary, built with its
// failpoints, against the real control plane and the simulator of X, while people
// consent and publish, and it is killed, stopped, asked to end, and deprived of X
// and of the API server. What happens is a function of a seed; when it happens is
// up to the machine. At the end package judge decides by the simulator's books.
//
// Most connections have an X account of their own. A quarter are twins, two of which
// are on one account, as two agents of one brand are.
//
// A run is made of worlds: each has a namespace of its own for grants and for
// connections, a simulator with policies of its own, and one replica of the
// operator or two with leader election. They share the control plane, and so its
// outages.
package chaos
