// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

func TestAsked(t *testing.T) {
	const annotation = v1alpha1.AnnotationReconnectRequestedAt
	short := strings.Repeat("<", longestRequest)
	for name, test := range map[string]struct{ value, want string }{
		"nothing":       {"", ""},
		"a time":        {"2026-11-24T17:00:00Z", "2026-11-24T17:00:00Z"},
		"the longest":   {short, short},
		"one too long":  {short + "<", "sha256:51348bd0f67bead798796263116b20124f25277249e11a5e931ca4cfea626583"},
		"another value": {short + ">", "sha256:a76b4608c10efec0f87dceda3d1ae2daedeefb33f3254e9b4736aebf6e7ee02f"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotation: test.value}}}
			if got := asked(conn, annotation); got != test.want {
				t.Errorf("%q becomes %q, want %q", test.value, got, test.want)
			}
		})
	}
}
