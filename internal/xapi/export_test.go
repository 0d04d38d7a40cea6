// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

// DefaultTransport lets tests run on the transport that is used by default.
var DefaultTransport = defaultTransport
