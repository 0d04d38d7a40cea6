// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/gitops"
	"github.com/agentconnect/x-operator/internal/gosource"
	"github.com/agentconnect/x-operator/internal/manifests"
)

// state is what the conditions of an object say: Ready's status and reason, and
// which abnormal condition stands beside it.
type state struct {
	kind, ready, reason, abnormal string
}

// view is what GitOps tools make of it.
type view struct {
	argo string
	flux status.Status
}

var (
	healthy   = view{"Healthy", status.CurrentStatus}
	working   = view{"Progressing", status.InProgressStatus}
	suspended = view{"Suspended", status.CurrentStatus}
	degraded  = view{"Degraded", status.FailedStatus}
)

const (
	none        = ""
	reconciling = v1alpha1.ConditionReconciling
	stalled     = v1alpha1.ConditionStalled
)

// views has every state that the operator gives to an object.
var views = map[state]view{
	{"XConnection", "True", "Connected", none}:                 healthy,
	{"XConnection", "True", "ReauthorizationDue", none}:        healthy,
	{"XConnection", "True", "RefreshFailed", reconciling}:      healthy,
	{"XConnection", "True", "RateLimited", reconciling}:        healthy,
	{"XConnection", "True", "UsageCapExceeded", reconciling}:   healthy,
	{"XConnection", "True", "XUnavailable", reconciling}:       healthy,
	{"XConnection", "True", "RotationUncertain", reconciling}:  healthy,
	{"XConnection", "False", "Progressing", reconciling}:       working,
	{"XConnection", "False", "RefreshFailed", reconciling}:     working,
	{"XConnection", "False", "RateLimited", reconciling}:       working,
	{"XConnection", "False", "XUnavailable", reconciling}:      working,
	{"XConnection", "False", "RotationUncertain", reconciling}: working,
	{"XConnection", "False", "NotRevoked", reconciling}:        working,
	{"XConnection", "False", "AgentNotFound", none}:            suspended,
	{"XConnection", "False", "InvalidConfig", none}:            working,
	{"XConnection", "False", "ConsentRequired", none}:          suspended,
	{"XConnection", "False", "MissingParams", none}:            suspended,
	{"XConnection", "False", "AuthorizationDenied", none}:      suspended,
	{"XConnection", "False", "SessionExpired", none}:           suspended,
	{"XConnection", "False", "AccountMismatch", none}:          suspended,
	{"XConnection", "False", "Suspended", none}:                suspended,
	{"XConnection", "False", "Disconnected", none}:             suspended,
	{"XConnection", "False", "ReauthorizationRequired", none}:  degraded,
	{"XConnection", "False", "TokenExchangeFailed", none}:      degraded,
	{"XConnection", "False", "InternalError", none}:            degraded,
	{"XConnection", "False", "InternalError", stalled}:         degraded,
	{"XConnection", "False", "InvalidConfig", stalled}:         degraded,
	{"XConnection", "False", "TokenSecretConflict", stalled}:   degraded,
	{"XConnection", "False", "UsageCapExceeded", stalled}:      degraded,
	{"XApp", "True", "Available", none}:                        healthy,
	{"XApp", "False", "InvalidConfig", none}:                   working,
	{"XApp", "False", "InvalidConfig", stalled}:                degraded,
	{"XPost", "True", "Published", none}:                       healthy,
	{"XPost", "False", "Scheduled", none}:                      suspended,
	{"XPost", "False", "AwaitingApproval", none}:               suspended,
	{"XPost", "False", "NotConnected", none}:                   suspended,
	{"XPost", "False", "Publishing", reconciling}:              working,
	{"XPost", "False", "RateLimited", reconciling}:             working,
	{"XPost", "False", "UsageCapExceeded", reconciling}:        working,
	{"XPost", "False", "XUnavailable", reconciling}:            working,
	{"XPost", "False", "NotDeleted", reconciling}:              working,
	{"XPost", "False", v1alpha1.ReasonUnknown, reconciling}:    working,
	{"XPost", "False", v1alpha1.ReasonUnknown, stalled}:        degraded,
	{"XPost", "False", "TooLong", stalled}:                     degraded,
	{"XPost", "False", "InvalidText", stalled}:                 degraded,
	{"XPost", "False", "DuplicateContent", stalled}:            degraded,
	{"XPost", "False", "ReplyNotAllowed", stalled}:             degraded,
	{"XPost", "False", "NotEnrolled", stalled}:                 degraded,
	{"XPost", "False", "Refused", stalled}:                     degraded,
	{"XPost", "False", "Rejected", stalled}:                    degraded,
}

