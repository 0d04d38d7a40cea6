// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"
	"testing"

	"github.com/agentconnect/x-operator/webhook"
)

// A door that was to be served over TLS never falls back to plain HTTP.
func TestNoCertificate(t *testing.T) {
	o := &operator{Options: Options{AgentTLSCertDir: t.TempDir()}}
	server := &webhook.Server{}
	err := o.certify(server)
	if err == nil || !strings.Contains(err.Error(), "reading the certificate of the agents' door") || server.Certificate != nil {
		t.Errorf("the error is %v", err)
	}
}
