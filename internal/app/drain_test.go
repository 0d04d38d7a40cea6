// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// patience bounds every wait for something that must happen.
const patience = time.Minute

// heldX is an X that has done its part of a refresh, and whose answer is held until it
// is let go.
type heldX struct {
	*xsim.Server
	letGo chan struct{}
}

// ServeHTTP implements http.Handler.
func (x heldX) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	x.Server.ServeHTTP(answer, r)
	if r.URL.Path == xsim.PathToken && x.Counters().Refreshes > 0 {
		select {
		case <-x.letGo:
		case <-r.Context().Done():
			return
		}
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// draining is an operator in a process of its own, with one connection, that is to end
// in the middle of a refresh.
type draining struct {
	t        *testing.T
	cluster  *controlplane.ControlPlane
	x        heldX
	operator *child.Process
	// door is where it serves the consent pages until it is about to end.
	door              string
	grants, namespace string
	conn              *v1alpha1.XConnection
}

// TestDrain: a process that is asked to stop, or that loses its lease, while it waits
// for X's answer ends only once the answer is stored.
func TestDrain(t *testing.T) {
	for name, test := range map[string]struct {
		flag string
		end  func(*draining)
		code int
	}{
		"SIGTERM":      {"--leader-elect=false", (*draining).isAskedToStop, 0},
		"a lost lease": {"--leader-elect=true", (*draining).losesItsLease, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDraining(t, test.flag)
			d.connects()
			d.refreshes()
			test.end(d)
			d.holdsOn()
			close(d.x.letGo)
			select {
			case <-d.operator.Done():
			case <-time.After(patience):
				t.Fatal("it does not end although it has X's answer")
			}
			if code := d.operator.State().ExitCode(); code != test.code {
				t.Errorf("its exit code is %d, want %d", code, test.code)
			}
			d.checkStored()
		})
	}
}

func newDraining(t *testing.T, flags ...string) *draining {
	t.Helper()
	cluster := envtest.Cluster(t)
	d := &draining{
		t: t, cluster: cluster, x: heldX{Server: xsim.New(xsim.Config{}), letGo: make(chan struct{})}, door: envtest.FreeAddress(t),
		grants: envtest.Namespace(t, cluster, nil), namespace: envtest.Namespace(t, cluster, nil),
	}
	x := httptest.NewServer(d.x)
	t.Cleanup(x.Close)
	program, err := os.Executable()
	d.must(err)
	command := exec.Command(program, append(flags, //nolint:gosec // The test's own binary.
		"--components=controllers,callback",
		"--grant-namespace="+d.grants,
		"--namespaces="+d.namespace,
		"--callback-base-url=http://"+d.door,
		"--callback-bind-address="+d.door,
		"--metrics-bind-address=0",
		"--health-probe-bind-address=0",
		"--x-authorize-url="+x.URL+xsim.PathAuthorize,
		"--x-token-url="+x.URL+xsim.PathToken,
		"--x-revoke-url="+x.URL+xsim.PathRevoke,
		"--x-api-url="+x.URL,
	)...)
	command.Env = append(os.Environ(), asOperator+"=true", "KUBECONFIG="+cluster.Kubeconfig())
	command.Stderr = t.Output()
	d.operator, err = child.Start(command)
	d.must(err)
	t.Cleanup(func() { _ = d.operator.Kill() })
	return d
}

func (d *draining) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// until waits until something holds, with the connection as it is then.
func (d *draining) until(what string, holds func() bool) {
	d.t.Helper()
	err := wait.PollUntilContextTimeout(d.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		return holds(), d.cluster.Client().Get(ctx, client.ObjectKeyFromObject(d.conn), d.conn)
	})
	if err != nil {
		d.t.Fatalf("waiting for %s: %v; the status is %+v", what, err, d.conn.Status)
	}
}

