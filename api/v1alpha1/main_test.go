// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"testing"

	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
)

func TestMain(m *testing.M) {
	os.Exit(envtest.Run(m, controlplane.Options{}))
}
