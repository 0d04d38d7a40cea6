// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import "github.com/go-logr/logr"

// bodies is the verbosity from which on Kubernetes' client logs requests and answers
// whole, to the logger of the pass that makes them: Secrets among them, in base64.
const bodies = 8

// discreet gives a logger that logs nothing from there on, whatever its level.
func discreet(logger logr.Logger) logr.Logger {
	return logger.WithSink(discreetSink{logger.GetSink()})
}

type discreetSink struct{ logr.LogSink }

// Enabled implements logr.LogSink.
func (s discreetSink) Enabled(level int) bool { return level < bodies && s.LogSink.Enabled(level) }

// WithValues implements logr.LogSink.
func (s discreetSink) WithValues(keysAndValues ...any) logr.LogSink {
	return discreetSink{s.LogSink.WithValues(keysAndValues...)}
}

// WithName implements logr.LogSink.
func (s discreetSink) WithName(name string) logr.LogSink {
	return discreetSink{s.LogSink.WithName(name)}
}

// WithCallDepth implements logr.CallDepthLogSink.
func (s discreetSink) WithCallDepth(depth int) logr.LogSink {
	if inner, ok := s.LogSink.(logr.CallDepthLogSink); ok {
		return discreetSink{inner.WithCallDepth(depth)}
	}
	return s
}
