// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// TestAdmits: an XApp says which namespaces may use it, which scopes may be asked for,
// and whether the account must be named. Only a person's change helps where it refuses.
func TestAdmits(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.XAppSpec, *v1alpha1.XConnectionSpec)
		// refused is what the problem says; empty if there is none.
		refused string
	}{
		"all in order": {change: func(*v1alpha1.XAppSpec, *v1alpha1.XConnectionSpec) {}},
		"no namespace is allowed": {
			func(app *v1alpha1.XAppSpec, _ *v1alpha1.XConnectionSpec) { app.AllowedNamespaces = nil },
			`the XApp "acme" does not allow the namespace "customer"`,
		},
		"another namespace is allowed": {
			func(app *v1alpha1.XAppSpec, _ *v1alpha1.XConnectionSpec) {
				app.AllowedNamespaces.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"x": "forbidden"}}
			},
			`the XApp "acme" does not allow the namespace "customer"`,
		},
		"a selector that can't be read": {
			func(app *v1alpha1.XAppSpec, _ *v1alpha1.XConnectionSpec) {
				app.AllowedNamespaces.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "x", Operator: "Like"}}}
			},
			"selector that can't be read",
		},
		"a scope too many": {
			func(_ *v1alpha1.XAppSpec, conn *v1alpha1.XConnectionSpec) {
				conn.Scopes = append(conn.Scopes, "dm.read")
			},
			`the XApp "acme" does not allow the scopes dm.read`,
		},
		"no account is named": {
			func(app *v1alpha1.XAppSpec, _ *v1alpha1.XConnectionSpec) { app.RequireUsername = true },
			`the XApp "acme" insists on spec.username`,
		},
		"the account is named": {change: func(app *v1alpha1.XAppSpec, conn *v1alpha1.XConnectionSpec) {
			app.RequireUsername, conn.Username = true, "jane_doe"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			xapp := &v1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: v1alpha1.XAppSpec{
				AllowedNamespaces: &v1alpha1.AllowedNamespaces{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"x": "allowed"}}},
				AllowedScopes:     []string{"tweet.read", "users.read"},
			}}
			conn := &v1alpha1.XConnection{
				ObjectMeta: metav1.ObjectMeta{Namespace: "customer"},
				Spec:       v1alpha1.XConnectionSpec{Scopes: []string{"tweet.read", "users.read"}},
			}
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"x": "allowed"}}}
			test.change(&xapp.Spec, &conn.Spec)
			problem := admits(xapp, conn, namespace)
			switch {
			case (problem != nil) != (test.refused != ""):
				t.Errorf("the problem is %+v, want %q", problem, test.refused)
			case problem != nil && (!strings.Contains(problem.message, test.refused) || !problem.stalled):
				t.Errorf("the problem is %+v, want a stalled one: %q", problem, test.refused)
			}
		})
	}
}

// TestDefaultXApp: a connection that names no XApp uses the one that is marked as the
// default; of several none is chosen, and a person is told of all.
func TestDefaultXApp(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		defaults []string
		found    string
		problem  string
		stalled  bool
	}{
		"none":    {problem: "no XApp is marked as the default one"},
		"one":     {defaults: []string{"acme"}, found: "acme"},
		"several": {defaults: []string{"globex", "acme"}, problem: "several XApps are marked as the default one (acme, globex)", stalled: true},
	} {
		t.Run(name, func(t *testing.T) {
			api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(&v1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{Name: "another"}})
			for _, name := range test.defaults {
				api.WithObjects(&v1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{
					Name: name, Annotations: map[string]string{v1alpha1.AnnotationDefaultApp: "true"},
				}})
			}
			xapp, problem, err := findXApp(t.Context(), api.Build(), "")
			if err != nil || (xapp != nil) != (test.found != "") || (problem != nil) != (test.problem != "") {
				t.Fatalf("found %v, problem %+v, error %v", xapp, problem, err)
			}
			if xapp != nil && xapp.Name != test.found {
				t.Errorf("found is %s, want %s", xapp.Name, test.found)
			}
			if problem != nil && (!strings.HasPrefix(problem.message, test.problem) || problem.stalled != test.stalled) {
				t.Errorf("the problem is %+v, want %q, stalled: %t", problem, test.problem, test.stalled)
			}
		})
	}
}
