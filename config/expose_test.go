// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// TestIngressFollowsTheAddress holds the Ingress to the one address that a person
// writes, and to the Service that it is for.
func TestIngressFollowsTheAddress(t *testing.T) {
	ingress := &networkingv1.Ingress{}
	exposed(t, "ingress", map[string]client.Object{"Ingress": ingress})

	rule := ingress.Spec.Rules[0]
	backend := rule.HTTP.Paths[0].Backend.Service
	if rule.Host != "social.acme.test" || ingress.Spec.TLS[0].Hosts[0] != rule.Host {
		t.Errorf("the host is %s, TLS has %v", rule.Host, ingress.Spec.TLS[0].Hosts)
	}
	if backend.Name != "x-operator-callback" || backend.Port.Name != "http" {
		t.Errorf("the backend is %+v", backend)
	}
}

// TestGatewayFollowsTheAddress does the same for Gateway and HTTPRoute.
func TestGatewayFollowsTheAddress(t *testing.T) {
	gateway, route := &gatewayv1.Gateway{}, &gatewayv1.HTTPRoute{}
	exposed(t, "gateway", map[string]client.Object{"Gateway": gateway, "HTTPRoute": route})

	host := gateway.Spec.Listeners[0].Hostname
	if host == nil || *host != "social.acme.test" || route.Spec.Hostnames[0] != *host {
		t.Errorf("the Gateway's host is %v, the route's %v", host, route.Spec.Hostnames)
	}
	backend := route.Spec.Rules[0].BackendRefs[0]
	if backend.Name != "x-operator-callback" || *backend.Port != 80 {
		t.Errorf("the backend is %+v", backend)
	}
	if parent := route.Spec.ParentRefs[0].Name; string(parent) != gateway.Name {
		t.Errorf("the parent is %s", parent)
	}
}

// exposed builds an overlay with another address in it, in a copy of this folder,
// and reads the objects of the given kinds from it.
func exposed(t *testing.T, overlay string, into map[string]client.Object) {
	t.Helper()
	content := read(t, filepath.Join("overlays", overlay, "kustomization.yaml"))
	changed := strings.Replace(content, "https://x.example.com", "https://social.acme.test", 1)
	objects := buildChanged(t, overlay, changed)
	for _, object := range objects {
		if found, wanted := into[object.GetKind()]; wanted {
			convert(t, object, found)
		}
	}
}
