// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// vault is a namespace of grants, some of another cluster.
type vault struct {
	*stage
	store *grant.Store
	// here is this cluster's identity.
	here string
}

const otherCluster = "0b5c7f0e-0000-4000-8000-000000000001"

func newVault(t *testing.T) *vault {
	t.Helper()
	s := newStage(t)
	system := &corev1.Namespace{}
	if err := s.cluster.Client().Get(t.Context(), client.ObjectKey{Name: "kube-system"}, system); err != nil {
		t.Fatal(err)
	}
	here := string(system.UID)
	return &vault{stage: s, here: here, store: &grant.Store{
		Client: s.cluster.Client(), Live: s.cluster.Client(), ClusterID: here,
		Namespace: envtest.Namespace(t, s.cluster, nil),
	}}
}

// stores stores a grant that a cluster made for an XConnection.
func (v *vault) stores(name string, uid types.UID, cluster string) {
	v.t.Helper()
	_, err := v.store.Create(v.t.Context(), &grant.Grant{
		Owner:     grant.Owner{Namespace: v.namespace, Name: name, UID: uid},
		ClusterID: cluster,
		Tokens:    &grant.Tokens{AccessToken: secret.New("access-of-" + name), RefreshToken: secret.New("refresh-of-" + name)},
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// adopter is the cluster that a grant was handed to.
func (v *vault) adopter(uid types.UID) string {
	v.t.Helper()
	g, err := v.store.GetLive(v.t.Context(), uid)
	if err != nil {
		v.t.Fatal(err)
	}
	return g.AdoptedBy()
}

// adopts calls adopt with these grants.
func (v *vault) adopts(arguments ...string) result {
	v.t.Helper()
	return v.runs(append([]string{"adopt", "--grant-namespace", v.store.Namespace}, arguments...)...)
}

// fillGrants puts the names that differ from run to run into what is wanted.
func (v *vault) fillGrants(want result, uids ...types.UID) result {
	for i, uid := range uids {
		mark := "{grant" + string(rune('1'+i)) + "}"
		want.out = strings.ReplaceAll(want.out, mark, grant.SecretName(uid))
		want.err = strings.ReplaceAll(want.err, mark, grant.SecretName(uid))
	}
	want.err = strings.NewReplacer("{here}", v.here, "{vault}", v.store.Namespace).Replace(want.err)
	return want
}

const warnsOfTwo = "Adopt only what no other cluster uses any more: two clusters that share a refresh token lose the account.\n"

// TestAdopt shows first, then adopts, and then finds nothing more to do.
func TestAdopt(t *testing.T) {
	v := newVault(t)
	agent := v.apply("agent", connected)
	native := v.apply("native", connected)
	v.stores("agent", agent.UID, otherCluster)
	v.stores("native", native.UID, v.here)
	intro := "1 grant was made by cluster " + otherCluster + "; this is cluster {here}.\n" + warnsOfTwo
	table := func(what string) string {
		return "NAME    USERNAME   GRANT                                        RESULT\nagent   jane_doe   {grant1}   " + what + "\n"
	}
	steps := []struct {
		arguments []string
		result    string
		adopter   string
	}{
		{[]string{"--dry-run"}, "adopted (dry run)", ""},
		{[]string{"--dry-run=server"}, "adopted (server dry run)", ""},
		{nil, "adopted", v.here},
		{[]string{"agent"}, "adopted already", v.here},
	}
	for _, step := range steps {
		got := v.adopts(step.arguments...)
		v.expect(got, v.fillGrants(result{out: table(step.result), err: intro}, agent.UID))
		if adopter := v.adopter(agent.UID); adopter != step.adopter {
			t.Errorf("after %v the grant is handed to %q, not to %q", step.arguments, adopter, step.adopter)
		}
	}
	if adopter := v.adopter(native.UID); adopter != "" {
		t.Errorf("the grant of this very cluster was annotated with %q", adopter)
	}
}

// TestAdoptRestored hands over a grant whose XConnection was made anew.
func TestAdoptRestored(t *testing.T) {
	v := newVault(t)
	const oldUID = types.UID("0b5c7f0e-0000-4000-8000-00000000000c")
	v.apply("agent", invited)
	v.stores("agent", oldUID, otherCluster)
	if got := v.adopts("agent"); got.code != 0 || !strings.HasSuffix(got.out, "   adopted\n") {
		t.Errorf("adopt says %+v", got)
	}
	if adopter := v.adopter(oldUID); adopter != v.here {
		t.Errorf("the grant is handed to %q, not to %q", adopter, v.here)
	}
}

// TestAdoptRefuses leaves alone what can't be adopted, and says so.
func TestAdoptRefuses(t *testing.T) {
	v := newVault(t)
	anew := v.apply("anew", connected)
	const goneUID, oldUID = types.UID("0b5c7f0e-0000-4000-8000-00000000000a"), types.UID("0b5c7f0e-0000-4000-8000-00000000000b")
	v.stores("anew", oldUID, otherCluster)
	v.stores("gone", goneUID, otherCluster)
	v.expect(v.adopts("anew", "gone", "none"), v.fillGrants(result{
		code: command.ExitError,
		out: "NAME   USERNAME   GRANT                                        RESULT\n" +
			"anew   jane_doe   {grant2}   not adopted: connected anew\n" +
			"gone   <none>     {grant1}   not adopted: no such XConnection\n",
		err: "2 grants were made by cluster " + otherCluster + "; this is cluster {here}.\n" + warnsOfTwo +
			"error: xconnection {ns}/none has no grant of another cluster: there is nothing to adopt\n" +
			"error: the grant of xconnection {ns}/anew can't be adopted: the XConnection was made anew, and has been connected since\n" +
			"If it works: kubectl delete secret {grant2} -n {vault}\n" +
			"error: the grant of xconnection {ns}/gone can't be adopted: that XConnection does not exist\n" +
			"If it is not to come back, revoke the app's access in the account's settings at X, since deleting the Secret does not: kubectl delete secret {grant1} -n {vault}\n",
	}, goneUID, oldUID))
	if got := v.adopts(); got.code != command.ExitNotReady {
		t.Errorf("without names the exit code is %d", got.code)
	}
	if anew.UID == oldUID || v.adopter(oldUID) != "" || v.adopter(goneUID) != "" {
		t.Error("a grant that can't be adopted was annotated")
	}
}

// TestAdoptNeverShowsTokens looks for them in all that is printed.
func TestAdoptNeverShowsTokens(t *testing.T) {
	v := newVault(t)
	agent := v.apply("agent", connected)
	v.stores("agent", agent.UID, otherCluster)
	for _, arguments := range [][]string{{"--dry-run=server"}, {}} {
		got := v.adopts(arguments...)
		if strings.Contains(got.out+got.err, "-of-agent") {
			t.Errorf("adopt %v shows a token:\n%s\n%s", arguments, got.out, got.err)
		}
	}
}

// TestAdoptNothing says so, and refuses nonsense.
func TestAdoptNothing(t *testing.T) {
	v := newVault(t)
	v.expect(v.adopts(), v.fillGrants(result{err: "There are no grants in the namespace {vault}: if that is not the operator's, name it with --grant-namespace.\n"}))
	native := v.apply("native", connected)
	v.stores("native", native.UID, v.here)
	v.expect(v.adopts(), result{err: "No grants of other clusters found for XConnections in the namespace {ns}.\n"})
	v.expect(v.adopts("--all-namespaces"), result{err: "No grants of other clusters found for XConnections in any namespace.\n"})
	v.expect(v.adopts("--dry-run=maybe"), result{code: command.ExitError, err: `error: --dry-run must be "none", "server" or "client", and is "maybe"
See 'kubectl xconnection adopt --help' for usage.
`})
}

// TestAdoptNeedsAnAdministrator names the right that is missing.
func TestAdoptNeedsAnAdministrator(t *testing.T) {
	v := newVault(t)
	config, err := v.cluster.ConfigFor("tenant-of-" + v.namespace)
	if err != nil {
		t.Fatal(err)
	}
	v.person = personWith(t, v.cluster, config, v.namespace)
	v.expect(v.adopts(), result{code: command.ExitError, err: `Error from server (Forbidden): reading this cluster's identity, the uid of the namespace kube-system: ` +
		`namespaces "kube-system" is forbidden: User "tenant-of-{ns}" cannot get resource "namespaces" in API group "" in the namespace "kube-system"` + "\n"})
}
