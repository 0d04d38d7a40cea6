// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// TestTokenWithoutOwner: a token Secret that lost its owner is taken over if it holds the
// account's token, and what others set on it stays. Any other is left alone.
func TestTokenWithoutOwner(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*scope)
		takenOver bool
	}{
		"of the account": {func(*scope) {}, true},
		"of an earlier rotation, without labels": {func(s *scope) {
			s.token.Labels, s.token.Annotations = nil, nil
			s.token.Data[v1alpha1.TokenKeyAccessToken] = []byte("earlier")
		}, true},
		"of another account": {func(s *scope) { s.token.Data[v1alpha1.TokenKeyUserID] = []byte("2") }, false},
		"of no account":      {func(s *scope) { delete(s.token.Data, v1alpha1.TokenKeyUserID) }, false},
		"of another type":    {func(s *scope) { s.token.Type = corev1.SecretTypeOpaque }, false},
		"while X has not told whose it is": {func(s *scope) {
			s.grant.Account.UserID = ""
			delete(s.token.Data, v1alpha1.TokenKeyUserID)
		}, false},
		"while nobody is connected": {func(s *scope) { s.grant.Tokens = nil }, false},
		"of another XConnection": {func(s *scope) {
			s.token.OwnerReferences = []metav1.OwnerReference{ownerOf(&v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{Name: "other", UID: "other"}})}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := connectedScope()
			s.token.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "1"}}
			test.change(s)
			var writes []string
			r := keeping(s.token, &writes)
			var err error
			if s.token, s.tokenConflict, err = r.tokenSecret(t.Context(), s.conn, s.token.Name, s.conflictOver); err != nil {
				t.Fatal(err)
			}
			if taken := s.tokenConflict == ""; taken != test.takenOver || needsPublishing(s) != test.takenOver {
				t.Fatalf("the conflict is %q, to be written: %t", s.tokenConflict, needsPublishing(s))
			}
			if !test.takenOver {
				return
			}
			if err := r.publish(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			stored := &corev1.Secret{}
			if err := r.Get(t.Context(), client.ObjectKeyFromObject(s.token), stored); err != nil {
				t.Fatal(err)
			}
			if tokenOwner(s.conn, stored) != "" || len(stored.OwnerReferences) != 2 || !isDesired(s.grant, stored) {
				t.Errorf("the Secret is %+v", stored)
			}
		})
	}
}
