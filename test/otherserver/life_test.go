// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package otherserver walks a connection's whole life with the operator's own
// binary, given nothing but flags, at an authorization server that is not ours: it
// is made of github.com/ory/fosite. What the operator relies on is therefore RFC
// 6749, RFC 7636 and RFC 7009, and not what our simulator of X happens to do.
//
// The package is a module of its own, so that the server's dependencies are not the
// operator's.
package otherserver

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/ory/fosite"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/controlplane"
)

// operatorNamespace is the operator's own, as config/default names it.
const operatorNamespace = "x-operator-system"

// world is the cluster, the server, and the connection that lives there.
type world struct {
	t      *testing.T
	client client.Client
	server *server
	conn   *v1alpha1.XConnection
}

// TestLife: apply, consent, use, refresh, delete.
func TestLife(t *testing.T) {
	binary := build(t)
	plane, kubeconfig := newCluster(t)
	address := freeAddress(t)
	w := &world{t: t, client: plane.Client(), server: newServer(t, "http://"+address+"/oauth2/callback")}
	o := startOperator(t, binary, kubeconfig, address, w.server.flags()...)
	w.apply(plane)

	w.connects()
	first := w.tokenWorks()
	w.refreshes()
	if second := w.tokenWorks(); second == first {
		t.Error("after a refresh the token Secret holds the old token")
	}
	w.ends()
	w.showsNoToken(o.stop(t))
}

// newCluster starts a control plane with the shipped manifests, and gives it with a
// kubeconfig of the operator's service account.
func newCluster(t *testing.T) (*controlplane.ControlPlane, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // It may have to be built.
	defer cancel()
	plane, err := controlplane.Start(ctx, controlplane.Options{ControllerManager: true, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	if _, err := plane.Kubectl(ctx, "apply", "--server-side", "-k", "../../config/default"); err != nil {
		t.Fatal(err)
	}
	config, err := plane.ServiceAccountConfig(ctx, operatorNamespace, "x-operator-controllers")
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := plane.WriteKubeconfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return plane, kubeconfig
}

// apply offers the app to a tenant's namespace and makes a connection there.
func (w *world) apply(plane *controlplane.ControlPlane) {
	w.t.Helper()
	labels := map[string]string{"x": "allowed"}
	namespace, err := plane.CreateNamespace(w.t.Context(), "tenant", labels)
	if err != nil {
		w.t.Fatal(err)
	}
	w.conn = &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "agent"},
		Spec:       v1alpha1.XConnectionSpec{AuthMethod: v1alpha1.AuthShared, AppName: "acme", Scopes: scopes},
	}
	w.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "acme-x-app"},
		StringData: map[string]string{v1alpha1.AppKeyClientID: clientID, v1alpha1.AppKeyClientSecret: clientSecret},
	})
	w.create(&v1alpha1.XApp{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec: v1alpha1.XAppSpec{
			CredentialsSecretRef: v1alpha1.SecretReference{Name: "acme-x-app"},
			AllowedNamespaces:    &v1alpha1.AllowedNamespaces{Selector: &metav1.LabelSelector{MatchLabels: labels}},
		},
	})
	w.create(w.conn)
}

func (w *world) create(object client.Object) {
	w.t.Helper()
	if err := w.client.Create(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

// connects opens the link in status and follows it to the end.
func (w *world) connects() {
	w.t.Helper()
	w.until("a link", func() bool { return w.conn.Status.AuthorizeURL != "" })
	if status, page := consent(w.t, w.conn.Status.AuthorizeURL); status != http.StatusOK {
		w.t.Fatalf("the consent ended with HTTP %d: %s", status, page)
	}
	w.until("Ready", func() bool {
		return meta.IsStatusConditionTrue(w.conn.Status.Conditions, v1alpha1.ConditionReady)
	})
	if got := w.conn.Status; got.UserID != userID || got.Username != username || got.Rotation != 1 {
		w.t.Errorf("connected, the status is %+v", got)
	}
}

// tokenWorks calls the API with what an agent finds in the token Secret, and gives
// that token.
func (w *world) tokenWorks() string {
	w.t.Helper()
	stored := &corev1.Secret{}
	key := client.ObjectKey{Namespace: w.conn.Namespace, Name: w.conn.TokenSecretName()}
	if err := w.client.Get(w.t.Context(), key, stored); err != nil {
		w.t.Fatal(err)
	}
	access := string(stored.Data[v1alpha1.TokenKeyAccessToken])
	want := `{"data":{"id":"4711","name":"Jane Doe","username":"jane_doe"}}`
	if status, page := whoami(w.t, w.server, access); status != http.StatusOK || page != want {
		w.t.Errorf("with the token in the Secret, users/me answers HTTP %d: %s", status, page)
	}
	return access
}

// refreshes asks for a refresh by annotation: the server rotates the refresh token.
func (w *world) refreshes() {
	w.t.Helper()
	before := w.conn.DeepCopy()
	metav1.SetMetaDataAnnotation(&w.conn.ObjectMeta, v1alpha1.AnnotationRefreshRequestedAt, "now")
	if err := w.client.Patch(w.t.Context(), w.conn, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
	w.until("the refresh", func() bool { return w.conn.Status.LastHandledRefreshAt == "now" })
	if w.conn.Status.Rotation != 2 {
		w.t.Errorf("after one refresh the rotation is %d", w.conn.Status.Rotation)
	}
	answers := w.server.given()
	if len(answers) != 2 {
		w.t.Fatalf("the server gave tokens %d times: once for the code and once for the refresh is right", len(answers))
	}
	if w.server.alive(w.t, answers[0].refresh, fosite.RefreshToken) {
		w.t.Error("the first refresh token is alive after the refresh")
	}
	if !w.server.alive(w.t, answers[1].refresh, fosite.RefreshToken) {
		w.t.Error("the second refresh token is dead after the refresh")
	}
}

// ends deletes the connection: when it is gone, the server takes no token of it.
func (w *world) ends() {
	w.t.Helper()
	if err := w.client.Delete(w.t.Context(), w.conn); err != nil {
		w.t.Fatal(err)
	}
	waitFor(w.t, "the connection to be gone", func(ctx context.Context) bool {
		return apierrors.IsNotFound(w.client.Get(ctx, client.ObjectKeyFromObject(w.conn), w.conn))
	})
	for i, answer := range w.server.given() {
		if w.server.alive(w.t, answer.refresh, fosite.RefreshToken) || w.server.alive(w.t, answer.access, fosite.AccessToken) {
			w.t.Errorf("a token of answer %d is alive after the deletion", i+1)
		}
	}
}

// showsNoToken looks for what the server issued, and for the app's secret, in the
// operator's log, which is at its highest verbosity.
func (w *world) showsNoToken(log []byte) {
	w.t.Helper()
	if len(log) == 0 {
		w.t.Error("the operator logged nothing: the check would prove nothing")
	}
	secrets := []string{clientSecret}
	for _, answer := range w.server.given() {
		secrets = append(secrets, answer.access, answer.refresh)
	}
	for _, secret := range secrets {
		if bytes.Contains(log, []byte(secret)) {
			w.t.Error("the operator's log shows a token or the app's secret")
		}
	}
}

// until waits until something holds of the connection.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	waitFor(w.t, what, func(ctx context.Context) bool {
		return w.client.Get(ctx, client.ObjectKeyFromObject(w.conn), w.conn) == nil && holds()
	})
}