// connects makes a connection, to which a person consents.
func (d *draining) connects() {
	d.t.Helper()
	const account = "jane_doe"
	d.x.RegisterApp(xsim.App{ClientID: "client", ClientSecret: "client-secret", RedirectURIs: []string{"http://" + d.door + "/oauth2/callback"}})
	d.x.RegisterAccount(account)
	app := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: "app", Labels: map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue}},
		StringData: map[string]string{v1alpha1.AppKeyClientID: "client", v1alpha1.AppKeyClientSecret: "client-secret"},
	}
	d.conn = &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: "agent"},
		Spec:       v1alpha1.XConnectionSpec{AuthMethod: v1alpha1.AuthOwn, AppSecretRef: &v1alpha1.SecretReference{Name: app.Name}},
	}
	for _, object := range []client.Object{app, d.conn} {
		d.must(d.cluster.Client().Create(d.t.Context(), object))
	}
	d.until("a link", func() bool { return d.conn.Status.AuthorizeURL != "" })
	_, err := xsim.Consent(d.t.Context(), nil, d.conn.Status.AuthorizeURL, xsim.Choice{Account: account})
	d.must(err)
	d.until("the connection", func() bool {
		return meta.IsStatusConditionTrue(d.conn.Status.Conditions, v1alpha1.ConditionReady)
	})
}

// refreshes has a person ask for a refresh, and waits until X has spent the token.
func (d *draining) refreshes() {
	d.t.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"now"}}}`, v1alpha1.AnnotationRefreshRequestedAt)
	d.must(d.cluster.Client().Patch(d.t.Context(), d.conn, client.RawPatch(types.MergePatchType, patch)))
	d.until("the refresh at X", func() bool { return d.x.Counters().Refreshes == 1 })
}

func (d *draining) isAskedToStop() {
	d.t.Helper()
	d.must(d.operator.Signal(syscall.SIGTERM))
}

// losesItsLease gives the lease to another, as whoever can't reach the API server for
// long finds it.
func (d *draining) losesItsLease() {
	d.t.Helper()
	var leases coordinationv1.LeaseList
	d.must(d.cluster.Client().List(d.t.Context(), &leases, client.InNamespace(d.grants)))
	if len(leases.Items) != 1 {
		d.t.Fatalf("there are %d leases, want the operator's", len(leases.Items))
	}
	patch := []byte(`{"spec":{"holderIdentity":"another"}}`)
	d.must(d.cluster.Client().Patch(d.t.Context(), &leases.Items[0], client.RawPatch(types.MergePatchType, patch)))
}

// holdsOn waits until the process is about to end, and sees that it does not.
func (d *draining) holdsOn() {
	d.t.Helper()
	d.until("the end of the consent pages", func() bool {
		conn, err := net.Dial("tcp", d.door)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	select {
	case <-d.operator.Done():
		d.t.Fatal("it ended while X's answer was on its way")
	case <-time.After(time.Second):
	}
}

// checkStored checks that X's answer to the refresh is what the grant holds.
func (d *draining) checkStored() {
	d.t.Helper()
	store := &grant.Store{Client: d.cluster.Client(), Live: d.cluster.Client(), Namespace: d.grants}
	g, err := store.GetLive(d.t.Context(), d.conn.UID)
	d.must(err)
	books := d.x.Books()
	last := books.Events[len(books.Events)-1]
	if g.Tokens.RefreshToken.Hash() != last.Refresh || g.Rotation != 2 || g.Journal.Attempt != nil {
		d.t.Errorf("the grant's rotation is %d, its attempt %v, its refresh token that of X's last answer: %t",
			g.Rotation, g.Journal.Attempt, g.Tokens.RefreshToken.Hash() == last.Refresh)
	}
	if books.Counters.Refreshes != 1 || books.Counters.Replays != 0 {
		d.t.Errorf("X refreshed %d times, and was shown a spent token %d times", books.Counters.Refreshes, books.Counters.Replays)
	}
}
