// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/agentconnect/x-operator/internal/envtest"
)

// Texts that several rules share.
//
//nolint:gosec // None is a credential.
const (
	saysHandle      = "spec.username: username must be an X handle without '@'"
	saysSecretName  = "the name of a Secret consists of lower-case letters"
	saysScope       = "a scope is one word of printable ASCII characters"
	saysDuration    = "spec.refreshInterval: refreshInterval must be a duration of hours (h), minutes (m) and seconds (s), such as 90m or 1h30m"
	saysRange       = "spec.refreshInterval: refreshInterval must be from 5m to 100m"
	saysAbsolute    = "spec.redirectURL: redirectURL must be an absolute URL in printable ASCII"
	saysScheme      = "spec.redirectURL: redirectURL must be https; http is allowed only on localhost, 127.0.0.1 or [::1]"
	saysNoFragment  = "spec.redirectURL: redirectURL must not have a fragment"
	saysNoUser      = "spec.redirectURL: redirectURL must not hold a user name or a password"
	saysKind        = "spec.agentRef: agentRef must name a workload: Deployment, StatefulSet or DaemonSet of apps/v1"
	saysSameSecret  = "spec.tokenSecretName: the token Secret must not be the app's Secret"
	saysNameTooLong = "metadata.name must be at most 63 characters long"
)

// connection is a valid base in a new namespace.
func connection(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "x.agentconnect.dev/v1alpha1",
		"kind":       "XConnection",
		"spec":       map[string]any{},
	}}
	object.SetName("social-manager")
	object.SetNamespace(envtest.Namespace(t, envtest.Cluster(t), nil))
	return object
}

func checkConnections(t *testing.T, rules []rule) {
	t.Helper()
	base := connection(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) { r.check(t, base) })
	}
}

// one is a spec with one field.
func one(field string, value any) map[string]any { return map[string]any{field: value} }

func named(name string) map[string]any { return map[string]any{"name": name} }

func TestConnectionAuthMethodRules(t *testing.T) {
	checkConnections(t, []rule{
		{name: "everything by default"},
		{name: "shared by name", spec: map[string]any{"authMethod": "Shared", "appName": "acme"}},
		{name: "own", spec: map[string]any{"authMethod": "Own", "appSecretRef": named("my-x-app")}},
		{name: "own without a Secret", spec: one("authMethod", "Own"),
			want: []string{"spec.appSecretRef: authMethod Own needs appSecretRef"}},
		{name: "a Secret without own", spec: one("appSecretRef", named("my-x-app")),
			want: []string{"spec.appSecretRef: appSecretRef is for authMethod Own"}},
		{name: "own with a shared app", spec: map[string]any{"authMethod": "Own", "appSecretRef": named("my-x-app"), "appName": "acme"},
			want: []string{"spec.appName: appName is for authMethod Shared"}},
		{name: "another method", spec: one("authMethod", "own"),
			want: []string{`spec.authMethod: supported values: "Shared", "Own"`}},
		{name: "an app that can't exist", spec: one("appName", "Acme"),
			want: []string{"spec.appName: the name of an XApp consists of lower-case letters"}},
		{name: "a Secret that can't exist", spec: map[string]any{"authMethod": "Own", "appSecretRef": named("my_app")},
			want: []string{"spec.appSecretRef.name: " + saysSecretName}},
		{name: "a Secret without a name", spec: map[string]any{"authMethod": "Own", "appSecretRef": map[string]any{}},
			want: []string{"spec.appSecretRef.name: Required value"}},
	})
}

func TestConnectionNameRules(t *testing.T) {
	checkConnections(t, []rule{
		{name: "63 characters", object: strings.Repeat("a", 63)},
		{name: "64 characters", object: strings.Repeat("a", 64), want: []string{"<nil>: " + saysNameTooLong}},
		{name: "a token Secret by name", spec: one("tokenSecretName", "social.manager-token")},
		{name: "a token Secret that can't exist", spec: one("tokenSecretName", "Token"),
			want: []string{"spec.tokenSecretName: " + saysSecretName}},
		{name: "an empty token Secret", spec: one("tokenSecretName", ""),
			want: []string{"spec.tokenSecretName: " + saysSecretName}},
		{name: "the token over the app's Secret",
			spec: map[string]any{"authMethod": "Own", "appSecretRef": named("both"), "tokenSecretName": "both"},
			want: []string{saysSameSecret}},
		{name: "the default token Secret over the app's",
			spec: map[string]any{"authMethod": "Own", "appSecretRef": named("social-manager-x-token")},
			want: []string{saysSameSecret}},
		{name: "the default name, but another token Secret",
			spec: map[string]any{"authMethod": "Own", "appSecretRef": named("social-manager-x-token"), "tokenSecretName": "token"}},
	})
}

