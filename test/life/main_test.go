// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package life walks the whole life of connections on a real control plane with
// garbage collection, against the simulator of X, with the operator's own wiring.
// All tests share one operator and one simulator; namespaces, apps and accounts
// keep them apart.
package life

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"go.uber.org/zap/zapcore"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/manifests"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	operatorNamespace = manifests.Namespace
	sharedApp         = "acme"
)

// world is what the tests share.
type world struct {
	plane *controlplane.ControlPlane
	// accounts are the operator's service accounts, under the shipped roles.
	accounts *manifests.Accounts

	x    *xsim.Server
	xURL string
	// base is the operator's callback base URL.
	base string
	// doors are the addresses of the replicas of the agents' door.
	doors []string
	// metrics are the addresses where each component shows its metrics, and scrapes is
	// all that they showed.
	metrics map[app.Component]string
	scrapes *lockedBuffer
	// logs is everything that the operator logged, at every verbosity.
	logs *lockedBuffer
	// pages is every page of the consent door that a browser ended on.
	pages *lockedBuffer
}

var shared *world

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	plane, err := controlplane.Start(ctx, controlplane.Options{ControllerManager: true, Progress: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = plane.Stop() }()
	shared, err = newWorld(ctx, plane)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ended := shared.startOperator(ctx)
	for _, address := range []string{shared.base, "http://" + shared.doors[0], "http://" + shared.doors[1]} {
		if err := awaitServer(ctx, address); err != nil {
			fmt.Fprintln(os.Stderr, "waiting for a door to open:", err)
			return 1
		}
	}
	code := m.Run()
	if err := shared.checkLeaks(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "something secret shows:", err)
		code = 1
	}
	if err := shared.checkRights(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "too many rights:", err)
		code = 1
	}
	cancel()
	if err := ended(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "the operator ended with an error:", err)
		return 1
	}
	return code
}

func newWorld(ctx context.Context, plane *controlplane.ControlPlane) (*world, error) {
	w := &world{
		plane: plane, logs: &lockedBuffer{}, pages: &lockedBuffer{}, scrapes: &lockedBuffer{},
		metrics: map[app.Component]string{}, x: xsim.New(xsim.Config{}),
	}
	w.xURL = httptest.NewServer(w.x).URL
	port, err := child.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	w.base = "http://127.0.0.1:" + port
	for range 2 {
		port, err := child.FreePort(ctx)
		if err != nil {
			return nil, err
		}
		w.doors = append(w.doors, "127.0.0.1:"+port)
	}
	for _, component := range []app.Component{app.ComponentControllers, app.ComponentCallback, app.ComponentAgent} {
		port, err := child.FreePort(ctx)
		if err != nil {
			return nil, err
		}
		w.metrics[component] = "127.0.0.1:" + port
	}
	ctrl.SetLogger(zap.New(zap.WriteTo(w.logs), zap.Level(zapcore.Level(-10)), zap.JSONEncoder()))
	w.x.RegisterApp(w.xapp("shared-client"))
	if w.accounts, err = manifests.Install(ctx, plane); err != nil {
		return nil, err
	}
	return w, errors.Join(
		plane.Client().Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "acme-x-app"},
			Data:       credentials("shared-client"),
		}),
		plane.Client().Create(ctx, &v1alpha1.XApp{
			ObjectMeta: metav1.ObjectMeta{Name: sharedApp, Annotations: map[string]string{v1alpha1.AnnotationDefaultApp: "true"}},
			Spec: v1alpha1.XAppSpec{
				CredentialsSecretRef: v1alpha1.SecretReference{Name: "acme-x-app"},
				AllowedNamespaces: &v1alpha1.AllowedNamespaces{
					Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"x": "allowed"}},
				},
			},
		}),
	)
}

// xapp is an X developer app whose secret is made from its id.
func (w *world) xapp(clientID string) xsim.App {
	return xsim.App{ClientID: clientID, ClientSecret: clientID + "-client-secret", RedirectURIs: []string{w.base + "/oauth2/callback"}}
}

func credentials(clientID string) map[string][]byte {
	return map[string][]byte{
		v1alpha1.AppKeyClientID:     []byte(clientID),
		v1alpha1.AppKeyClientSecret: []byte(clientID + "-client-secret\n"),
	}
}

func (w *world) options() app.Options {
	return app.Options{
		CallbackBaseURL:         w.base,
		CallbackBindAddress:     w.base[len("http://"):],
		GrantNamespace:          operatorNamespace,
		Endpoints:               endpoints(w.xURL),
		MaxConcurrentReconciles: 8,
		MetricsBindAddress:      "0",
		HealthProbeBindAddress:  "0",
		AgentAudience:           app.DefaultAgentAudience,
	}
}

func endpoints(base string) xapi.Endpoints {
	return xapi.Endpoints{
		AuthorizeURL: base + xsim.PathAuthorize,
		TokenURL:     base + xsim.PathToken,
		RevokeURL:    base + xsim.PathRevoke,
		APIURL:       base,
	}
}

// lockedBuffer collects logs of many goroutines.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String gives all that was logged so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
