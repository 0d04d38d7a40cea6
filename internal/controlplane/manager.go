// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/agentconnect/x-operator/internal/child"
)

// managed are the controllers that make sense without nodes.
var managed = []string{
	"clusterrole-aggregation-controller",
	"garbage-collector-controller",
	"namespace-controller",
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"validatingadmissionpolicy-status-controller",
}

// startControllerManager starts kube-controller-manager under the identity and
// roles that it has in a cluster, and waits until it works.
func (c *ControlPlane) startControllerManager(ctx context.Context) error {
	config, err := c.ConfigFor("system:kube-controller-manager")
	if err != nil {
		return err
	}
	kubeconfig, err := c.WriteKubeconfig(config)
	if err != nil {
		return err
	}
	rootCA := filepath.Join(c.dir, "root-ca.crt")
	if err := os.WriteFile(rootCA, config.CAData, 0o600); err != nil {
		return fmt.Errorf("configuring kube-controller-manager: %w", err)
	}
	logs, err := c.openLog(controllerManager)
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }()
	cmd := exec.Command(c.Binary(controllerManager), c.managerArguments(kubeconfig, rootCA)...) //nolint:gosec,noctx // It outlives the start's context.
	cmd.Stdout, cmd.Stderr = logs, logs
	c.manager, err = child.Start(cmd)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: unset KUBEBUILDER_ASSETS to have it built", err)
	}
	if err != nil {
		return err
	}
	if err := c.awaitControllerManager(ctx); err != nil {
		return fmt.Errorf("waiting for kube-controller-manager: %w\n%s", err, c.tailOf(controllerManager))
	}
	return nil
}

func (c *ControlPlane) managerArguments(kubeconfig, rootCA string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--controllers=" + strings.Join(managed, ","),
		"--use-service-account-credentials",
		// The key that envtest's API server signs and checks service account tokens with.
		"--service-account-private-key-file=" + filepath.Join(c.dir, "sa-signer.key"),
		"--root-ca-file=" + rootCA,
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		// It serves nothing that is wanted here.
		"--secure-port=0",
		// Its own default of 20 a second makes the end of a namespace take long.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	}
}

// awaitControllerManager waits for what a working one does first: the default
// namespace gets its service account and the cluster's certificate.
func (c *ControlPlane) awaitControllerManager(ctx context.Context) error {
	works := func(ctx context.Context) (bool, error) {
		if c.manager.Ended() {
			return false, errors.New("it ended")
		}
		account := types.NamespacedName{Namespace: "default", Name: "default"}
		rootCA := types.NamespacedName{Namespace: "default", Name: "kube-root-ca.crt"}
		err := errors.Join(
			c.client.Get(ctx, account, &corev1.ServiceAccount{}),
			c.client.Get(ctx, rootCA, &corev1.ConfigMap{}))
		return err == nil, nil
	}
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, startTimeout, true, works)
}
