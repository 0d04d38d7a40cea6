// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// authenticationConfig leaves anonymous callers the health endpoints alone, which
// envtest polls without credentials.
const authenticationConfig = `apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /readyz
  - path: /healthz
`

// startAPIServer starts etcd and the API server.
func (c *ControlPlane) startAPIServer(options Options) error {
	logs, err := c.create("apiserver.log")
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }() // The processes have handles of their own.
	c.env = c.environment(logs)
	if err := c.configureAPIServer(options); err != nil {
		return err
	}
	if options.DurableEtcd {
		c.env.ControlPlane.Etcd.Configure().Set("unsafe-no-fsync", "false")
	}
	config, err := c.env.Start()
	if err != nil {
		return fmt.Errorf("starting etcd and kube-apiserver: %w\n%s", err, tailOf(logs.Name()))
	}
	c.config = unlimited(config)
	return nil
}

func (c *ControlPlane) installCRDs(root string) error {
	_, err := envtest.InstallCRDs(c.config, envtest.CRDInstallOptions{
		Paths:              []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfPathMissing: true,
	})
	if err != nil {
		return fmt.Errorf("installing the CRDs: %w", err)
	}
	return nil
}

func (c *ControlPlane) environment(logs *os.File) *envtest.Environment {
	// An existing cluster that the environment names is not ours to change.
	existing := false
	return &envtest.Environment{
		ControlPlane: envtest.ControlPlane{
			APIServer: &envtest.APIServer{CertDir: c.dir, Out: logs, Err: logs},
			Etcd:      &envtest.Etcd{DataDir: filepath.Join(c.dir, "etcd"), Out: logs, Err: logs},
		},
		UseExistingCluster:       &existing,
		BinaryAssetsDirectory:    c.assets,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
}

func (c *ControlPlane) configureAPIServer(options Options) error {
	path := filepath.Join(c.dir, "authentication.yaml")
	if err := os.WriteFile(path, []byte(authenticationConfig), 0o600); err != nil {
		return fmt.Errorf("configuring kube-apiserver: %w", err)
	}
	wrapped, err := c.wrapAPIServer()
	if err != nil {
		return err
	}
	c.env.ControlPlane.APIServer.Path = wrapped
	arguments := c.env.ControlPlane.APIServer.Configure()
	arguments.Set("authentication-config", path)
	arguments.Set("enable-admission-plugins", "OwnerReferencesPermissionEnforcement")
	// envtest turns the ServiceAccount plugin off, since pods need a service account
	// that only the controller manager makes.
	if options.ControllerManager {
		arguments.Disable("disable-admission-plugins")
	}
	return nil
}

// unlimited turns the client-side limit of requests off: the API server has its
// own fairness.
func unlimited(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.Burst = 0
	return config
}

func (c *ControlPlane) create(name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(c.dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // A name of our own.
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	return file, nil
}

// tailOf is the end of a log file, or why it can't be read.
func tailOf(path string) []byte {
	log, err := os.ReadFile(path) //nolint:gosec // A path of our own making.
	if err != nil {
		return []byte(err.Error())
	}
	return tail(log)
}
