// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
)

// scraped asks a component for its metrics, with a bearer token or, if that is empty,
// without. Its certificate is one of its own making.
func (w *world) scraped(ctx context.Context, component app.Component, token string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+w.metrics[component]+"/metrics", nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // As the ServiceMonitor does.
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	_, _ = w.scrapes.Write(body)
	return answer.StatusCode, string(body), err
}

// scrape does the same once the component listens: its certificate takes a while.
func (tn *tenant) scrape(component app.Component, token string) (status int, body string) {
	tn.t.Helper()
	tn.waitFor("metrics of "+string(component), func() (answered bool) {
		var err error
		status, body, err = tn.scraped(tn.t.Context(), component, token)
		return err == nil
	})
	return status, body
}

// scraper makes a service account of the tenant's, bound to the shipped role or not,
// and gives its token.
func (tn *tenant) scraper(name string, bound bool) string {
	tn.t.Helper()
	tn.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: name}})
	if bound {
		tn.create(&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: tn.namespace + "-" + name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "x-operator-metrics-reader"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: tn.namespace, Name: name}},
		})
		tn.waitFor("the right to metrics", func() bool { return tn.mayScrape(name) })
	}
	config, err := tn.plane.ServiceAccountConfig(tn.t.Context(), tn.namespace, name)
	if err != nil {
		tn.t.Fatal(err)
	}
	return config.BearerToken
}

// mayScrape asks the API server's authorizer, which follows bindings with a delay. The
// operator would keep the answer no for a while.
func (tn *tenant) mayScrape(name string) bool {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:                  "system:serviceaccount:" + tn.namespace + ":" + name,
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
	}}
	return tn.plane.Client().Create(tn.t.Context(), review) == nil && review.Status.Allowed
}

// TestMetricsAreGuarded: each component shows its metrics to those alone that the
// shipped role is bound to, and under the shipped rights finds out who that is.
func TestMetricsAreGuarded(t *testing.T) {
	tn := newTenant(t)
	tokens := map[string]struct {
		token string
		want  int
	}{
		"nobody": {"", http.StatusUnauthorized},
		// What controller-runtime answers if the API server finds a token invalid.
		"a stranger":       {"eyJhbGciOiJub25lIn0.e30.", http.StatusInternalServerError},
		"without the role": {tn.scraper("curious", false), http.StatusForbidden},
		"with the role":    {tn.scraper("prometheus", true), http.StatusOK},
	}
	for _, component := range []app.Component{app.ComponentControllers, app.ComponentCallback, app.ComponentAgent} {
		for who, test := range tokens {
			status, body := tn.scrape(component, test.token)
			if status != test.want {
				t.Errorf("%s: %s gets %d, want %d", component, who, status, test.want)
			}
			if shows := strings.Contains(body, "xoperator_build_info"); shows != (test.want == http.StatusOK) {
				t.Errorf("%s: it shows metrics to %s: %t", component, who, shows)
			}
		}
	}
	answer, err := http.Get("http://" + tn.metrics[app.ComponentControllers] + "/metrics")
	if err == nil && answer.StatusCode == http.StatusOK {
		t.Error("metrics are shown without TLS")
	}
}

// TestMetrics: what happens to a connection and its posts is counted, and X's limit of
// the shared app shows in its XApp.
func TestMetrics(t *testing.T) {
	tn := newTenant(t)
	token := tn.scraper("prometheus", true)
	tn.connect("agent", tn.handle("m"), useShared)
	post := tn.post("hello", "Hello from "+tn.namespace)
	tn.postReaches(post, v1alpha1.ReasonPublished, "Ready=True", "Published=True")
	for _, want := range []string{
		`xoperator_leader{lease="x-operator"} 1`,
		`xoperator_connections{connected="True",ready="True",reason="Connected"} `,
		fmt.Sprintf(`xoperator_connection_info{name="agent",namespace=%q,ready="True",reason="Connected"} 1`, tn.namespace),
		"xoperator_access_token_soonest_expiry_seconds ",
		"xoperator_refresh_token_soonest_expiry_seconds ",
		`xoperator_posts{ready="True",reason="Published"} `,
		`xoperator_post_attempts_total{result="Published"} `,
		`xoperator_app_limit{app="acme",endpoint="POST /2/tweets"} 10000`,
		`xoperator_app_limit_remaining{app="acme",endpoint="POST /2/tweets"} `,
		`xoperator_app_held{app="acme",calls="tokens",reason="InvalidConfig"} 0`,
		`xoperator_app_connections{app="acme"} `,
		`xoperator_x_calls_total{operation="exchange",result="ok"} `,
		`xoperator_x_request_duration_seconds_count{endpoint="oauth2/token",status="2xx"} `,
		`xoperator_consent_pages_total{result="connected",step="callback"} `,
	} {
		tn.waitFor("the metric "+want, func() bool {
			status, body := tn.scrape(app.ComponentControllers, token)
			if status != http.StatusOK {
				t.Fatalf("a scrape gets %d", status)
			}
			return strings.Contains("\n"+body, "\n"+want)
		})
	}
	// The XApp is looked at each minute, and soon after a connection comes.
	tn.connection("another", useShared)
	tn.waitFor("the limits of the XApp", func() bool {
		xapp := &v1alpha1.XApp{}
		if err := tn.plane.Client().Get(t.Context(), types.NamespacedName{Name: sharedApp}, xapp); err != nil {
			t.Fatal(err)
		}
		limits := xapp.Status.RateLimits
		return len(limits) > 0 && limits[0].Endpoint == "POST /2/tweets" && limits[0].Limit == 10_000 &&
			limits[0].Remaining < limits[0].Limit && limits[0].ResetAt.After(time.Now())
	})
}
