// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// TestForeignTokenSecret: a Secret that is not ours is never touched.
func TestForeignTokenSecret(t *testing.T) {
	tn := newTenant(t)
	foreign := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "agent-x-token"},
		Data:       map[string][]byte{"precious": []byte("value")},
	}
	tn.create(foreign)
	conn := tn.connection("agent")
	tn.consent(conn, xsim.Choice{Account: "squatter"})
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonTokenSecretConflict)
	if present := tn.token(conn); present.ResourceVersion != foreign.ResourceVersion {
		t.Errorf("the foreign Secret was touched: %+v", present.ObjectMeta)
	}
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.TokenSecretName = "another" })
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.checkToken(conn)
}

// TestSecretQuota: a namespace that has no room for the token Secret is told so, and
// its tokens are kept fresh all the same.
func TestSecretQuota(t *testing.T) {
	tn := newTenant(t)
	none := corev1.ResourceList{corev1.ResourceSecrets: resource.MustParse("0")}
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "full"},
		Spec:       corev1.ResourceQuotaSpec{Hard: none},
	}
	tn.create(quota)
	// Written by a controller that does not run here.
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none}
	if err := tn.plane.Client().Status().Update(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	conn := tn.connection("agent")
	tn.consent(conn, xsim.Choice{Account: "crowded"})
	tn.says(conn, v1alpha1.ReasonTokenSecretConflict, "exceeded quota")
	tn.refreshNow(conn, "all the same")
	tn.eventually("waiting for the refresh", conn, func(conn *v1alpha1.XConnection) bool { return conn.Status.Rotation == 2 })
	if err := tn.plane.Client().Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.checkToken(conn)
}

// TestAppSecret: a Secret of an Own app that is missing, without the label, or
// without a key is told apart, and its coming is noticed.
func TestAppSecret(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent", func(conn *v1alpha1.XConnection) { conn.Spec.AppSecretRef.Name = "late" })
	tn.says(conn, v1alpha1.ReasonInvalidConfig, "does not exist")
	late := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "late"},
		Data:       map[string][]byte{v1alpha1.AppKeyClientID: []byte(tn.clientID)},
	}
	tn.create(late)
	// An unlabelled Secret is not watched: only a change of the object looks again.
	tn.alter(conn, func(conn *v1alpha1.XConnection) { conn.Spec.Username = "late_app" })
	tn.says(conn, v1alpha1.ReasonInvalidConfig, "lacks the label")
	late.Labels = map[string]string{v1alpha1.LabelApp: v1alpha1.LabelAppValue}
	tn.update(late)
	tn.says(conn, v1alpha1.ReasonInvalidConfig, `"clientSecret"`)
	late.Data = credentials(tn.clientID)
	tn.update(late)
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	tn.consent(conn, xsim.Choice{Account: "late_app"})
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestXAppTerms: an XApp says which namespaces may use it and which scopes may be asked
// for; a namespace that loses the right is told so, and its grant is kept. All of an
// XApp's terms are in the table of controllers/app_test.go.
func TestXAppTerms(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connect("agent", "guest", useShared)
	greedy := tn.connection("greedy", useShared, func(conn *v1alpha1.XConnection) { conn.Spec.Scopes = []string{"tweet.read", "dm.read"} })
	tn.says(greedy, v1alpha1.ReasonInvalidConfig, "does not allow the scopes dm.read")

	namespace := &corev1.Namespace{}
	if err := tn.plane.Client().Get(t.Context(), types.NamespacedName{Name: tn.namespace}, namespace); err != nil {
		t.Fatal(err)
	}
	delete(namespace.Labels, "x")
	tn.update(namespace)
	tn.says(conn, v1alpha1.ReasonInvalidConfig, "does not allow the namespace")
	if !hasCondition(conn, v1alpha1.ConditionStalled) {
		t.Error("a namespace that lost the right is not Stalled")
	}
	namespace.Labels["x"] = "allowed"
	tn.update(namespace)
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.refreshNow(conn, "after the right came back")
	tn.checkToken(conn)
}

// TestTenantsApart: two tenants with the same names side by side have their own
// tokens, and the link of one does not work for the other.
func TestTenantsApart(t *testing.T) {
	one, two := newTenant(t), newTenant(t)
	a, b := one.connect("agent", "tenant_one"), two.connect("agent", "tenant_two")
	tokenA, tokenB := one.checkToken(a), two.checkToken(b)
	if tokenA == tokenB {
		t.Error("two tenants hold the same token")
	}
	for _, record := range one.tokensOf() {
		if record.Hash == xsim.Hash(tokenB) {
			t.Error("the second tenant's token was issued to the first tenant's app")
		}
	}
	third := two.connection("third")
	stolen := strings.Replace(two.link(third), "/"+two.namespace+"/", "/"+one.namespace+"/", 1)
	if page, err := xsim.Consent(t.Context(), nil, stolen, xsim.Choice{}); err == nil {
		t.Errorf("a link works for another object: %+v", page)
	}
}