// TestHealth: what Argo CD and Flux show in each state.
func TestHealth(t *testing.T) {
	argo, flux := tools(t)
	for shown, want := range views {
		t.Run(fmt.Sprint(shown), func(t *testing.T) {
			object := shown.object()
			health, err := argo.Health(object)
			if err != nil {
				t.Fatal(err)
			}
			result, err := flux.Status(t.Context(), object)
			if err != nil {
				t.Fatal(err)
			}
			if got := (view{health.Status, result}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if message := shown.reason + ": The message"; health.Message != message {
				t.Errorf("Argo CD says %q, want %q", health.Message, message)
			}
		})
	}
}

// TestHealthKnowsEveryReason: a reason that is new in the API needs a line above.
func TestHealthKnowsEveryReason(t *testing.T) {
	reasons, err := gosource.Constants("api/v1alpha1", "Reason")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{v1alpha1.ReasonDeleted: true} // An event's alone.
	for shown := range views {
		known[shown.reason] = true
	}
	for name, reason := range reasons {
		if !known[reason] {
			t.Errorf("no state has the reason %s (%s)", reason, name)
		}
	}
}

// TestHealthOfTheUnseen: an object that the operator has not seen, or whose change
// it has not, is neither done nor broken.
func TestHealthOfTheUnseen(t *testing.T) {
	argo, flux := tools(t)
	for _, kind := range []string{"XConnection", "XApp", "XPost"} {
		changed := state{kind, "True", v1alpha1.ReasonConnected, none}.object()
		changed.SetGeneration(3)
		fresh := changed.DeepCopy()
		delete(fresh.Object, "status")
		for name, object := range map[string]*unstructured.Unstructured{"changed": changed, "fresh": fresh} {
			health, err := argo.Health(object)
			if want := (gitops.Health{Status: "Progressing", Message: "The operator has not seen this yet"}); err != nil || health != want {
				t.Errorf("Argo CD of a %s %s: %+v, %v", name, kind, health, err)
			}
			// An expression that can't be evaluated is tried again by Flux.
			result, err := flux.Status(t.Context(), object)
			if err == nil && name == "changed" && result != status.InProgressStatus {
				t.Errorf("Flux of a %s %s: %s", name, kind, result)
			}
			if err == nil && name == "fresh" && kind != "XApp" {
				t.Errorf("Flux takes a %s without a status for %s", kind, result)
			}
		}
	}
}

// object makes an object of generation 2 with such a status.
func (s state) object() *unstructured.Unstructured {
	condition := func(kind, value string) any {
		return map[string]any{
			"type": kind, "status": value, "reason": s.reason, "message": "The message",
			"observedGeneration": int64(2), "lastTransitionTime": "2026-04-17T12:00:00Z",
		}
	}
	conditions := []any{condition(v1alpha1.ConditionReady, s.ready)}
	if s.abnormal != none {
		conditions = append(conditions, condition(s.abnormal, "True"))
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(),
		"kind":       s.kind,
		"metadata":   map[string]any{"name": "a", "namespace": "b", "generation": int64(2)},
		"spec":       map[string]any{},
		"status":     map[string]any{"observedGeneration": int64(2), "conditions": conditions, "connected": s.ready == "True"},
	}}
}

func tools(t *testing.T) (*gitops.ArgoCD, *gitops.Flux) {
	t.Helper()
	argo, err := gitops.LoadArgoCD()
	if err != nil {
		t.Fatal(err)
	}
	flux, err := gitops.LoadFlux()
	if err != nil {
		t.Fatal(err)
	}
	return argo, flux
}

// TestActions: which actions Argo CD offers, and that each sets its annotation, to
// the time, and nothing else.
func TestActions(t *testing.T) {
	argo, _ := tools(t)
	connected := state{"XConnection", "True", "Connected", none}
	invited := state{"XConnection", "False", "ConsentRequired", none}
	refused := state{"XPost", "False", "Refused", stalled}
	published := state{"XPost", "True", "Published", none}
	offers := map[state]map[string]bool{
		connected: {"refresh": true, "reconnect": true},
		invited:   {"refresh": false, "reconnect": false},
		refused:   {"retry": true},
		published: {"retry": false},
	}
	for shown, want := range offers {
		got, err := argo.Actions(shown.object())
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("%v: %v, %v, want %v", shown, got, err, want)
		}
	}
	annotations := map[string]string{
		"refresh":   v1alpha1.AnnotationRefreshRequestedAt,
		"reconnect": v1alpha1.AnnotationReconnectRequestedAt,
		"retry":     v1alpha1.AnnotationRetryRequestedAt,
	}
	for _, shown := range []state{connected, refused} {
		for name := range offers[shown] {
			setsTheTime(t, argo, shown.object(), name, annotations[name])
		}
	}
}

