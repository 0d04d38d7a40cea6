// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test keeps the documentation true: links lead somewhere, YAML is
// taken by a real API server, commands exist, every reason and flag is explained,
// and a newcomer gets to a connected account by the commands of a page.
package docs_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// pluginFolder is where the plugin is built, once for all tests.
var pluginFolder string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	// The operator of the newcomer's cluster logs to nobody.
	ctrl.SetLogger(logr.Discard())
	folder, err := os.MkdirTemp("", "docs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the plugin:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	pluginFolder = folder
	// The controller manager aggregates ClusterRoles, and collects what is owned.
	return envtest.Run(m, controlplane.Options{ControllerManager: true})
}
