// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

// tenant is one namespace with its own app at X.
type tenant struct {
	*world
	t         testing.TB
	namespace string
	clientID  string
}

// newTenant makes a namespace that may use the shared app, and an Own app's Secret
// "own-app" in it.
func newTenant(t testing.TB) *tenant {
	t.Helper()
	namespace, err := shared.plane.CreateNamespace(t.Context(), "tenant-", map[string]string{"x": "allowed"})
	if err != nil {
		t.Fatal(err)
	}
	tn := &tenant{world: shared, t: t, namespace: namespace, clientID: "client-" + namespace}
	tn.x.RegisterApp(tn.xapp(tn.clientID))
	tn.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: "own-app",
			Labels: map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue},
		},
		Data: credentials(tn.clientID),
	})
	return tn
}

func (tn *tenant) create(object client.Object) {
	tn.t.Helper()
	if err := tn.plane.Client().Create(tn.t.Context(), object); err != nil {
		tn.t.Fatal(err)
	}
}

// connection makes an XConnection with the namespace's own app, changed as wanted.
func (tn *tenant) connection(name string, change ...func(*v1alpha1.XConnection)) *v1alpha1.XConnection {
	tn.t.Helper()
	conn := &v1alpha1.XConnection{
		ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: name},
		Spec: v1alpha1.XConnectionSpec{
			AuthMethod:   v1alpha1.AuthOwn,
			AppSecretRef: &v1alpha1.SecretReference{Name: "own-app"},
		},
	}
	for _, apply := range change {
		apply(conn)
	}
	tn.create(conn)
	return conn
}

// useShared makes a connection use the cluster's default app.
func useShared(conn *v1alpha1.XConnection) {
	conn.Spec.AuthMethod, conn.Spec.AppSecretRef = v1alpha1.AuthShared, nil
}

// eventually waits until a condition of the object holds.
func (tn *tenant) eventually(what string, conn *v1alpha1.XConnection, holds func(*v1alpha1.XConnection) bool) {
	tn.t.Helper()
	err := wait.PollUntilContextTimeout(tn.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if err := tn.plane.Client().Get(ctx, client.ObjectKeyFromObject(conn), conn); err != nil {
			return false, err
		}
		return holds(conn), nil
	})
	if err != nil {
		status, _ := json.MarshalIndent(conn.Status, "", "  ")
		tn.t.Fatalf("%s: %v; the status is %s", what, err, status)
	}
}