func setsTheTime(t *testing.T, argo *gitops.ArgoCD, object *unstructured.Unstructured, action, annotation string) {
	t.Helper()
	after, err := argo.Act(object, action)
	if err != nil {
		t.Fatal(err)
	}
	value := after.GetAnnotations()[annotation]
	if _, err := time.Parse(time.RFC3339, value); err != nil {
		t.Errorf("%s sets %s to %q: %v", action, annotation, value, err)
	}
	want := object.DeepCopy()
	want.SetAnnotations(map[string]string{annotation: value})
	if diff := cmp.Diff(want.Object, after.Object); diff != "" {
		t.Errorf("%s changes more (+) than its annotation:\n%s", action, diff)
	}
}

// TestGitOpsRepository applies the sample repository, and holds its parts to each
// other: the XApp allows the customers' namespaces and gets the pins it insists on.
func TestGitOpsRepository(t *testing.T) {
	c := strict(t, envtest.Cluster(t))
	for _, object := range build(t, "crd") {
		apply(t, c, object)
	}
	var xapp v1alpha1.XApp
	namespaces, pins := map[string]map[string]string{}, map[string]string{}
	for _, object := range slices.Concat(build(t, tenants), build(t, "samples/gitops/platform"), build(t, "samples/gitops/customers")) {
		apply(t, c, object)
		switch object.GetKind() {
		case "XApp":
			convert(t, object, &xapp)
		case "Namespace":
			namespaces[object.GetName()] = object.GetLabels()
		case "XConnection":
			var conn v1alpha1.XConnection
			convert(t, object, &conn)
			pins[conn.Namespace] = conn.Spec.Username
		default:
			t.Errorf("a %s is in the repository", object.GetKind())
		}
	}
	if want := map[string]string{"customer-a": "jane_doe", "customer-b": "john_roe"}; !maps.Equal(pins, want) {
		t.Errorf("the connections are pinned to %v, want %v", pins, want)
	}
	if !xapp.Spec.RequireUsername || !xapp.IsDefault() {
		t.Error("the XApp is not the default one, or does not insist on a pin")
	}
	for namespace := range pins {
		if allowed, err := xapp.AllowsNamespace(namespaces[namespace]); err != nil || !allowed {
			t.Errorf("the XApp does not allow %s: %v", namespace, err)
		}
	}
}

// TestFluxLayers holds the sample's Kustomizations to each other and to the sample
// repository: what one depends on, what it builds and whose health it waits for
// exist, and so do the namespaces that its objects are in, whichever overlay the
// operator's layer builds.
func TestFluxLayers(t *testing.T) {
	layers := fluxLayers(t, "kustomizations.yaml")
	if len(layers) != 4 {
		t.Errorf("the sample has %d Kustomizations", len(layers))
	}
	apps := names(build(t, "samples/gitops/platform"))
	repository := fleet(t)
	// What is there once a layer is applied: its own objects, and those before it.
	applied := map[string][]*unstructured.Unstructured{}
	for _, layer := range layers {
		var before []*unstructured.Unstructured
		for _, on := range layer.Spec.DependsOn {
			if applied[on.Name] == nil {
				t.Errorf("%s depends on %s, which does not come before it", layer.Metadata.Name, on.Name)
			}
			before = append(before, applied[on.Name]...)
		}
		for _, path := range layer.paths() {
			objects, err := manifests.BuildIn(repository, path)
			if err != nil {
				t.Fatal(err)
			}
			applied[layer.Metadata.Name] = slices.Concat(before, objects)
			if missing := unmade(applied[layer.Metadata.Name]); len(missing) > 0 {
				t.Errorf("%s: %s needs the namespaces %v, which no layer before makes", layer.Metadata.Name, path, missing)
			}
		}
		for _, check := range layer.Spec.HealthChecks {
			if !slices.Contains(apps, check.Kind+" "+check.Name) {
				t.Errorf("%s waits for the %s %s, and the repository has %v", layer.Metadata.Name, check.Kind, check.Name, apps)
			}
		}
	}
}

