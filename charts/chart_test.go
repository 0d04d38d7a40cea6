// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package charts_test holds the Helm chart to kustomize: the same choices give the
// same objects.
package charts_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/agentconnect/x-operator/internal/manifests"
)

const (
	address   = "callbackBaseURL=https://x.example.com"
	namespace = "x-operator-system"
)

func TestChartAgreesWithKustomize(t *testing.T) {
	tests := map[string]struct {
		// folder is kustomize's; beside is another one that is applied with it.
		folder, beside string
		values         []string
	}{
		"default":    {folder: "default", values: []string{address}},
		"monitoring": {folder: "default", beside: "monitoring", values: []string{address, "monitoring.enabled=true"}},
		"hardened":   {folder: "overlays/hardened", values: []string{address, "namespaces={customer-a,customer-b}"}},
		"ingress": {folder: "overlays/ingress", values: []string{
			address, "ingress.enabled=true", "tls.clusterIssuer=letsencrypt",
		}},
		"gateway": {folder: "overlays/gateway", values: []string{
			address, "gateway.enabled=true", "gateway.className=example", "tls.clusterIssuer=letsencrypt",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			built, err := manifests.Build(test.folder)
			if err != nil {
				t.Fatal(err)
			}
			if test.beside != "" {
				more, err := manifests.Build(test.beside)
				if err != nil {
					t.Fatal(err)
				}
				built = append(built, more...)
			}
			want := comparables(built)
			got := comparables(objects(t, helm(t, template(test.values...)...)))
			for object := range union(want, got) {
				if diff := cmp.Diff(want[object], got[object]); diff != "" {
					t.Errorf("%s: kustomize (-) and the chart (+) differ:\n%s", object, diff)
				}
			}
		})
	}
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// TestOtherValues renders what kustomize's folders have no counterpart of.
func TestOtherValues(t *testing.T) {
	rendered := comparables(objects(t, helm(t, template(address,
		"fullnameOverride=xo", "gateway.enabled=true", "gateway.parentRefs[0].name=shared",
		"image.digest=sha256:"+strings.Repeat("0", 64), "imagePullSecrets[0].name=pull",
		"selector=shard=a", "priorityClass.name=high", "crds.enabled=false",
		"podDisruptionBudget.enabled=false", "networkPolicy.enabled=false",
		"controllers.extraArgs={--max-concurrent-reconciles=32}", "controllers.extraEnv[0].name=TZ",
		"controllers.podAnnotations.a=b", "controllers.nodeSelector.a=b", "controllers.tolerations[0].key=a",
		"controllers.affinity.nodeAffinity.a=b", "agent.tls.secretName=agent-tls", "agent.extraVolumes[0].name=more",
		"controllers.podLabels.team=a", "controllers.podLabels.app\\.kubernetes\\.io/component=callback", "agent.podLabels=null",
	)...)))
	for want, found := range map[string]bool{
		"HTTPRoute x-operator-system/xo-callback":              true,
		"Deployment x-operator-system/xo-controllers":          true,
		"Gateway x-operator-system/xo-callback":                false,
		"PodDisruptionBudget x-operator-system/xo-controllers": false,
		"NetworkPolicy x-operator-system/xo-default-deny":      false,
		"PriorityClass /xo-priority":                           false,
		"CustomResourceDefinition /xposts.x.agentconnect.dev":  false,
	} {
		if rendered[want] != nil != found {
			t.Errorf("%s: want it made: %t", want, found)
		}
	}
	deployment := fmt.Sprint(rendered["Deployment x-operator-system/xo-controllers"])
	door := fmt.Sprint(rendered["Deployment x-operator-system/xo-agent"], rendered["Service x-operator-system/xo-agent"])
	for _, want := range []string{"--agent-tls-cert-dir=/etc/x-operator/agent-tls", "secretName:agent-tls", "port:443", "name:more"} {
		if !strings.Contains(door, want) {
			t.Errorf("the agents' door lacks %q: %s", want, door)
		}
	}
	if pages := fmt.Sprint(rendered["Deployment x-operator-system/xo-callback"]); strings.Contains(pages+door, "--selector") {
		t.Errorf("the pages or the door serve some connections alone: %s %s", pages, door)
	}
	for _, want := range []string{
		"agentconnect/x-operator@sha256:0000", "--selector=shard=a", "--max-concurrent-reconciles=32",
		"priorityClassName:high", "imagePullSecrets:[map[name:pull]]", "nodeAffinity:map[a:b]",
		"labels:map[app.kubernetes.io/component:controllers app.kubernetes.io/name:x-operator app.kubernetes.io/part-of:x-operator team:a]",
	} {
		if !strings.Contains(deployment, want) {
			t.Errorf("the Deployment lacks %q: %s", want, deployment)
		}
	}
}

// TestTimeToDrain: a process that is told to stop has the time that docs/operations.md
// says, to store what X answered.
func TestTimeToDrain(t *testing.T) {
	count := 0
	for _, object := range objects(t, helm(t, template(address)...)) {
		if object.GetKind() != "Deployment" {
			continue
		}
		count++
		period, _, err := unstructured.NestedInt64(object.Object, "spec", "template", "spec", "terminationGracePeriodSeconds")
		if err != nil || period < 120 {
			t.Errorf("%s is given %d seconds to end, want 120 (%v)", object.GetName(), period, err)
		}
	}
	if count != 3 {
		t.Errorf("there are %d Deployments, want 3", count)
	}
}

// TestNoDoor: without replicas of the agents' door nothing of it is made, and nothing
// else is lost.
func TestNoDoor(t *testing.T) {
	for _, tenants := range []string{"namespaces=null", "namespaces={customer-a}"} {
		without := comparables(objects(t, helm(t, template(address, tenants, "agent.replicas=0")...)))
		want := comparables(objects(t, helm(t, template(address, tenants)...)))
		doors := 0
		maps.DeleteFunc(want, func(name string, _ any) bool {
			door := strings.Contains(name, "/x-operator-agent")
			if door {
				doors++
			}
			return door
		})
		if doors < 10 {
			t.Errorf("%s: %d objects are the door's: are they found at all?", tenants, doors)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(without))); diff != "" {
			t.Errorf("%s: without a door other objects are made (-want +got):\n%s", tenants, diff)
		}
	}
}

