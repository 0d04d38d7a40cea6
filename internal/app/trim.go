// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/controllers"
)

// What tenants write may be as large as the API server takes, a megabyte and more, and
// caches hold all of it, for all tenants. Before a cache takes an object, what nobody
// here reads goes: no tenant may be able to fill a process's memory with it.

const (
	// ours begins the names of annotations and labels that are read.
	ours = "x.agentconnect.dev/"
	// longestValue is how much is kept of a value of a Secret, in bytes: X's tokens and
	// credentials have some hundred characters.
	longestValue = 8 << 10
	// otherData stands in a cached token Secret for what it should not hold: it is no
	// name that a key can have. The Secret is seen to differ, and is written anew.
	otherData = "/"
)

// trimmed gives a transformation that leaves out before it goes on.
func trimmed(leaveOut func(object any), next toolscache.TransformFunc) toolscache.TransformFunc {
	return func(object any) (any, error) {
		leaveOut(object)
		return next(object)
	}
}

// trimAuthored leaves others' annotations and labels out of an XConnection or XPost.
// These are patched, never written whole: nothing is lost.
func trimAuthored(object any) {
	authored, ok := object.(metav1.Object)
	if !ok {
		// A tombstone of client-go's: it holds what went through here before.
		return
	}
	annotations := onlyOurs(authored.GetAnnotations())
	for key, value := range annotations {
		annotations[key] = controllers.Digested(value)
	}
	authored.SetAnnotations(annotations)
	authored.SetLabels(onlyOurs(authored.GetLabels()))
}

// onlyOurs leaves others' entries out of labels or annotations.
func onlyOurs(entries map[string]string) map[string]string {
	maps.DeleteFunc(entries, func(key, _ string) bool { return !strings.HasPrefix(key, ours) })
	if len(entries) == 0 {
		return nil
	}
	return entries
}

// trimToken leaves out of a token Secret what the operator did not write there, but for
// labels and annotations: it is written whole, and those of others stay.
func trimToken(object any) {
	stored, ok := object.(*corev1.Secret)
	if !ok {
		return
	}
	known := []string{
		v1alpha1.TokenKeyAccessToken, v1alpha1.TokenKeyTokenType, v1alpha1.TokenKeyExpiresAt,
		v1alpha1.TokenKeyScope, v1alpha1.TokenKeyUsername, v1alpha1.TokenKeyUserID,
	}
	before := len(stored.Data)
	maps.DeleteFunc(stored.Data, func(key string, value []byte) bool {
		return !slices.Contains(known, key) || len(value) > longestValue
	})
	if len(stored.Data) < before {
		stored.Data[otherData] = nil
	}
}

// trimApp leaves all but the credentials out of an app's Secret, which is only read;
// of values that are too long for credentials, as much as shows it.
func trimApp(object any) {
	stored, ok := object.(*corev1.Secret)
	if !ok {
		return
	}
	maps.DeleteFunc(stored.Data, func(key string, _ []byte) bool {
		return key != v1alpha1.AppKeyClientID && key != v1alpha1.AppKeyClientSecret
	})
	for key, value := range stored.Data {
		stored.Data[key] = bytes.Clone(value[:min(len(value), longestValue)])
	}
	stored.Annotations = nil
}