// TestFluxAgentsWait: the agents' layer depends on one that checks the account and that
// does not apply them, and what that check asks is whether there is an account.
func TestFluxAgentsWait(t *testing.T) {
	layers := fluxLayers(t, "agents.yaml")
	if len(layers) != 2 {
		t.Fatalf("the sample has %d Kustomizations", len(layers))
	}
	gate, agents := layers[0], layers[1]
	before := fluxLayers(t, "kustomizations.yaml")
	if on := gate.Spec.DependsOn; len(on) != 1 || on[0].Name != before[len(before)-1].Metadata.Name {
		t.Errorf("%s depends on %v", gate.Metadata.Name, on)
	}
	if on := agents.Spec.DependsOn; len(on) != 1 || on[0].Name != gate.Metadata.Name || len(agents.Spec.HealthChecks) > 0 || agents.Spec.Path == gate.Spec.Path {
		t.Errorf("the agents do not wait for %s alone: %+v", gate.Metadata.Name, agents.Spec)
	}
	accounts := names(build(t, "samples/gitops/customers"))
	if len(gate.Spec.HealthChecks) != 1 || !slices.Contains(accounts, gate.Spec.HealthChecks[0].Kind+" "+gate.Spec.HealthChecks[0].Name) {
		t.Errorf("%s checks %v, and the repository has %v", gate.Metadata.Name, gate.Spec.HealthChecks, accounts)
	}
	flux, err := gitops.LoadFluxAgents()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		shown     state
		connected bool
		want      status.Status
	}{
		"nobody consented":           {state{"XConnection", "False", "ConsentRequired", none}, false, status.InProgressStatus},
		"connected":                  {state{"XConnection", "True", "Connected", none}, true, status.CurrentStatus},
		"connected without an agent": {state{"XConnection", "False", "AgentNotFound", none}, true, status.CurrentStatus},
		"given up":                   {state{"XConnection", "False", "Disconnected", none}, false, status.InProgressStatus},
	} {
		object := test.shown.object()
		if err := unstructured.SetNestedField(object.Object, test.connected, "status", "connected"); err != nil {
			t.Fatal(err)
		}
		if got, err := flux.Status(t.Context(), object); err != nil || got != test.want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, test.want)
		}
	}
}

// fleet is a repository as config/samples/gitops/README.md describes it: the sample,
// and a copy of the whole of config/.
func fleet(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	err := errors.Join(
		os.CopyFS(folder, os.DirFS("samples/gitops")),
		os.CopyFS(filepath.Join(folder, "x-operator"), os.DirFS(".")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func fluxLayers(t *testing.T, file string) []fluxLayer {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("samples/flux", file)) //nolint:gosec // A file of the repository.
	if err != nil {
		t.Fatal(err)
	}
	var layers []fluxLayer
	for _, document := range strings.Split(string(content), "\n---\n") {
		var layer fluxLayer
		if err := yaml.Unmarshal([]byte(document), &layer); err != nil {
			t.Fatal(err)
		}
		layers = append(layers, layer)
	}
	return layers
}

// fluxLayer is what the test wants to know of a Kustomization.
type fluxLayer struct {
	Metadata named `json:"metadata"`
	Spec     struct {
		DependsOn    []named `json:"dependsOn"`
		Path         string  `json:"path"`
		HealthChecks []named `json:"healthChecks"`
	} `json:"spec"`
}

// paths are what a layer builds in somebody's repository: for the operator any
// overlay, and at last the one that the sample names.
func (l fluxLayer) paths() []string {
	if l.Metadata.Name != "x-operator" {
		return []string{l.Spec.Path}
	}
	var paths []string
	for _, folder := range installable {
		paths = append(paths, filepath.Join("x-operator", folder))
	}
	return append(paths, l.Spec.Path)
}

type named struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func names(objects []*unstructured.Unstructured) []string {
	var all []string
	for _, object := range objects {
		all = append(all, object.GetKind()+" "+object.GetName())
	}
	return all
}

func convert(t *testing.T, object *unstructured.Unstructured, into client.Object) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		t.Fatal(err)
	}
}

// TestArgoCDPatchApplies patches a ConfigMap of Argo CD as the sample says, which
// must leave its other keys alone.
func TestArgoCDPatchApplies(t *testing.T) {
	cluster := envtest.Cluster(t)
	ensureNamespace(t, cluster.Client(), "argocd")
	before := &corev1.ConfigMap{Data: map[string]string{"url": "https://argocd.example.com"}}
	before.Namespace, before.Name = "argocd", "argocd-cm"
	if err := cluster.Client().Create(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	_, err := cluster.Kubectl(t.Context(), "patch", "configmap", "argocd-cm", "-n", "argocd",
		"--patch-file", "samples/argocd/argocd-cm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	after := &corev1.ConfigMap{}
	if err := cluster.Client().Get(t.Context(), client.ObjectKeyFromObject(before), after); err != nil {
		t.Fatal(err)
	}
	if after.Data["url"] == "" || len(after.Data) != 6 {
		t.Errorf("argocd-cm has the keys %v", slices.Sorted(maps.Keys(after.Data)))
	}
}
