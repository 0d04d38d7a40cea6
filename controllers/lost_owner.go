// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// lostOwner tells whether a Secret under the token Secret's name, which nobody owns, holds
// a token of the connected account: then it is this connection's, from before a restore
// or an edit that took its owner away, and is taken over. A Secret's type never changes, so
// that nothing else is mistaken for one.
func lostOwner(g *grant.Grant, present *corev1.Secret) bool {
	return metav1.GetControllerOf(present) == nil && present.Type == v1alpha1.SecretTypeToken &&
		g != nil && g.Tokens != nil && g.Account.UserID != "" &&
		string(present.Data[v1alpha1.TokenKeyUserID]) == g.Account.UserID
}

// conflictOver says whose a Secret under the token Secret's name is; empty if it is this
// connection's own, or is to be.
func (s *scope) conflictOver(present *corev1.Secret) string {
	if lostOwner(s.grant, present) {
		return ""
	}
	return tokenOwner(s.conn, present)
}

// ownerOf is the reference by which a token Secret goes with its connection.
func ownerOf(conn *v1alpha1.XConnection) metav1.OwnerReference {
	return *metav1.NewControllerRef(conn, v1alpha1.GroupVersion.WithKind("XConnection"))
}
