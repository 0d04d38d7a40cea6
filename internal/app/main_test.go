// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"os"
	"testing"

	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// asOperator in the environment makes the test binary the operator: a signal is meant
// for a whole process, and controller-runtime takes each controller once in one.
const asOperator = "X_OPERATOR_TEST_AS_OPERATOR"

func TestMain(m *testing.M) {
	if os.Getenv(asOperator) == "" {
		os.Exit(envtest.Run(m, controlplane.Options{}))
	}
	if err := Main(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
