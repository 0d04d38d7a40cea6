// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/gosource"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

func limit(endpoint string, remaining int64, resets time.Duration) v1alpha1.RateLimit {
	return v1alpha1.RateLimit{Endpoint: endpoint, Limit: 100, Remaining: remaining, ResetAt: timeOf(someTime.Add(resets))}
}

func TestNextRateLimits(t *testing.T) {
	type limits = []v1alpha1.RateLimit
	long, short := limitsEvery, limitsEvery-time.Second
	for name, test := range map[string]struct {
		written, known limits
		// since is how long ago the last write was.
		since time.Duration
		want  limits
	}{
		"nothing is known":             {nil, nil, long, nil},
		"the first word":               {nil, limits{limit("a", 90, time.Hour)}, long, limits{limit("a", 90, time.Hour)}},
		"no news":                      {limits{limit("a", 90, time.Hour)}, limits{limit("a", 90, time.Hour)}, long, limits{limit("a", 90, time.Hour)}},
		"news soon after a write":      {limits{limit("a", 90, time.Hour)}, limits{limit("a", 89, time.Hour)}, short, limits{limit("a", 90, time.Hour)}},
		"news long after a write":      {limits{limit("a", 90, time.Hour)}, limits{limit("a", 89, time.Hour)}, long, limits{limit("a", 89, time.Hour)}},
		"a fifth is left":              {limits{limit("a", 90, time.Hour)}, limits{limit("a", 20, time.Hour)}, short, limits{limit("a", 90, time.Hour)}},
		"less than a fifth":            {limits{limit("a", 90, time.Hour)}, limits{limit("a", 19, time.Hour)}, short, limits{limit("a", 19, time.Hour)}},
		"still scarce":                 {limits{limit("a", 19, time.Hour)}, limits{limit("a", 18, time.Hour)}, short, limits{limit("a", 19, time.Hour)}},
		"not scarce any more":          {limits{limit("a", 0, time.Hour)}, limits{limit("a", 99, 24*time.Hour)}, short, limits{limit("a", 99, 24*time.Hour)}},
		"a window that is over":        {limits{limit("a", 90, -time.Second), limit("b", 90, time.Hour)}, nil, short, limits{limit("b", 90, time.Hour)}},
		"after a restart":              {limits{limit("b", 90, time.Hour)}, limits{limit("a", 90, time.Hour)}, long, limits{limit("a", 90, time.Hour), limit("b", 90, time.Hour)}},
		"another endpoint, soon after": {limits{limit("b", 90, time.Hour)}, limits{limit("a", 90, time.Hour)}, short, limits{limit("b", 90, time.Hour)}},
	} {
		got := nextRateLimits(test.written, test.known, someTime.Add(-test.since), someTime)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRoutes: every endpoint of the API has a name for people, each another one.
func TestRoutes(t *testing.T) {
	endpoints, err := gosource.Constants("internal/xapi", "Endpoint")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, endpoint := range endpoints {
		if endpoint == xapi.EndpointToken || endpoint == xapi.EndpointRevoke {
			continue // Nobody paces these.
		}
		if route := routes[endpoint]; route == "" || seen[route] {
			t.Errorf("the endpoint %s has the name %q", endpoint, route)
		}
		seen[routes[endpoint]] = true
	}
}

// TestRateLimitsAreWrittenSparingly counts the writes of an XApp's status while its
// calls are used up.
func TestRateLimitsAreWrittenSparingly(t *testing.T) {
	now, writes := someTime, 0
	r := xappReconciler(t, func() time.Time { return now }, &writes)
	pass := func() *v1alpha1.XApp {
		t.Helper()
		result, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: "acme"}})
		if err != nil || result.RequeueAfter != limitsLook {
			t.Fatalf("it comes again after %s: %v", result.RequeueAfter, err)
		}
		xapp := &v1alpha1.XApp{}
		if err := r.Get(t.Context(), client.ObjectKey{Name: "acme"}, xapp); err != nil {
			t.Fatal(err)
		}
		return xapp
	}
	if xapp := pass(); len(xapp.Status.RateLimits) != 0 || writes != 1 {
		t.Fatalf("at first %d writes, and limits %v", writes, xapp.Status.RateLimits)
	}
	reset := now.Add(24 * time.Hour)
	for remaining := 100; remaining > 0; remaining-- {
		r.Pacer.Report(pace.Call{Endpoint: xapi.EndpointCreatePost, App: "client"},
			xapi.Limits{App24Hour: xapi.Window{Limit: 100, Remaining: remaining, ResetAt: reset}}, nil)
		pass()
		pass()
		now = now.Add(time.Second)
	}
	// The first word, one when calls became scarce.
	if writes != 3 {
		t.Errorf("100 calls in 100 seconds made %d writes, want 3 with the first status", writes)
	}
	now = now.Add(limitsEvery)
	want := v1alpha1.RateLimit{Endpoint: "POST /2/tweets", Limit: 100, Remaining: 1, ResetAt: timeOf(reset)}
	if xapp := pass(); len(xapp.Status.RateLimits) != 1 || !cmp.Equal(xapp.Status.RateLimits[0], want) {
		t.Errorf("the limits are %v, want %v", xapp.Status.RateLimits, want)
	}
	now = reset
	if xapp := pass(); len(xapp.Status.RateLimits) != 0 || writes != 5 {
		t.Errorf("after the day there were %d writes, and limits %v", writes, xapp.Status.RateLimits)
	}
}

