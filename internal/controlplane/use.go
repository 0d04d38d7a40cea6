// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"os/exec"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CreateNamespace makes a namespace with a unique name that begins with the
// prefix, and returns its name.
func (c *ControlPlane) CreateNamespace(ctx context.Context, prefix string, labels map[string]string) (string, error) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-", Labels: labels}}
	if err := c.client.Create(ctx, namespace); err != nil {
		return "", fmt.Errorf("making a namespace %s-...: %w", prefix, err)
	}
	return namespace.Name, nil
}

// Kubectl runs kubectl as the administrator and returns what it prints. An error
// holds its output as well.
func (c *ControlPlane) Kubectl(ctx context.Context, arguments ...string) (string, error) {
	arguments = append([]string{"--kubeconfig", c.kubeconfig}, arguments...)
	output, err := exec.CommandContext(ctx, c.Binary("kubectl"), arguments...).CombinedOutput() //nolint:gosec // One of the control plane's binaries.
	if err != nil {
		return "", fmt.Errorf("kubectl %q: %w\n%s", arguments[2:], err, output)
	}
	return string(output), nil
}
