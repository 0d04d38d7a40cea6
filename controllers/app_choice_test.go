// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
)

// storedApp is an XApp with its Secret, whose client id is the name of the Secret.
func storedApp(name, secretName string, change ...func(*v1alpha1.XApp)) []client.Object {
	xapp := &v1alpha1.XApp{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.XAppSpec{
			CredentialsSecretRef: v1alpha1.SecretReference{Name: secretName},
			AllowedNamespaces:    &v1alpha1.AllowedNamespaces{Selector: &metav1.LabelSelector{}},
			AllowedScopes:        []string{"tweet.read", "users.read", "offline.access"},
		},
	}
	for _, change := range change {
		change(xapp)
	}
	return []client.Object{xapp, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "x-operator-system", Name: secretName},
		Data: map[string][]byte{
			v1alpha1.AppKeyClientID: []byte(secretName), v1alpha1.AppKeyClientSecret: []byte("of " + secretName),
		},
	}}
}

func asDefault(xapp *v1alpha1.XApp) {
	metav1.SetMetaDataAnnotation(&xapp.ObjectMeta, v1alpha1.AnnotationDefaultApp, "true")
}

func allowsNobody(xapp *v1alpha1.XApp) { xapp.Spec.AllowedNamespaces = nil }

func appReader(t *testing.T, objects ...[]client.Object) *XConnectionReconciler {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, clientgoscheme.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "customer"}}
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(namespace).WithObjects(slices.Concat(objects...)...).Build()
	return &XConnectionReconciler{Client: api, Store: &grant.Store{Namespace: "x-operator-system"}, Gate: redeem.NewGate(func() time.Time { return someTime })}
}

// TestChoiceOfXApp: what spec names is used; without a name a connection stays with the app
// of its tokens as long as they live, whichever is the default one.
func TestChoiceOfXApp(t *testing.T) {
	for name, test := range choiceCases() {
		t.Run(name, func(t *testing.T) {
			s := connectedScope()
			if test.change != nil {
				test.change(s)
			}
			if err := appReader(t, test.apps...).readApp(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			said := ""
			if s.app.problem != nil {
				said = s.app.problem.message
			}
			if s.app.name != test.used || !strings.HasPrefix(said, test.problem) || (said == "") != (test.problem == "") {
				t.Errorf("the app is %q, the problem %q", s.app.name, said)
			}
			if wayOut := strings.HasSuffix(said, "to use another, name it in spec.appName, and consent again"); wayOut != test.wayOut {
				t.Errorf("a way out is told: %t, in %q", wayOut, said)
			}
			if changed := s.grant != nil && appChanged(s); changed != test.changed {
				t.Errorf("a new consent is wanted: %t", changed)
			}
		})
	}
}

type choiceCase struct {
	change func(*scope)
	apps   [][]client.Object
	used   string
	// problem is how what is told begins, if there is a problem.
	problem         string
	changed, wayOut bool
}

func choiceCases() map[string]choiceCase {
	acme := storedApp("acme", "client")
	return map[string]choiceCase{
		"the default one moved":   {apps: [][]client.Object{acme, storedApp("next", "other", asDefault)}, used: "acme"},
		"none is the default one": {apps: [][]client.Object{acme}, used: "acme"},
		"several are the default one": {
			apps: [][]client.Object{acme, storedApp("next", "other", asDefault), storedApp("third", "third", asDefault)}, used: "acme",
		},
		"it was renamed":                 {apps: [][]client.Object{storedApp("acme-2", "client"), storedApp("next", "other", asDefault)}, used: "acme-2"},
		"it was given another client id": {apps: [][]client.Object{storedApp("acme", "new"), storedApp("next", "other", asDefault)}, used: "next", changed: true},
		"another has its name":           {apps: [][]client.Object{storedApp("acme", "new"), storedApp("renamed", "client")}, used: "renamed"},
		"its credentials are missing": {
			apps: [][]client.Object{acme[:1], storedApp("next", "other", asDefault)},
			used: "acme", problem: `the XApp "acme" has no credentials`, wayOut: true,
		},
		"it is gone":         {apps: [][]client.Object{storedApp("next", "other", asDefault)}, used: "next", changed: true},
		"spec names another": {change: named("next"), apps: [][]client.Object{acme, storedApp("next", "other")}, used: "next", changed: true},
		"no account":         {change: func(s *scope) { s.grant.Tokens = nil }, apps: [][]client.Object{acme, storedApp("next", "other", asDefault)}, used: "next"},
		"no grant":           {change: func(s *scope) { s.grant = nil }, apps: [][]client.Object{acme, storedApp("next", "other", asDefault)}, used: "next"},
		"dead tokens": {
			change: func(s *scope) { s.grant.Journal.Verdict = &grant.Verdict{} },
			apps:   [][]client.Object{acme, storedApp("next", "other", asDefault)}, used: "next", changed: true,
		},
		"tokens of an Own app": {
			change: func(s *scope) { s.grant.Tokens.App = grant.App{ClientID: "mine"} },
			apps:   [][]client.Object{acme, storedApp("next", "other", asDefault)}, used: "next", changed: true,
		},
		"it lets the namespace in no more": {
			apps: [][]client.Object{storedApp("acme", "client", allowsNobody), storedApp("next", "other", asDefault)},
			used: "acme", problem: `the XApp "acme" does not allow the namespace`, wayOut: true,
		},
		"the default one lets the namespace in no more": {
			apps: [][]client.Object{storedApp("acme", "client", allowsNobody, asDefault)},
			used: "acme", problem: `the XApp "acme" does not allow the namespace`,
		},
	}
}

func named(app string) func(*scope) {
	return func(s *scope) { s.conn.Spec.AppName = app }
}

// TestFollowsIssuer: what a pass does to the tokens decides on the app of its next step.
func TestFollowsIssuer(t *testing.T) {
	r := appReader(t, storedApp("acme", "client"), storedApp("next", "other", asDefault))
	s := connectedScope()
	tokens := s.grant.Tokens
	follow := func(want string) {
		t.Helper()
		if err := r.followIssuer(t.Context(), s); err != nil || s.app.name != want {
			t.Errorf("the app is %q (%v), want %q", s.app.name, err, want)
		}
	}
	follow("acme")
	s.grant.Tokens = nil
	follow("next")
	s.grant.Tokens = tokens
	follow("acme")
	s.app.name = "as it was read"
	follow("as it was read")
	s.grant.Journal.Verdict = &grant.Verdict{}
	follow("next")
}

// TestAppsOf: a connection is found by the XApp it uses, and if it names none, whatever
// becomes the default one.
func TestAppsOf(t *testing.T) {
	for name, test := range map[string]struct {
		auth         v1alpha1.AuthMethod
		named, shown string
		want         []string
	}{
		"named":            {named: "acme", shown: "before", want: []string{"acme"}},
		"not looked at":    {want: []string{""}},
		"looked at":        {shown: "acme", want: []string{"acme", ""}},
		"an app of my own": {auth: v1alpha1.AuthOwn, shown: "before"},
	} {
		conn := &v1alpha1.XConnection{
			Spec:   v1alpha1.XConnectionSpec{AuthMethod: test.auth, AppName: test.named},
			Status: v1alpha1.XConnectionStatus{AppName: test.shown},
		}
		if got := appsOf(conn); !slices.Equal(got, test.want) {
			t.Errorf("%s: indexed by %q, want %q", name, got, test.want)
		}
	}
}