// TestOperatorNamespace: XConnections in the grants' namespace are refused.
func TestOperatorNamespace(t *testing.T) {
	tn := &tenant{world: shared, t: t, namespace: operatorNamespace}
	conn := tn.connection("intruder", useShared)
	tn.says(conn, v1alpha1.ReasonInvalidConfig, "operator's own namespace")
	if err := tn.plane.Client().Delete(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	tn.gone(conn)
}

// TestAgent: a missing workload is told, stands in nothing's way, and its coming
// and going are noticed.
func TestAgent(t *testing.T) {
	tn := newTenant(t)
	conn := tn.connection("agent", func(conn *v1alpha1.XConnection) {
		conn.Spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "bot"}
	})
	tn.consent(conn, xsim.Choice{Account: "agentless"})
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonAgentNotFound)
	tn.refreshNow(conn, "all the same")
	tn.checkToken(conn)

	labels := map[string]string{"app": "bot"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: tn.namespace, Name: "bot"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "bot", Image: "example.com/bot:v1"}}},
			},
		},
	}
	tn.create(deployment)
	tn.reaches(conn, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if err := tn.plane.Client().Delete(t.Context(), deployment); err != nil {
		t.Fatal(err)
	}
	tn.reaches(conn, metav1.ConditionFalse, v1alpha1.ReasonAgentNotFound)
}

// TestAppStays: to mark another XApp as the default one ends no connection, and those that
// are made from then on use the new one.
func TestAppStays(t *testing.T) {
	tn := newTenant(t)
	stays := tn.connect("stays", "stays", useShared)
	invited := tn.connection("invited", useShared)
	tn.reaches(invited, metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	tn.x.RegisterApp(tn.xapp(tn.clientID + "-next"))
	tn.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: tn.clientID + "-next"},
		Data:       credentials(tn.clientID + "-next"),
	})
	next := &v1alpha1.XApp{
		ObjectMeta: metav1.ObjectMeta{Name: tn.clientID + "-next", Annotations: map[string]string{v1alpha1.AnnotationDefaultApp: "true"}},
		Spec: v1alpha1.XAppSpec{
			CredentialsSecretRef: v1alpha1.SecretReference{Name: tn.clientID + "-next"},
			AllowedNamespaces:    &v1alpha1.AllowedNamespaces{Selector: &metav1.LabelSelector{}},
		},
	}
	tn.create(next)
	defer func() {
		tn.delete(next)
		tn.markDefault(sharedApp, "true")
	}()
	tn.markDefault(sharedApp, "false")

	tn.eventually("waiting for the invitation to the new default app", invited, func(conn *v1alpha1.XConnection) bool {
		return conn.Status.AppName == next.Name
	})
	tn.refreshNow(stays, "after the default moved")
	tn.reaches(stays, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if stays.Status.AppName != sharedApp || stays.Status.AuthorizeURL != "" {
		t.Errorf("after the default moved the status is %+v", stays.Status)
	}
	tn.checkToken(stays)
	tn.consent(invited, xsim.Choice{Account: "invited"})
	tn.reaches(invited, metav1.ConditionTrue, v1alpha1.ReasonConnected)
	tn.waitFor("the count of those that use the new app", func() bool { return tn.countedRight(next) })
	// Named, another app takes a new consent, and both are told.
	tn.alter(stays, func(conn *v1alpha1.XConnection) { conn.Spec.AppName = next.Name })
	tn.says(stays, v1alpha1.ReasonReauthorizationRequired, `consented to the XApp "`+sharedApp+`"`)
	tn.says(stays, v1alpha1.ReasonReauthorizationRequired, `is to use the XApp "`+next.Name+`"`)
}

// countedRight tells whether an XApp counts those whose status names it. Connections of other
// tests, which nobody consented to, may be among them.
func (tn *tenant) countedRight(xapp *v1alpha1.XApp) bool {
	var list v1alpha1.XConnectionList
	if err := tn.plane.Client().List(tn.t.Context(), &list); err != nil {
		tn.t.Fatal(err)
	}
	if err := tn.plane.Client().Get(tn.t.Context(), client.ObjectKeyFromObject(xapp), xapp); err != nil {
		tn.t.Fatal(err)
	}
	users := slices.DeleteFunc(list.Items, func(conn v1alpha1.XConnection) bool { return conn.Status.AppName != xapp.Name })
	return len(users) > 0 && int(xapp.Status.Connections) == len(users)
}

// markDefault says whether an XApp is the default one.
func (tn *tenant) markDefault(name, value string) {
	tn.t.Helper()
	xapp := &v1alpha1.XApp{}
	// A test that ended still puts back what others need.
	ctx := context.WithoutCancel(tn.t.Context())
	if err := tn.plane.Client().Get(ctx, types.NamespacedName{Name: name}, xapp); err != nil {
		tn.t.Fatal(err)
	}
	before := xapp.DeepCopy()
	metav1.SetMetaDataAnnotation(&xapp.ObjectMeta, v1alpha1.AnnotationDefaultApp, value)
	if err := tn.plane.Client().Patch(ctx, xapp, client.MergeFrom(before)); err != nil {
		tn.t.Fatal(err)
	}
}
