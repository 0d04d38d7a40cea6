// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

// echoes remembers which versions of Secrets were written by passes. A pass goes on
// after a write until nothing is left to do, or comes again by itself if it fails: the
// event of its own write tells it nothing, and a refresh would cost a second pass.
// What anybody else writes, the consent door of this process included, has another
// version. An event that comes before its version is noted is looked at, as any other.
type echoes struct {
	mu       sync.Mutex
	versions map[types.NamespacedName]string
}

func (e *echoes) note(written types.NamespacedName, version string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.versions == nil {
		e.versions = map[types.NamespacedName]string{}
	}
	e.versions[written] = version
}

// take tells whether an object is as a pass wrote it, and forgets that version: it
// comes once.
func (e *echoes) take(object client.Object) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	key := client.ObjectKeyFromObject(object)
	if version, noted := e.versions[key]; !noted || version != object.GetResourceVersion() {
		return false
	}
	delete(e.versions, key)
	return true
}

func (e *echoes) forget(objects ...types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, object := range objects {
		delete(e.versions, object)
	}
}

// grantKey and tokenKey name the Secrets of a connection.
func (r *XConnectionReconciler) grantKey(conn *v1alpha1.XConnection) types.NamespacedName {
	return types.NamespacedName{Namespace: r.Store.Namespace, Name: grant.SecretName(conn.UID)}
}

func tokenKey(conn *v1alpha1.XConnection) types.NamespacedName {
	return types.NamespacedName{Namespace: conn.Namespace, Name: conn.TokenSecretName()}
}

// isEcho tells whether the change of a Secret is a pass's own: what it wrote, or the
// intent of a refresh that it is in the middle of.
func (r *XConnectionReconciler) isEcho(stored *corev1.Secret) bool {
	if r.echoes.take(stored) {
		return true
	}
	if stored.Namespace != r.Store.Namespace || stored.Labels[grant.LabelGrant] == "" {
		return false
	}
	attempt := grant.AttemptIn(stored)
	if attempt == nil {
		return false
	}
	mine, _ := r.Redeemer.Seen(*attempt)
	return mine
}
