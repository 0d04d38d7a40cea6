// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// TagFailpoints is the build tag of a binary that has failpoints.
const TagFailpoints = "failpoints"

// Build builds the operator into a folder, as `make build` does but for the tags,
// and gives the binary's path. The working directory must be inside the
// repository.
func Build(ctx context.Context, folder string, tags ...string) (string, error) {
	binary := filepath.Join(folder, "x-operator")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", strings.Join(tags, ","), "-o", binary, //nolint:gosec // Our own module.
		"github.com/agentconnect/x-operator")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the operator: %w\n%s", err, output)
	}
	return binary, nil
}
