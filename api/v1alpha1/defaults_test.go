// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
)

// defaulted is the spec that the API server would store, as JSON.
func defaulted(t *testing.T, object client.Object) string {
	t.Helper()
	if err := envtest.Cluster(t).Client().Create(t.Context(), object, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	fields, ok := object.(*unstructured.Unstructured)
	if !ok {
		t.Fatalf("%T is not unstructured", object)
	}
	spec, err := json.Marshal(fields.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	return string(spec)
}

func TestConnectionDefaults(t *testing.T) {
	const want = `{"authMethod":"Shared","refreshInterval":"90m","scopes":["tweet.read","tweet.write","users.read","offline.access"],"state":"Connected","suspend":false}`
	bare := connection(t)
	delete(bare.Object, "spec")
	for name, object := range map[string]*unstructured.Unstructured{"no spec": bare, "an empty spec": connection(t)} {
		if got := defaulted(t, object); got != want {
			t.Errorf("%s becomes\n%s, want\n%s", name, got, want)
		}
	}
}

// A client in Go that sets nothing gets the same as one that writes YAML.
func TestConnectionDefaultsForGoClients(t *testing.T) {
	cluster := envtest.Cluster(t)
	got := &xv1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Namespace: envtest.Namespace(t, cluster, nil), Name: "bare"}}
	if err := cluster.Client().Create(t.Context(), got, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	want := xv1alpha1.XConnectionSpec{
		AuthMethod:      xv1alpha1.AuthShared,
		Scopes:          []string{"tweet.read", "tweet.write", "users.read", "offline.access"},
		RefreshInterval: &metav1.Duration{Duration: xv1alpha1.DefaultRefreshInterval},
		State:           xv1alpha1.StateConnected,
	}
	if !reflect.DeepEqual(got.Spec, want) {
		t.Errorf("the spec is %+v, want %+v", got.Spec, want)
	}
}

// TestFewerScopesByApply: what a tool applies takes the place of the default. A set would
// be merged with it, as nobody owns a default, and nobody could take a scope away.
func TestFewerScopesByApply(t *testing.T) {
	c := envtest.Cluster(t).Client()
	shared := app()
	shared.SetName("narrowed")
	for field, object := range map[string]*unstructured.Unstructured{"scopes": connection(t), "allowedScopes": shared} {
		wanted := object.DeepCopy()
		apply := func() {
			t.Helper()
			err := c.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(wanted.DeepCopy()), client.FieldOwner("a-gitops-tool"))
			if err != nil {
				t.Fatal(err)
			}
		}
		apply()
		t.Cleanup(func() { _ = c.Delete(context.Background(), object) })
		if err := unstructured.SetNestedStringSlice(wanted.Object, []string{"tweet.read", "users.read"}, "spec", field); err != nil {
			t.Fatal(err)
		}
		apply()
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := unstructured.NestedStringSlice(object.Object, "spec", field); !slices.Equal(got, []string{"tweet.read", "users.read"}) {
			t.Errorf("spec.%s of the %s is %q after fewer were applied", field, object.GetKind(), got)
		}
	}
}

// TestUnseenIsInProgress: GitOps tools must not take what the operator never saw for
// ready.
func TestUnseenIsInProgress(t *testing.T) {
	c := envtest.Cluster(t).Client()
	for _, object := range []*unstructured.Unstructured{connection(t), app(), post(t)} {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Delete(context.Background(), object) })
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		result, err := status.Compute(object)
		if err != nil {
			t.Fatal(err)
		}
		if result.Status != status.InProgressStatus {
			t.Errorf("kstatus says of a new %s that it is %s: %s", object.GetKind(), result.Status, result.Message)
		}
	}
}

func TestAppDefaults(t *testing.T) {
	const want = `{"allowedScopes":["tweet.read","tweet.write","users.read","offline.access"],"credentialsSecretRef":{"name":"acme-x-app"},"requireUsername":false}`
	if got := defaulted(t, app()); got != want {
		t.Errorf("the spec is\n%s, want\n%s", got, want)
	}
}

// {} allows every namespace, and says so once it is stored.
func TestAppSelectorDefault(t *testing.T) {
	const want = `{"allowedNamespaces":{"selector":{}},"allowedScopes":["tweet.read"],"credentialsSecretRef":{"name":"acme-x-app"},"requireUsername":false}`
	object := app()
	object.Object["spec"] = map[string]any{
		"credentialsSecretRef": named("acme-x-app"),
		"allowedNamespaces":    map[string]any{},
		"allowedScopes":        []any{"tweet.read"},
	}
	if got := defaulted(t, object); got != want {
		t.Errorf("the spec is\n%s, want\n%s", got, want)
	}
}

func TestPostDefaults(t *testing.T) {
	const want = `{"approval":"NotRequired","connectionRef":{"name":"agent"},"deletionPolicy":"Retain","madeWithAI":false,"replySettings":"Everyone","text":"Hello"}`
	if got := defaulted(t, post(t)); got != want {
		t.Errorf("the spec is\n%s, want\n%s", got, want)
	}
}