// TestDocumentedShard: the command in docs/scaling.md adds a shard of controllers, in the
// namespace of the release that has the pages and the door, and nothing of the two meets.
func TestDocumentedShard(t *testing.T) {
	command := regexp.MustCompile(`helm install x-operator-b charts/x-operator (?:.*\\\n)*.*`).FindString(readFile(t, "../docs/scaling.md"))
	var values []string
	for _, match := range regexp.MustCompile(`--set (\S+)`).FindAllStringSubmatch(command, -1) {
		values = append(values, match[1])
	}
	args := template(values...)
	args[1] = "x-operator-b"
	shard := comparables(objects(t, helm(t, args...)))
	for name := range comparables(objects(t, helm(t, template(address)...))) {
		if shard[name] != nil {
			t.Errorf("both releases make the %s", name)
		}
	}
	controllers := fmt.Sprint(shard["Deployment x-operator-system/x-operator-b-controllers"])
	if !strings.Contains(controllers, "--selector=x.agentconnect.dev/shard=b") {
		t.Errorf("the shard's controllers are %s", controllers)
	}
	pages := fmt.Sprint(shard["Deployment x-operator-system/x-operator-b-callback"])
	if !strings.Contains(pages, "replicas:0") || shard["Deployment x-operator-system/x-operator-b-agent"] != nil {
		t.Errorf("the shard has pages or a door of its own: %s", pages)
	}
}

// TestPolicies: the network policies are for the pods of this release, and let out
// what the values add.
func TestPolicies(t *testing.T) {
	rendered := objects(t, helm(t, template(address, "networkPolicy.extraEgress[0].ports[0].port=16443")...))
	policies, egress := 0, ""
	for _, object := range rendered {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		policies++
		selected, _, _ := unstructured.NestedStringMap(object.Object, "spec", "podSelector", "matchLabels")
		if selected["app.kubernetes.io/name"] != "x-operator" || selected["app.kubernetes.io/instance"] != "x-operator" {
			t.Errorf("%s selects pods with %v", object.GetName(), selected)
		}
		rules, _, _ := unstructured.NestedSlice(object.Object, "spec", "egress")
		egress += fmt.Sprint(rules)
	}
	if policies != 5 || !strings.HasSuffix(egress, " map[ports:[map[port:16443]]]]") {
		t.Errorf("there are %d policies, and what goes out is %s", policies, egress)
	}
}

// TestDocumentedInstall: the command in docs/install.md installs the image that it
// names, on the Kubernetes versions that the page names.
func TestDocumentedInstall(t *testing.T) {
	page := readFile(t, "../docs/install.md")
	command := regexp.MustCompile(`helm install x-operator charts/x-operator (?:.*\\\n)*.*`).FindString(page)
	var values []string
	for _, match := range regexp.MustCompile(`--set (\S+)`).FindAllStringSubmatch(command, -1) {
		values = append(values, match[1])
	}
	deployments := 0
	for _, object := range objects(t, helm(t, template(values...)...)) {
		if object.GetKind() == "Deployment" {
			deployments++
			if text := fmt.Sprint(object.Object); !strings.Contains(text, "image:registry.example.com/x-operator:v0.1.0 ") {
				t.Errorf("%s has another image: %s", object.GetName(), text)
			}
		}
	}
	if deployments != 3 {
		t.Errorf("%q installs %d Deployments", command, deployments)
	}
	oldest := regexp.MustCompile(`kubeVersion: ">=([0-9]+[.][0-9]+)[.]0-0"`).FindStringSubmatch(readFile(t, "x-operator/Chart.yaml"))
	if oldest == nil || !strings.Contains(page, "Kubernetes "+oldest[1]+" or newer") {
		t.Errorf("the chart wants Kubernetes %v, and the page says something else", oldest)
	}
}

