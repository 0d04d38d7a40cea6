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
	c.env = c.environment()
	if err := c.configureEtcd(options); err != nil {
		return err
	}
	if err := c.configureAPIServer(options); err != nil {
		return err
	}
	etcdLog, err := c.openLog(etcd)
	if err != nil {
		return err
	}
	defer func() { _ = etcdLog.Close() }()
	log, err := c.openLog(apiServer)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	plane := &c.env.ControlPlane
	plane.Etcd.Out, plane.Etcd.Err, plane.APIServer.Out, plane.APIServer.Err = etcdLog, etcdLog, log, log
	config, err := c.env.Start()
	if err != nil {
		return fmt.Errorf("starting etcd and kube-apiserver: %w\n%s\n%s", err, c.tailOf(etcd), c.tailOf(apiServer))
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

func (c *ControlPlane) environment() *envtest.Environment {
	// An existing cluster that the environment names is not ours to change.
	existing := false
	return &envtest.Environment{
		ControlPlane: envtest.ControlPlane{
			APIServer: &envtest.APIServer{CertDir: c.dir},
			Etcd:      &envtest.Etcd{DataDir: filepath.Join(c.dir, "data")},
		},
		UseExistingCluster:       &existing,
		BinaryAssetsDirectory:    c.assets,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
}

func (c *ControlPlane) configureEtcd(options Options) error {
	server := c.env.ControlPlane.Etcd
	if options.DurableEtcd {
		server.Configure().Set("unsafe-no-fsync", "false")
	}
	var err error
	server.Path, err = c.wrap(etcd)
	return err
}

func (c *ControlPlane) configureAPIServer(options Options) error {
	path := filepath.Join(c.dir, "authentication.yaml")
	if err := os.WriteFile(path, []byte(authenticationConfig), 0o600); err != nil {
		return fmt.Errorf("configuring kube-apiserver: %w", err)
	}
	server := c.env.ControlPlane.APIServer
	var err error
	if server.Path, err = c.wrap(apiServer); err != nil {
		return err
	}
	arguments := server.Configure()
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
