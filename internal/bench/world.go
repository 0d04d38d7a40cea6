// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// The apps of every world: that of its connections, and the one that people
// consent to meanwhile.
const (
	AppMain  = "main"
	AppOther = "other"
)

// home is the operator's own namespace.
const home = "x-operator-system"

// World is a control plane, a simulator of X, and what they know at the start:
// namespaces and two apps. There is no operator in it yet.
type World struct {
	Plane *controlplane.ControlPlane
	// X steers the simulator.
	X xsim.Remote
	// Home is the operator's namespace, Namespaces those of the connections.
	Home       string
	Namespaces []string
	// Folder holds binaries and logs.
	Folder string
	// Store reads and writes grants as the operator does, without a cache.
	Store *grant.Store

	sim      *child.Process
	callback string
}

// Setup says what a world is like.
type Setup struct {
	// Folder is an existing folder for binaries and logs.
	Folder string
	// Namespaces is how many there are for connections; at least 1.
	Namespaces int
	// Seed makes the simulator's tokens repeatable.
	Seed uint64
	// Plane is how the control plane is started.
	Plane controlplane.Options
}

// NewWorld starts a world; Close ends it.
func NewWorld(ctx context.Context, setup Setup) (*World, error) {
	w := &World{Folder: setup.Folder, Home: home}
	if err := w.start(ctx, setup); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) start(ctx context.Context, setup Setup) error {
	port, err := child.FreePort(ctx)
	if err != nil {
		return err
	}
	w.callback = "http://127.0.0.1:" + port
	if err := w.startX(ctx, setup.Seed); err != nil {
		return err
	}
	if w.Plane, err = controlplane.Start(ctx, setup.Plane); err != nil {
		return err
	}
	if err := w.furnish(ctx, setup.Namespaces); err != nil {
		return err
	}
	system := &corev1.Namespace{}
	if err := w.Plane.Client().Get(ctx, types.NamespacedName{Name: "kube-system"}, system); err != nil {
		return err
	}
	w.Store = &grant.Store{Client: w.Plane.Client(), Live: w.Plane.Client(), Namespace: w.Home, ClusterID: string(system.UID)}
	return nil
}

func (w *World) startX(ctx context.Context, seed uint64) error {
	binary, err := child.Build(ctx, w.Folder, child.Module+"/hack/xsim")
	if err != nil {
		return err
	}
	arguments := []string{
		"--admin", fmt.Sprint("--seed=", seed),
		// No token ends by itself: refreshes come by the interval alone.
		"--access-token-lifetime=24h",
	}
	for _, app := range []string{AppMain, AppOther} {
		arguments = append(arguments, fmt.Sprintf("--app=%s-client:%s-secret:%s/oauth2/callback", app, app, w.callback))
	}
	w.sim, w.X.URL, err = firstLine(filepath.Join(w.Folder, "xsim.log"), binary, arguments...)
	return err
}

// furnish makes the namespaces and the apps.
func (w *World) furnish(ctx context.Context, namespaces int) error {
	objects := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Home}}}
	for i := range max(namespaces, 1) {
		name := fmt.Sprintf("bench-%03d", i)
		w.Namespaces = append(w.Namespaces, name)
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	for _, app := range []string{AppMain, AppOther} {
		objects = append(objects,
			&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: w.Home, Name: app + "-x-app"},
				Data: map[string][]byte{
					v1alpha1.AppKeyClientID:     []byte(app + "-client"),
					v1alpha1.AppKeyClientSecret: []byte(app + "-secret"),
				},
			},
			&v1alpha1.XApp{
				ObjectMeta: metav1.ObjectMeta{Name: app},
				Spec: v1alpha1.XAppSpec{
					CredentialsSecretRef: v1alpha1.SecretReference{Name: app + "-x-app"},
					AllowedNamespaces:    &v1alpha1.AllowedNamespaces{},
				},
			})
	}
	for _, object := range objects {
		if err := w.Plane.Client().Create(ctx, object); err != nil {
			return fmt.Errorf("making %s: %w", object.GetName(), err)
		}
	}
	return nil
}

// Close ends all that the world started.
func (w *World) Close() error {
	var errs []error
	if w.sim != nil {
		errs = append(errs, w.sim.Stop(stopTimeout))
	}
	if w.Plane != nil {
		errs = append(errs, w.Plane.Stop())
	}
	return errors.Join(errs...)
}
