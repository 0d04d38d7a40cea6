// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// snippet is the YAML in docs/install.md that holds a text.
func snippet(t *testing.T, holds string) string {
	t.Helper()
	for _, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, "../docs/install.md"), -1) {
		if strings.Contains(match[1], holds) {
			return match[1]
		}
	}
	t.Fatalf("docs/install.md has no YAML with %q", holds)
	return ""
}

func kustomization(t *testing.T, content string) kustomize.Kustomization {
	t.Helper()
	var parsed kustomize.Kustomization
	if err := yaml.UnmarshalStrict([]byte(content), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestImageAndPortOfOnesOwn: what the page has its readers add to an overlay takes
// effect on each Deployment, and on what goes out.
func TestImageAndPortOfOnesOwn(t *testing.T) {
	overlay := read(t, "overlays/ingress/kustomization.yaml") + snippet(t, "images:") + snippet(t, "x-operator-egress")
	objects := buildChanged(t, "ingress", overlay)
	for _, deployment := range deployments(t, objects) {
		if image := deployment.Spec.Template.Spec.Containers[0].Image; image != "registry.example.com/x-operator:v0.1.0" {
			t.Errorf("the image of %s is %s", deployment.Name, image)
		}
	}
	policy := &networkingv1.NetworkPolicy{}
	convert(t, find(t, objects, "NetworkPolicy", "x-operator-egress"), policy)
	rules := policy.Spec.Egress
	if len(rules) != 3 || rules[2].Ports[0].Port.IntValue() != 16443 {
		t.Errorf("what goes out is %+v", rules)
	}
}

// TestRemoteResources: the addresses that the page puts in the place of an overlay's
// own are of the same folders, in the version that the Makefile releases.
func TestRemoteResources(t *testing.T) {
	version := regexp.MustCompile(`(?m)^VERSION \?= (\S+)$`).FindStringSubmatch(read(t, "../Makefile"))[1]
	address := strings.NewReplacer("https://github.com/agentconnect/x-operator//config/", "../../", "?ref="+version, "")
	got := kustomization(t, address.Replace(snippet(t, "https://github.com/")))
	want := kustomization(t, read(t, "overlays/ingress/kustomization.yaml"))
	if diff := cmp.Diff(want.Resources, got.Resources); diff != "" {
		t.Errorf("the page has other resources (+) than the overlay:\n%s", diff)
	}
	if diff := cmp.Diff(want.Components, got.Components); diff != "" {
		t.Errorf("the page has other components (+) than the overlay:\n%s", diff)
	}
}

// TestSecondInstallation: one beside config/default shares no object with it, brings no
// CRDs, and refers to nothing of it.
func TestSecondInstallation(t *testing.T) {
	first := names(build(t, "default"))
	second := buildChanged(t, "emea", snippet(t, "namePrefix: emea-"))
	made := names(second)
	for _, object := range second {
		if name := object.GetKind() + " " + object.GetName(); slices.Contains(first, name) {
			t.Errorf("both installations have the %s", name)
		}
		text, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"(?:emea-)?x-operator-[a-z-]+`).FindAllString(string(text), -1) {
			if !strings.HasPrefix(name, `"emea-`) && name != `"x-operator-emea` {
				t.Errorf("the %s %s refers to %s of the first installation", object.GetKind(), object.GetName(), name)
			}
		}
		role, isBinding := at(object, "roleRef", "kind").(string)
		if isBinding && !slices.Contains(made, role+" "+at(object, "roleRef", "name").(string)) {
			t.Errorf("%s binds a %s that is not there", object.GetName(), role)
		}
	}
	for _, deployment := range deployments(t, second) {
		if argument(deployment, "--namespaces=") == "" || argument(deployment, "--xapp-selector=") == "" {
			t.Errorf("%s shares connections or apps with the first installation", deployment.Name)
		}
	}
}
