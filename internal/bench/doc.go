// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bench measures what the operator costs: its release binary, the
// simulator of X, kube-apiserver and etcd run as processes of their own, so that
// the operating system's accounts of each are true. Requests are counted by the
// API server, calls by the simulator, passes by the operator's own metrics.
package bench
