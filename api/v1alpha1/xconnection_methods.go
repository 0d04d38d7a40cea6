// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ScopeOfflineAccess makes X give a refresh token; every connection asks for it.
const ScopeOfflineAccess = "offline.access"

// DefaultRefreshInterval is the time between refreshes if spec.refreshInterval is
// not set.
const DefaultRefreshInterval = 90 * time.Minute

// TokenSecretName is the name of the Secret that the access token goes to.
func (c *XConnection) TokenSecretName() string {
	if c.Spec.TokenSecretName != "" {
		return c.Spec.TokenSecretName
	}
	return c.Name + "-x-token"
}

// EffectiveScopes are the scopes that consent is asked for: those of the spec in
// their order, with offline.access if it is not among them.
func (c *XConnection) EffectiveScopes() []string {
	scopes := slices.Clone(c.Spec.Scopes)
	if !slices.Contains(scopes, ScopeOfflineAccess) {
		scopes = append(scopes, ScopeOfflineAccess)
	}
	return scopes
}

// RefreshInterval is the wanted time between refreshes.
func (c *XConnection) RefreshInterval() time.Duration {
	if c.Spec.RefreshInterval == nil {
		return DefaultRefreshInterval
	}
	return c.Spec.RefreshInterval.Duration
}

// AgentKinds are the kinds that an agentRef may name, of any version that the
// rule on AgentReference allows. Adding one means adding it to that rule and to
// the operator's role as well.
func AgentKinds() []schema.GroupKind {
	return []schema.GroupKind{
		{Group: "", Kind: "Pod"},
		{Group: "apps", Kind: "Deployment"},
		{Group: "apps", Kind: "StatefulSet"},
		{Group: "apps", Kind: "DaemonSet"},
		{Group: "batch", Kind: "Job"},
		{Group: "batch", Kind: "CronJob"},
		{Group: "kagent.dev", Kind: "Agent"},
		{Group: "toolhive.stacklok.dev", Kind: "MCPServer"},
	}
}

// GroupVersionKind is the kind of the workload.
func (r *AgentReference) GroupVersionKind() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(r.APIVersion, r.Kind)
}
