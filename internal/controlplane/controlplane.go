// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts a real Kubernetes control plane on this machine,
// for tests, the demo and the benchmark: etcd, kube-apiserver and, if wanted,
// kube-controller-manager, with this project's CRDs installed. Everything listens
// on loopback and keeps its data in one temporary folder. There are no nodes: pods
// are objects that never run.
//
// The API server is as strict as a cluster's can be expected to be: RBAC, no
// anonymous access but to the health endpoints, and, beside the admission plugins
// that are on by default, OwnerReferencesPermissionEnforcement.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/child"
)

// startTimeout and stopTimeout bound one component each. They are generous, since
// a laptop or a CI runner may start several control planes at once.
const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
)

// Options say what to start; the zero value is etcd and the API server.
type Options struct {
	// ControllerManager starts kube-controller-manager as well, with those
	// controllers that need no nodes, so that garbage collection, the end of
	// namespaces, service accounts and aggregated roles are real.
	ControllerManager bool
	// DurableEtcd lets etcd wait for the disk as it does in production; a benchmark
	// wants that. Otherwise etcd skips fsync.
	DurableEtcd bool
	// Folder is where the folder with all data is made, such as one on a disk or in
	// memory; default: the system's place for temporary files.
	Folder string
	// Progress gets lines for people while binaries are being built, which takes
	// minutes the first time; nil means none.
	Progress io.Writer
}

// ControlPlane is a running control plane. Its methods may be called from several
// goroutines.
type ControlPlane struct {
	// dir holds certificates, kubeconfigs and logs; it goes with Stop.
	dir        string
	assets     string
	env        *envtest.Environment
	manager    *child.Process
	scheme     *runtime.Scheme
	config     *rest.Config
	client     client.Client
	kubeconfig string

	stopOnce sync.Once
	stopErr  error
}

// Start starts a control plane with the CRDs of config/crd/bases. The binaries
// come from KUBEBUILDER_ASSETS or, without it, from hack/controlplane/build.sh,
// which builds what is missing; the working directory must be inside the
// repository. The context bounds the start, not the control plane's life: call
// Stop at the end.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	assets, err := binaries(ctx, root, options.Progress)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(options.Folder, "x-operator-controlplane-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the control plane: %w", err)
	}
	c := &ControlPlane{dir: dir, assets: assets, scheme: newScheme()}
	if err := c.start(ctx, root, options); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(xv1alpha1.AddToScheme(scheme))
	return scheme
}

func (c *ControlPlane) start(ctx context.Context, root string, options Options) error {
	if err := c.startAPIServer(options); err != nil {
		return err
	}
	if err := c.installCRDs(root); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	// Last, since its garbage collector learns of CRDs that come later only by a
	// poll every 30 seconds.
	if options.ControllerManager {
		return c.startControllerManager(ctx)
	}
	return nil
}

// connect makes the administrator's client and kubeconfig.
func (c *ControlPlane) connect() error {
	var err error
	if c.client, err = client.New(c.config, client.Options{Scheme: c.scheme}); err != nil {
		return fmt.Errorf("making the administrator's client: %w", err)
	}
	c.kubeconfig, err = c.WriteKubeconfig(c.config)
	return err
}

// Stop ends every process that Start began, waits for them, and removes their
// data. The error tells of those that had ended by themselves. Later calls return
// what the first one did.
func (c *ControlPlane) Stop() error {
	c.stopOnce.Do(func() { c.stopErr = errors.Join(c.lost(), c.stop()) })
	return c.stopErr
}

func (c *ControlPlane) stop() error {
	var errs []error
	if c.manager != nil {
		errs = append(errs, c.manager.Stop(stopTimeout))
	}
	if c.env != nil {
		errs = append(errs, c.env.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

// Config is the administrator's, without a client-side limit of requests.
func (c *ControlPlane) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Client is the administrator's, and knows Scheme.
func (c *ControlPlane) Client() client.Client { return c.client }

// Scheme knows the built-in kinds and those of this project.
func (c *ControlPlane) Scheme() *runtime.Scheme { return c.scheme }

// Kubeconfig is the path of the administrator's kubeconfig file.
func (c *ControlPlane) Kubeconfig() string { return c.kubeconfig }

// Binary is the path of one of the control plane's binaries, such as "kubectl".
func (c *ControlPlane) Binary(name string) string { return filepath.Join(c.assets, name) }