// TestXAppWithAnUnreadableSelector: the API server lets through what no label can be.
func TestXAppWithAnUnreadableSelector(t *testing.T) {
	writes := 0
	r := xappReconciler(t, func() time.Time { return someTime }, &writes)
	xapp := &v1alpha1.XApp{}
	key := client.ObjectKey{Name: "acme"}
	if err := r.Get(t.Context(), key, xapp); err != nil {
		t.Fatal(err)
	}
	xapp.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a b"}}}
	if err := r.Update(t.Context(), xapp); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
		t.Fatal(err)
	}
	if err := r.Get(t.Context(), key, xapp); err != nil {
		t.Fatal(err)
	}
	ready := meta.FindStatusCondition(xapp.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Reason != v1alpha1.ReasonInvalidConfig || !strings.Contains(ready.Message, "allowedNamespaces.selector") ||
		!meta.IsStatusConditionTrue(xapp.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("the conditions are %+v", xapp.Status.Conditions)
	}
}

// xappReconciler has one XApp, "acme", of the client id "client", and counts writes of
// its status.
func xappReconciler(t testing.TB, now func() time.Time, writes *int) *XAppReconciler {
	t.Helper()
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	c := fake.NewClientBuilder().WithScheme(scheme).
		WithStatusSubresource(&v1alpha1.XApp{}).
		WithIndex(&v1alpha1.XConnection{}, indexApp, func(client.Object) []string { return nil }).
		WithObjects(
			&v1alpha1.XApp{
				ObjectMeta: metav1.ObjectMeta{Name: "acme"},
				Spec:       v1alpha1.XAppSpec{CredentialsSecretRef: v1alpha1.SecretReference{Name: "acme-x-app"}},
			},
			&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "acme-x-app"},
				Data:       map[string][]byte{v1alpha1.AppKeyClientID: []byte("client"), v1alpha1.AppKeyClientSecret: []byte("secret")},
			}).
		WithInterceptorFuncs(interceptor.Funcs{
			SubResourcePatch: func(ctx context.Context, c client.Client, name string, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
				*writes++
				return c.SubResource(name).Patch(ctx, object, patch, options...)
			},
		}).Build()
	return &XAppReconciler{
		Client: c, Gate: redeem.NewGate(now), Pacer: pace.New(now), Namespace: "system",
		Recorder: events.NewFakeRecorder(10), Now: now,
	}
}
