// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// world is a cluster with the operator and X, and a tenant's namespace in it.
type world struct {
	*stage
	x      *xsim.Server
	grants string
	// api is X's address, and door that of the agents' door.
	api, door string
}

// newWorld starts X and the operator, which leaves alone what tests play. There can
// be one world in a process: controller-runtime wants unique names.
func newWorld(t *testing.T) *world {
	t.Helper()
	s := newStage(t)
	w := &world{stage: s, x: xsim.New(xsim.Config{}), grants: envtest.Namespace(t, s.cluster, nil), door: envtest.FreeAddress(t)}
	x := httptest.NewServer(w.x)
	t.Cleanup(x.Close)
	w.api = x.URL
	address := envtest.FreeAddress(t)
	w.x.RegisterApp(xsim.App{ClientID: "client", ClientSecret: "client-secret", RedirectURIs: []string{"http://" + address + "/oauth2/callback"}})
	w.creates(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "own-app", Labels: map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue}},
		StringData: map[string]string{v1alpha1.AppKeyClientID: "client", v1alpha1.AppKeyClientSecret: "client-secret"},
	})
	ctrl.SetLogger(zap.New(zap.WriteTo(t.Output())))
	w.operates(app.Options{
		CallbackBaseURL:         "http://" + address,
		CallbackBindAddress:     address,
		GrantNamespace:          w.grants,
		Namespaces:              []string{s.namespace},
		Components:              []app.Component{app.ComponentControllers, app.ComponentCallback, app.ComponentAgent},
		AgentBindAddress:        w.door,
		AgentAudience:           app.DefaultAgentAudience,
		MaxConcurrentReconciles: 4,
		MetricsBindAddress:      "0",
		HealthProbeBindAddress:  "0",
		Endpoints: xapi.Endpoints{
			AuthorizeURL: x.URL + xsim.PathAuthorize, TokenURL: x.URL + xsim.PathToken,
			RevokeURL: x.URL + xsim.PathRevoke, APIURL: x.URL,
		},
	})
	return w
}

// operates runs the operator until the test's end.
func (w *world) operates(options app.Options) {
	ctx, cancel := context.WithCancel(w.t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- app.Run(ctx, w.cluster.Config(), options) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			w.t.Errorf("the operator ended with an error: %v", err)
		}
	})
}

func (s *stage) creates(object client.Object) {
	s.t.Helper()
	if err := s.cluster.Client().Create(s.t.Context(), object); err != nil {
		s.t.Fatal(err)
	}
}

// editor makes somebody with the role xconnection-editor, as it is shipped, in the
// stage's namespace, and nothing else.
func (s *stage) editor() *person {
	s.t.Helper()
	if _, err := s.cluster.Kubectl(s.t.Context(), "apply", "-f", "../../config/rbac/xconnection-roles.yaml"); err != nil {
		s.t.Fatal(err)
	}
	name := "editor-of-" + s.namespace
	s.creates(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "editor"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "xconnection-editor"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	})
	config, err := s.cluster.ConfigFor(name)
	if err != nil {
		s.t.Fatal(err)
	}
	return personWith(s.t, s.cluster, config, s.namespace)
}

// connection makes an XConnection for the operator.
func (w *world) connection(name string) *v1alpha1.XConnection {
	w.t.Helper()
	conn := &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.XConnectionSpec{
			AuthMethod: v1alpha1.AuthOwn, AppSecretRef: &v1alpha1.SecretReference{Name: "own-app"},
		},
	}
	w.creates(conn)
	return conn
}

// consents is a browser in which somebody decides at X.
func (w *world) consents(choice xsim.Choice) func(link string) {
	if choice.Account != "" {
		w.x.RegisterAccount(choice.Account)
	}
	return func(link string) {
		page, err := xsim.Consent(w.t.Context(), nil, link, choice)
		if err != nil {
			w.t.Errorf("walking the consent: %v", err)
			return
		}
		w.t.Logf("the consent ended with %d: %s", page.Status, page.Body)
	}
}
