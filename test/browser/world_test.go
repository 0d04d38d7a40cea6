// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package browser walks people through the consent pages in headless Chromium,
// with scripts off. The operator runs with its own wiring on a real control plane,
// under the shipped roles, behind a proxy that ends TLS as an Ingress does; X is
// the simulator. The operator, X and the product that connects an account are
// three sites under three names, so that what a browser does across sites
// (cookies, Origin, framing) is what it does in earnest. Nothing leaves the
// machine.
//
// Every page that a test comes to is also held to what all pages must be: see
// page_test.go.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/manifests"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// The three sites. The browser is told that they are on this machine.
const (
	doorHost    = "connect.operator.test"
	xHost       = "x.simulator.test"
	productHost = "app.product.test"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

// world is what all tests share.
type world struct {
	plane *controlplane.ControlPlane
	x     *xsim.Server
	// xAPI is where the operator, and no browser, meets X.
	xAPI *httptest.Server
	// late is how far the operator's clock is ahead of the wall's.
	late atomic.Int64
	// sites serves the three sites over TLS; door is where the operator listens.
	sites *httptest.Server
	door  string
	// chromium is the browser's path, and browsers the context that starts it.
	chromium string
	browsers context.Context
}

var shared *world

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	chromium, err := findChromium()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		// Elsewhere, each test says that it is skipped, and why.
		if os.Getenv("CI") != "" {
			return 1
		}
		return m.Run()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	plane, err := controlplane.Start(ctx, controlplane.Options{ControllerManager: true, Progress: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = plane.Stop() }()
	shared = &world{plane: plane, x: xsim.New(xsim.Config{}), chromium: chromium}
	ended, err := shared.start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shared.xAPI.Close()
	defer shared.sites.Close()
	code := m.Run()
	cancel()
	if err := ended(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "the operator ended with an error:", err)
		return 1
	}
	return code
}

// start starts the sites, the operator and the browser.
func (w *world) start(ctx context.Context) (ended func() error, err error) {
	ctrl.SetLogger(logr.Discard())
	if w.door, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	w.serveSites()
	accounts, err := manifests.Install(ctx, w.plane)
	if err != nil {
		return nil, err
	}
	if err := w.offerApp(ctx); err != nil {
		return nil, err
	}
	ended = w.startOperator(ctx, accounts)
	w.browsers = startBrowsers(ctx, w.chromium, w.sites.Listener.Addr().String())
	return ended, w.awaitDoor(ctx)
}

// serveSites puts a proxy that ends TLS before the operator, and X and the product
// beside it.
func (w *world) serveSites() {
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: w.door})
		r.Out.Host = r.In.Host
	}}
	w.xAPI = httptest.NewServer(w.x)
	sites := map[string]http.Handler{doorHost: proxy, xHost: w.x, productHost: http.HandlerFunc(product)}
	w.sites = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if site := sites[r.Host]; site != nil {
			site.ServeHTTP(rw, r)
			return
		}
		http.NotFound(rw, r)
	}))
}

// offerApp makes the XApp "acme", which every namespace with a label may use.
func (w *world) offerApp(ctx context.Context) error {
	w.x.RegisterApp(xsim.App{ //nolint:gosec // The secret is made up.
		ClientID: "acme-client", Name: "Acme", ClientSecret: "acme-client-secret",
		RedirectURIs: []string{"https://" + doorHost + "/oauth2/callback"},
	})
	return errors.Join(
		w.plane.Client().Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: manifests.Namespace, Name: "acme-x-app"},
			StringData: map[string]string{
				v1alpha1.AppKeyClientID: "acme-client", v1alpha1.AppKeyClientSecret: "acme-client-secret",
			},
		}),
		w.plane.Client().Create(ctx, &v1alpha1.XApp{
			ObjectMeta: metav1.ObjectMeta{Name: "acme", Annotations: map[string]string{v1alpha1.AnnotationDefaultApp: "true"}},
			Spec: v1alpha1.XAppSpec{
				CredentialsSecretRef: v1alpha1.SecretReference{Name: "acme-x-app"},
				AllowedNamespaces: &v1alpha1.AllowedNamespaces{
					Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"x": "allowed"}},
				},
			},
		}),
	)
}

// startOperator runs controllers and callback apart, each as its own service
// account, as config/default does.
func (w *world) startOperator(ctx context.Context, accounts *manifests.Accounts) (ended func() error) {
	stopped := make(chan error)
	start := func(config *rest.Config, component app.Component) {
		stopped <- app.Run(ctx, config, w.options(component))
	}
	go start(accounts.Controllers.Config, app.ComponentControllers)
	go start(accounts.Callback.Config, app.ComponentCallback)
	return func() error { return errors.Join(<-stopped, <-stopped) }
}

// options let browsers meet X under its name, and the operator on loopback.
func (w *world) options(component app.Component) app.Options {
	return app.Options{
		CallbackBaseURL:     "https://" + doorHost,
		CallbackBindAddress: w.door,
		GrantNamespace:      manifests.Namespace,
		Endpoints: xapi.Endpoints{
			AuthorizeURL: "https://" + xHost + xsim.PathAuthorize,
			TokenURL:     w.xAPI.URL + xsim.PathToken,
			RevokeURL:    w.xAPI.URL + xsim.PathRevoke,
			APIURL:       w.xAPI.URL,
		},
		Components:              []app.Component{component},
		MaxConcurrentReconciles: 4,
		MetricsBindAddress:      "0",
		HealthProbeBindAddress:  "0",
		Now:                     func() time.Time { return time.Now().Add(time.Duration(w.late.Load())) },
	}
}

// pass makes time pass for the operator and for X.
func (w *world) pass(d time.Duration) {
	w.late.Add(int64(d))
	w.x.Advance(d)
}

func (w *world) awaitDoor(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.door+"/healthz", nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // It does not listen yet.
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
