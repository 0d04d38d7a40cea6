// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	xv1alpha1 "github.com/agentconnect/x-operator/api/v1alpha1"
)

func TestTokenSecretName(t *testing.T) {
	connection := &xv1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Name: "social-manager"}}
	if got, want := connection.TokenSecretName(), "social-manager-x-token"; got != want {
		t.Errorf("by default it is %q, want %q", got, want)
	}
	connection.Spec.TokenSecretName = "token"
	if got, want := connection.TokenSecretName(), "token"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}

func TestEffectiveScopes(t *testing.T) {
	tests := []struct{ scopes, want []string }{
		{nil, []string{"offline.access"}},
		{[]string{"users.read", "tweet.read"}, []string{"users.read", "tweet.read", "offline.access"}},
		{[]string{"offline.access", "tweet.read"}, []string{"offline.access", "tweet.read"}},
	}
	for _, test := range tests {
		connection := &xv1alpha1.XConnection{Spec: xv1alpha1.XConnectionSpec{Scopes: slices.Clone(test.scopes)}}
		if got := connection.EffectiveScopes(); !slices.Equal(got, test.want) {
			t.Errorf("%q becomes %q, want %q", test.scopes, got, test.want)
		}
		if !slices.Equal(connection.Spec.Scopes, test.scopes) {
			t.Errorf("the spec was changed from %q to %q", test.scopes, connection.Spec.Scopes)
		}
	}
}

func TestRefreshInterval(t *testing.T) {
	connection := &xv1alpha1.XConnection{}
	if got, want := connection.RefreshInterval(), 90*time.Minute; got != want {
		t.Errorf("by default it is %s, want %s", got, want)
	}
	connection.Spec.RefreshInterval = &metav1.Duration{Duration: 5 * time.Minute}
	if got, want := connection.RefreshInterval(), 5*time.Minute; got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
}

func TestAgentGroupVersionKind(t *testing.T) {
	reference := &xv1alpha1.AgentReference{APIVersion: "kagent.dev/v1alpha2", Kind: "Agent", Name: "a"}
	want := schema.GroupVersionKind{Group: "kagent.dev", Version: "v1alpha2", Kind: "Agent"}
	if got := reference.GroupVersionKind(); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
}

func TestAllowsNamespace(t *testing.T) {
	bySelector := func(selector *metav1.LabelSelector) *xv1alpha1.AllowedNamespaces {
		return &xv1alpha1.AllowedNamespaces{Selector: selector}
	}
	tests := []struct {
		name    string
		allowed *xv1alpha1.AllowedNamespaces
		want    bool
	}{
		{"absent", nil, false},
		{"{}", bySelector(nil), true},
		{"selector: {}", bySelector(&metav1.LabelSelector{}), true},
		{"a label that it has", bySelector(&metav1.LabelSelector{MatchLabels: map[string]string{"x": "allowed"}}), true},
		{"a label that it lacks", bySelector(&metav1.LabelSelector{MatchLabels: map[string]string{"x": "denied"}}), false},
	}
	for _, test := range tests {
		app := &xv1alpha1.XApp{Spec: xv1alpha1.XAppSpec{AllowedNamespaces: test.allowed}}
		got, err := app.AllowsNamespace(map[string]string{"x": "allowed"})
		if err != nil || got != test.want {
			t.Errorf("%s: allowed %t (%v), want %t", test.name, got, err, test.want)
		}
	}
}

// The schema can't check everything that a selector may hold.
func TestAllowsNamespaceFails(t *testing.T) {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"not a key": "x"}}
	app := &xv1alpha1.XApp{Spec: xv1alpha1.XAppSpec{AllowedNamespaces: &xv1alpha1.AllowedNamespaces{Selector: selector}}}
	if allowed, err := app.AllowsNamespace(nil); err == nil || allowed {
		t.Errorf("allowed %t (%v), want an error", allowed, err)
	}
}

func TestRefusedScopes(t *testing.T) {
	app := &xv1alpha1.XApp{Spec: xv1alpha1.XAppSpec{AllowedScopes: []string{"tweet.read"}}}
	if got := app.RefusedScopes([]string{"tweet.read", "offline.access"}); len(got) > 0 {
		t.Errorf("%q is refused, want none", got)
	}
	if got, want := app.RefusedScopes([]string{"dm.read", "tweet.read", "dm.write"}), []string{"dm.read", "dm.write"}; !slices.Equal(got, want) {
		t.Errorf("%q is refused, want %q", got, want)
	}
}

func TestIsDefault(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "false": false, "yes": false, "": false} {
		app := &xv1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{xv1alpha1.AnnotationDefaultApp: value}}}
		if got := app.IsDefault(); got != want {
			t.Errorf("%q makes it the default: %t, want %t", value, got, want)
		}
	}
}

func TestReasonFor(t *testing.T) {
	tests := map[xv1alpha1.ErrorCode]string{
		"missing_params":        "MissingParams",
		"authorization_denied":  "AuthorizationDenied",
		"session_expired":       "SessionExpired",
		"token_exchange_failed": "TokenExchangeFailed",
		"useragent_not_found":   "AgentNotFound",
		"invalid_config":        "InvalidConfig",
		"account_mismatch":      "AccountMismatch",
		"internal_error":        "InternalError",
		"a code of the future":  "InternalError",
	}
	for code, want := range tests {
		if got := xv1alpha1.ReasonFor(code); got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
	}
}

func TestTexts(t *testing.T) {
	single := &xv1alpha1.XPost{Spec: xv1alpha1.XPostSpec{Text: "one"}}
	thread := &xv1alpha1.XPost{Spec: xv1alpha1.XPostSpec{Thread: []string{"one", "two"}}}
	if got := single.Texts(); !slices.Equal(got, []string{"one"}) {
		t.Errorf("a post's texts are %q", got)
	}
	if got := thread.Texts(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("a thread's texts are %q", got)
	}
	for published, want := range []bool{false, false, true} {
		thread.Status.Posts = make([]xv1alpha1.PublishedPost, published)
		if got := thread.Complete(); got != want {
			t.Errorf("with %d of 2 published it is complete: %t", published, got)
		}
	}
}
