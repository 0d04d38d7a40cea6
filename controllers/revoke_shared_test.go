// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// grantsAmong is a store of grants among other objects, with the indexes of the cache.
func grantsAmong(t *testing.T, objects ...client.Object) (client.Client, *grant.Store) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&corev1.Secret{}, indexGrantee, granteeHashesOf).Build()
	return api, &grant.Store{Client: api, Live: api, Namespace: "operator", ClusterID: "cluster"}
}

// How far a revocation reaches is not known: where another connection lives on the
// account, or may, X is not asked.
func TestSharedWithOthers(t *testing.T) {
	for name, test := range map[string]struct {
		of     grant.Grantee
		shared bool
	}{
		"another's account":         {grant.Grantee{ClientID: "client", UserID: "7"}, true},
		"nobody's account":          {grant.Grantee{ClientID: "client", UserID: "8"}, false},
		"an account nobody knows":   {grant.Grantee{ClientID: "client"}, true},
		"the same, of an app alone": {grant.Grantee{ClientID: "other"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			api, store := grantsAmong(t)
			given := &grant.Grant{Owner: grant.Owner{Namespace: "team", Name: "given", UID: "1"}, ClusterID: "cluster"}
			given, err := store.Create(t.Context(), given)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := store.Create(t.Context(), &grant.Grant{
				Owner: grant.Owner{Namespace: "other", Name: "living", UID: "2"}, ClusterID: "cluster",
				Account: grant.Account{UserID: "7"},
				Tokens:  &grant.Tokens{App: grant.App{ClientID: "client"}, AccessToken: secret.New("access")},
			}); err != nil {
				t.Fatal(err)
			}
			if got, err := revokeOptions(api, store).Shared(t.Context(), given, test.of); err != nil || got != test.shared {
				t.Errorf("shared is %t (%v), want %t", got, err, test.shared)
			}
		})
	}
}

// An XApp may name another Secret of the same app since the tokens were issued.
func TestCredentialsOfAnXAppWhoseSecretMoved(t *testing.T) {
	credentials := func(name, clientID string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "operator", Name: name},
			Data: map[string][]byte{"clientId": []byte(clientID), "clientSecret": []byte("hidden")}}
	}
	xapp := func(secretName string) *v1alpha1.XApp {
		return &v1alpha1.XApp{ObjectMeta: metav1.ObjectMeta{Name: "acme"},
			Spec: v1alpha1.XAppSpec{CredentialsSecretRef: v1alpha1.SecretReference{Name: secretName}}}
	}
	issued := grant.App{ClientID: "client", XApp: "acme", SecretName: "before"}
	for name, test := range map[string]struct {
		objects []client.Object
		found   bool
	}{
		"where they were":          {[]client.Object{xapp("before"), credentials("before", "client")}, true},
		"where the XApp says":      {[]client.Object{xapp("now"), credentials("now", "client")}, true},
		"of another app":           {[]client.Object{xapp("now"), credentials("now", "other")}, false},
		"nowhere":                  {[]client.Object{xapp("before")}, false},
		"the XApp is gone as well": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			api, store := grantsAmong(t, test.objects...)
			got, err := revokeOptions(api, store).Credentials(t.Context(), issued)
			if test.found && (err != nil || got.ClientID != "client" || got.ClientSecret.Reveal() != "hidden") {
				t.Errorf("the credentials are of %q (%v)", got.ClientID, err)
			}
			if !test.found && !errors.Is(err, grant.ErrNoCredentials) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