// reaches waits until Ready has a status and a reason.
func (tn *tenant) reaches(conn *v1alpha1.XConnection, status metav1.ConditionStatus, reason string) {
	tn.t.Helper()
	tn.eventually("waiting for Ready="+string(status)+", "+reason, conn, func(conn *v1alpha1.XConnection) bool {
		ready := meta.FindStatusCondition(conn.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Status == status && ready.Reason == reason && ready.ObservedGeneration == conn.Generation
	})
}

// link waits for the link and gives it.
func (tn *tenant) link(conn *v1alpha1.XConnection) string {
	tn.t.Helper()
	tn.eventually("waiting for a link", conn, func(conn *v1alpha1.XConnection) bool { return conn.Status.AuthorizeURL != "" })
	return conn.Status.AuthorizeURL
}

// consent walks the flow as a browser would.
func (tn *tenant) consent(conn *v1alpha1.XConnection, choice xsim.Choice) *xsim.Page {
	tn.t.Helper()
	if choice.Account != "" {
		tn.x.RegisterAccount(choice.Account)
	}
	page, err := xsim.Consent(tn.t.Context(), nil, tn.link(conn), choice)
	if err != nil {
		tn.t.Fatalf("walking the consent: %v (page %+v)", err, page)
	}
	_, _ = tn.pages.Write([]byte(page.Body))
	return page
}

// connect makes a connection and consents.
func (tn *tenant) connect(name, account string, change ...func(*v1alpha1.XConnection)) *v1alpha1.XConnection {
	tn.t.Helper()
	conn := tn.connection(name, change...)
	tn.consent(conn, xsim.Choice{Account: account})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	return conn
}

// token reads the token Secret.
func (tn *tenant) token(conn *v1alpha1.XConnection) *corev1.Secret {
	tn.t.Helper()
	token := &corev1.Secret{}
	key := types.NamespacedName{Namespace: conn.Namespace, Name: conn.TokenSecretName()}
	if err := tn.plane.Client().Get(tn.t.Context(), key, token); err != nil {
		tn.t.Fatal(err)
	}
	return token
}

// alter changes the object, again if somebody else was first.
func (tn *tenant) alter(conn *v1alpha1.XConnection, change func(*v1alpha1.XConnection)) {
	tn.t.Helper()
	for {
		if err := tn.plane.Client().Get(tn.t.Context(), client.ObjectKeyFromObject(conn), conn); err != nil {
			tn.t.Fatal(err)
		}
		change(conn)
		err := tn.plane.Client().Update(tn.t.Context(), conn)
		if err == nil {
			return
		}
		if !apierrors.IsConflict(err) {
			tn.t.Fatal(err)
		}
	}
}

// gone waits until an object does not exist any more.
func (tn *tenant) gone(object client.Object) {
	tn.t.Helper()
	err := wait.PollUntilContextTimeout(tn.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := tn.plane.Client().Get(ctx, client.ObjectKeyFromObject(object), object)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	if err != nil {
		tn.t.Fatalf("waiting for %s %s to go: %v", object.GetNamespace(), object.GetName(), err)
	}
}

// tokensOf are the records of all tokens that were issued to the tenant's own app.
func (tn *tenant) tokensOf() []xsim.TokenRecord {
	var records []xsim.TokenRecord
	for _, record := range tn.x.Books().Tokens {
		if record.ClientID == tn.clientID {
			records = append(records, record)
		}
	}
	return records
}

// waitFor waits until something holds.
func (tn *tenant) waitFor(what string, holds func() bool) {
	tn.t.Helper()
	err := wait.PollUntilContextTimeout(tn.t.Context(), 50*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return holds(), nil
	})
	if err != nil {
		tn.t.Fatalf("waiting for %s: %v", what, err)
	}
}

// says waits until Ready is False with a reason and a text in its message.
func (tn *tenant) says(conn *v1alpha1.XConnection, reason, text string) {
	tn.t.Helper()
	tn.eventually("waiting for "+reason+": "+text, conn, func(conn *v1alpha1.XConnection) bool {
		ready := conditionOf(conn, v1alpha1.ConditionReady)
		return ready.Status == metav1.ConditionFalse && ready.Reason == reason && strings.Contains(ready.Message, text)
	})
}

func conditionOf(conn *v1alpha1.XConnection, kind string) metav1.Condition {
	if condition := meta.FindStatusCondition(conn.Status.Conditions, kind); condition != nil {
		return *condition
	}
	return metav1.Condition{}
}

func hasCondition(conn *v1alpha1.XConnection, kind string) bool {
	return meta.IsStatusConditionTrue(conn.Status.Conditions, kind)
}

func (tn *tenant) update(object client.Object) {
	tn.t.Helper()
	if err := tn.plane.Client().Update(tn.t.Context(), object); err != nil {
		tn.t.Fatal(err)
	}
}

// newSecret gives the tenant's app another secret, at X and in its Secret.
func (tn *tenant) newSecret() {
	tn.t.Helper()
	app := tn.xapp(tn.clientID)
	app.ClientSecret += "-renewed"
	tn.x.RegisterApp(app)
	stored := &corev1.Secret{}
	key := types.NamespacedName{Namespace: tn.namespace, Name: "own-app"}
	if err := tn.plane.Client().Get(tn.t.Context(), key, stored); err != nil {
		tn.t.Fatal(err)
	}
	stored.Data[v1alpha1.AppKeyClientSecret] = []byte(app.ClientSecret)
	tn.update(stored)
}

// hasEvent waits for an event on an object.
func (tn *tenant) hasEvent(object client.Object, reason string) {
	tn.t.Helper()
	tn.waitFor("the event "+reason, func() bool {
		var list eventsv1.EventList
		if tn.plane.Client().List(tn.t.Context(), &list, client.InNamespace(object.GetNamespace())) != nil {
			return false
		}
		return slices.ContainsFunc(list.Items, func(event eventsv1.Event) bool {
			return event.Regarding.UID == object.GetUID() && event.Reason == reason
		})
	})
}