// TestDocumentedBundle: the values in docs/install.md put a CA bundle where the page on
// releases says that it is looked for.
func TestDocumentedBundle(t *testing.T) {
	values := regexp.MustCompile("(?s)```yaml\n(controllers:.*?)```").FindStringSubmatch(readFile(t, "../docs/install.md"))
	if values == nil {
		t.Fatal("docs/install.md has no values for the controllers")
	}
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered := comparables(objects(t, helm(t, append(template(address), "--values", file)...)))
	pod := fmt.Sprint(rendered["Deployment x-operator-system/x-operator-controllers"])
	for _, want := range []string{
		"volumeMounts:[map[mountPath:/etc/ssl/certs name:roots readOnly:true]]",
		"volumes:[map[configMap:map[items:[map[key:ca-bundle.crt path:ca-certificates.crt]] name:corporate-roots] name:roots]]",
	} {
		if !strings.Contains(pod, want) {
			t.Errorf("the Deployment lacks %q: %s", want, pod)
		}
	}
}

// TestNotes: whoever has installed the chart is told what is next.
func TestNotes(t *testing.T) {
	install := func(values ...string) string {
		args := template(values...)
		args[0] = "install"
		return helm(t, append(args, "--dry-run=client")...)
	}
	const unexposed = "Send that address to the Service x-operator-callback"
	if notes := install(address); !strings.Contains(notes, unexposed) || !strings.Contains(notes, "kubectl -n x-operator-system create secret") {
		t.Errorf("the notes are %s", notes)
	}
	if notes := install(address, "ingress.enabled=true"); strings.Contains(notes, unexposed) {
		t.Errorf("with an Ingress the notes are %s", notes)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name) //nolint:gosec // A file of the repository.
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestValuesThatAreRefused(t *testing.T) {
	for want, values := range map[string][]string{
		"callbackBaseURL is required: the public https address": {},
		"'x.example.com' does not match pattern":                {"callbackBaseURL=x.example.com"},
		"'http://x.example.com' does not match pattern":         {"callbackBaseURL=http://x.example.com"},
		"'https://x.example.com/a' does not match pattern":      {"callbackBaseURL=https://x.example.com/a"},
		"mountPath":   {address, "agent.extraVolumeMounts[0].name=roots"},
		"nonsense":    {address, "nonsense=1"},
		"replicas":    {address, "callback.replicas=many"},
		"parentRefs":  {address, "gateway.enabled=true"},
		"extraEgress": {address, "networkPolicy.extraEgress[0].port=16443"},
	} {
		output, err := run(t, template(values...)...)
		if err == nil || !strings.Contains(output, want) {
			t.Errorf("%v: want a complaint about %s, got %v: %s", values, want, err, output)
		}
	}
}

func TestLint(t *testing.T) {
	if output, err := run(t, "lint", "--strict", "--set", address, "x-operator"); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

func template(values ...string) []string {
	args := []string{"template", "x-operator", "x-operator", "--namespace", namespace}
	for _, value := range values {
		args = append(args, "--set", value)
	}
	return args
}

// run runs the pinned helm, which go builds at its first use.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	arguments := append([]string{"tool", "-modfile=../hack/tools/helm/go.mod", "helm"}, args...)
	command := exec.CommandContext(t.Context(), "go", arguments...) //nolint:gosec // Arguments of our own.
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return complaint.String(), err
	}
	return output.String(), nil
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	output, err := run(t, args...)
	if err != nil {
		t.Fatalf("helm: %v: %s", err, output)
	}
	return output
}

// objects reads a stream of YAML documents.
func objects(t *testing.T, stream string) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(stream), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 {
			found = append(found, object)
		}
	}
}

// comparables gives what is comparable of objects, by kind and name.
func comparables(objects []*unstructured.Unstructured) map[string]any {
	found := map[string]any{}
	for _, object := range objects {
		if !apart(object) {
			name := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
			found[name] = content(object.Object)
		}
	}
	return found
}

// apart tells what one of the two alone has: helm makes the namespace by itself,
// and the settings are a ConfigMap that kustomize's users make.
func apart(object *unstructured.Unstructured) bool {
	isSettings := object.GetKind() == "ConfigMap" && strings.HasPrefix(object.GetName(), "x-operator-settings")
	return object.GetKind() == "Namespace" || isSettings
}

// chartsOwn are keys that a chart has for reasons of its own: its labels, what
// restarts pods, and what keeps CRDs.
var chartsOwn = []string{
	"helm.sh/chart",
	"app.kubernetes.io/instance",
	"app.kubernetes.io/version",
	"app.kubernetes.io/managed-by",
	"checksum/settings",
	"helm.sh/resource-policy",
}

// content drops what differs on purpose, wherever it stands.
func content(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range value {
			if !slices.Contains(chartsOwn, key) {
				kept[key] = content(inner)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, inner := range value {
			kept[i] = content(inner)
		}
		return kept
	case string:
		// kustomize names the settings by their content.
		if strings.HasPrefix(value, "x-operator-settings") {
			return "x-operator-settings"
		}
	}
	return value
}