func TestConnectionRedirectRules(t *testing.T) {
	const field = "redirectURL"
	checkConnections(t, []rule{
		{name: "https", spec: one(field, "https://app.example.com/settings/integrations?tab=x%20y")},
		{name: "https with a port", spec: one(field, "https://app.example.com:8443")},
		{name: "http on localhost", spec: one(field, "http://localhost:3000/done")},
		{name: "http on 127.0.0.1", spec: one(field, "http://127.0.0.1/done")},
		{name: "http on ::1", spec: one(field, "http://[::1]:3000/done")},
		{name: "http elsewhere", spec: one(field, "http://app.example.com/"), want: []string{saysScheme}},
		{name: "http on a host that only begins so", spec: one(field, "http://localhost.example.com/"), want: []string{saysScheme}},
		{name: "a script", spec: one(field, "javascript:alert(1)"), want: []string{saysAbsolute}},
		{name: "relative", spec: one(field, "/settings"), want: []string{saysAbsolute}},
		{name: "no host", spec: one(field, "https:///settings"), want: []string{saysAbsolute}},
		{name: "empty", spec: one(field, ""), want: []string{saysAbsolute}},
		{name: "a space", spec: one(field, "https://app.example.com/a b"), want: []string{saysAbsolute}},
		{name: "a line break", spec: one(field, "https://app.example.com/\r\nLocation: x"), want: []string{saysAbsolute}},
		{name: "a host that is not ASCII", spec: one(field, "https://bücher.example/"), want: []string{saysAbsolute}},
		{name: "a backslash in the host", spec: one(field, `https://app.example.com\.evil.example/`), want: []string{saysAbsolute}},
		{name: "a fragment", spec: one(field, "https://app.example.com/#done"), want: []string{saysNoFragment}},
		{name: "an empty fragment", spec: one(field, "https://app.example.com/#"), want: []string{saysNoFragment}},
		{name: "user info", spec: one(field, "https://jane:pw@app.example.com/"), want: []string{saysNoUser}},
		{name: "a user that looks like a host", spec: one(field, "https://app.example.com@evil.example/"), want: []string{saysNoUser}},
		{name: "an at sign in the path", spec: one(field, "https://app.example.com/@jane")},
		{name: "too long", spec: one(field, "https://app.example.com/"+strings.Repeat("a", 2048)),
			want: []string{"spec.redirectURL: Too long"}},
	})
}

func TestConnectionScopeRules(t *testing.T) {
	const field = "scopes"
	list := func(scopes ...any) map[string]any { return one(field, scopes) }
	checkConnections(t, []rule{
		{name: "known ones", spec: list("tweet.read", "users.read", "dm.write")},
		{name: "every character that RFC 6749 allows", spec: list("!#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~")},
		{name: "none", spec: one(field, []any{}), want: []string{"spec.scopes: should have at least 1 items"}},
		{name: "twice", spec: list("tweet.read", "tweet.read"), want: []string{"spec.scopes: each scope must be listed once"}},
		{name: "two in one", spec: list("tweet.read tweet.write"), want: []string{"spec.scopes[0]: " + saysScope}},
		{name: "empty", spec: list("tweet.read", ""), want: []string{"spec.scopes[1]: " + saysScope}},
		{name: "a quote", spec: list(`a"b`), want: []string{"spec.scopes[0]: " + saysScope}},
		{name: "a backslash", spec: list(`a\b`), want: []string{"spec.scopes[0]: " + saysScope}},
		{name: "not ASCII", spec: list("é"), want: []string{"spec.scopes[0]: " + saysScope}},
		{name: "a line break", spec: list("a\n"), want: []string{"spec.scopes[0]: " + saysScope}},
		{name: "too long", spec: list(strings.Repeat("a", 129)), want: []string{"spec.scopes[0]: Too long"}},
	})
}

func TestConnectionUsernameRules(t *testing.T) {
	const field = "username"
	checkConnections(t, []rule{
		{name: "a handle", spec: one(field, "Jane_Doe_42")},
		{name: "15 characters", spec: one(field, strings.Repeat("a", 15))},
		{name: "16 characters", spec: one(field, strings.Repeat("a", 16)), want: []string{saysHandle}},
		{name: "with an at sign", spec: one(field, "@jane_doe"), want: []string{saysHandle}},
		{name: "empty", spec: one(field, ""), want: []string{saysHandle}},
		{name: "a hyphen", spec: one(field, "jane-doe"), want: []string{saysHandle}},
		{name: "not ASCII", spec: one(field, "jané"), want: []string{saysHandle}},
	})
}

func TestConnectionRefreshIntervalRules(t *testing.T) {
	const field = "refreshInterval"
	checkConnections(t, []rule{
		{name: "the least", spec: one(field, "5m")},
		{name: "the most", spec: one(field, "1h40m")},
		{name: "as Go writes it", spec: one(field, "1h30m0s")},
		{name: "with a fraction", spec: one(field, "1.5h")},
		{name: "too short", spec: one(field, "299s"), want: []string{saysRange}},
		{name: "too long", spec: one(field, "101m"), want: []string{saysRange}},
		{name: "zero", spec: one(field, "0s"), want: []string{saysRange}},
		{name: "more than fits", spec: one(field, "999999h999999h"), want: []string{saysRange}},
		{name: "negative", spec: one(field, "-90m"), want: []string{saysDuration}},
		{name: "no unit", spec: one(field, "90"), want: []string{saysDuration}},
		{name: "words", spec: one(field, "90 minutes"), want: []string{saysDuration}},
		{name: "empty", spec: one(field, ""), want: []string{saysDuration}},
		{name: "a number", spec: one(field, int64(90)), want: []string{"spec.refreshInterval: must be of type string"}},
	})
}

func TestConnectionAgentRules(t *testing.T) {
	agent := func(apiVersion, kind, name string) map[string]any {
		return one("agentRef", map[string]any{"apiVersion": apiVersion, "kind": kind, "name": name})
	}
	checkConnections(t, []rule{
		{name: "a Deployment", spec: agent("apps/v1", "Deployment", "social-manager")},
		{name: "an Agent of kagent", spec: agent("kagent.dev/v1alpha2", "Agent", "social-manager")},
		{name: "a Secret", spec: agent("v1", "Secret", "social-manager"), want: []string{saysKind}},
		{name: "a Deployment of another group", spec: agent("example.com/v1", "Deployment", "social-manager"), want: []string{saysKind}},
		{name: "a group that only ends so", spec: agent("evilkagent.dev/v1", "Agent", "social-manager"), want: []string{saysKind}},
		{name: "no version", spec: agent("apps", "Deployment", "social-manager"), want: []string{saysKind}},
		{name: "a kind in lower case", spec: agent("apps/v1", "deployment", "social-manager"), want: []string{saysKind}},
		{name: "a name that can't be", spec: agent("apps/v1", "Deployment", "Social"),
			want: []string{"spec.agentRef.name: the name of a workload consists of lower-case letters"}},
		{name: "no name", spec: one("agentRef", map[string]any{"apiVersion": "apps/v1", "kind": "Deployment"}),
			want: []string{"spec.agentRef.name: Required value"}},
	})
}

func TestConnectionStateRules(t *testing.T) {
	checkConnections(t, []rule{
		{name: "disconnected", spec: one("state", "Disconnected")},
		{name: "suspended", spec: one("suspend", true)},
		{name: "another state", spec: one("state", "disconnected"),
			want: []string{`spec.state: supported values: "Connected", "Disconnected"`}},
		{name: "suspend in words", spec: one("suspend", "yes"),
			want: []string{"spec.suspend: must be of type boolean"}},
		{name: "a field that is misspelt", spec: one("suspended", true),
			want: []string{`XConnection in version "v1alpha1" cannot be handled as a XConnection: strict decoding error: unknown field "spec.suspended"`}},
	})
}
