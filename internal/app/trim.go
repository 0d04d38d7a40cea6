// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/controllers"
	"github.com/agentconnect/x-operator/internal/partial"
)

// What tenants write may be as large as the API server takes, a megabyte and more, and
// caches hold all of it, for all tenants. Before a cache takes an object, what nobody
// here reads goes: no tenant may be able to fill a process's memory with it.

const (
	// longestValue is how much is kept of a value of a Secret, in bytes: X's tokens and
	// credentials have some hundred characters.
	longestValue = 8 << 10
	// longestList is how much is kept of others' finalizers on an object, and longestOthers
	// of all that others put on a token Secret, in bytes.
	longestList   = 1 << 10
	longestOthers = 4 << 10
	// otherData stands in a cached token Secret for what it should not hold: it is no
	// name that a key can have. The Secret is seen to differ, and is written anew.
	otherData = "/"
)

// read are the annotations and labels that are read of XConnections, XPosts, token
// Secrets and apps' Secrets in a cache.
var read = []string{
	v1alpha1.AnnotationRefreshRequestedAt, v1alpha1.AnnotationReconnectRequestedAt,
	v1alpha1.AnnotationApprovedGeneration, v1alpha1.AnnotationRejectedGeneration,
	v1alpha1.AnnotationRetryRequestedAt, v1alpha1.AnnotationPublishedAs,
	v1alpha1.AnnotationAuthor, v1alpha1.AnnotationRequestID, v1alpha1.AnnotationRotation,
	v1alpha1.LabelOrigin, v1alpha1.LabelToken, v1alpha1.LabelApp, "app.kubernetes.io/managed-by",
}

// trimmed gives a transformation that leaves out before it goes on; of a workload, of
// which any cache may hold the metadata, always. client-go transforms twice what it lists:
// what is in part already stays as it is.
func trimmed(leaveOut func(object any), next toolscache.TransformFunc) toolscache.TransformFunc {
	return func(object any) (any, error) {
		trimWorkload(object)
		if known, ok := object.(metav1.Object); !ok || !partial.Is(known) {
			leaveOut(object)
		}
		return next(object)
	}
}

// trimAuthored leaves others' annotations and labels and the owners out of an XConnection
// or XPost, and others' finalizers if they are many. These are patched, never written
// whole, but for the list of finalizers: see partial.
func trimAuthored(object any) {
	authored, ok := object.(metav1.Object)
	if !ok {
		// A tombstone of client-go's: it holds what went through here before.
		return
	}
	annotations := onlyRead(authored.GetAnnotations())
	for key, value := range annotations {
		annotations[key] = controllers.Digested(value)
	}
	authored.SetAnnotations(annotations)
	authored.SetLabels(onlyRead(authored.GetLabels()))
	authored.SetOwnerReferences(nil)
	if sizeOf(authored.GetFinalizers()) > longestList {
		leaveFinalizers(authored)
		partial.Mark(authored)
	}
}

// leaveFinalizers leaves others' finalizers out.
func leaveFinalizers(object metav1.Object) {
	object.SetFinalizers(slices.DeleteFunc(object.GetFinalizers(), func(finalizer string) bool {
		return finalizer != v1alpha1.FinalizerRevoke && finalizer != v1alpha1.FinalizerDeletePosts
	}))
}

func sizeOf(list []string) int {
	size := 0
	for _, entry := range list {
		size += len(entry)
	}
	return size
}

// trimWorkload leaves of a workload, which an agentRef may name of any kind, no more than
// that it is there.
func trimWorkload(object any) {
	workload, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return
	}
	workload.ObjectMeta = metav1.ObjectMeta{
		Namespace: workload.Namespace, Name: workload.Name, UID: workload.UID, ResourceVersion: workload.ResourceVersion,
	}
}

// onlyRead leaves out of labels or annotations what nobody here reads.
func onlyRead(entries map[string]string) map[string]string {
	maps.DeleteFunc(entries, func(key, _ string) bool { return !slices.Contains(read, key) })
	if len(entries) == 0 {
		return nil
	}
	return entries
}

// trimToken leaves out of a token Secret what the operator did not write there. Of
// others' labels, annotations, owners and finalizers it leaves some: it is written whole,
// and those stay. See partial.
func trimToken(object any) {
	stored, ok := object.(*corev1.Secret)
	if !ok {
		return
	}
	if othersOn(stored) > longestOthers {
		stored.Annotations, stored.Labels = onlyRead(stored.Annotations), onlyRead(stored.Labels)
		stored.OwnerReferences = slices.DeleteFunc(stored.OwnerReferences, func(owner metav1.OwnerReference) bool {
			return owner.Controller == nil || !*owner.Controller
		})
		leaveFinalizers(stored)
		partial.Mark(stored)
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

// othersOn is the size of what stands on an object beside its content, in bytes.
func othersOn(object metav1.Object) int {
	size := sizeOf(object.GetFinalizers())
	for _, entries := range []map[string]string{object.GetAnnotations(), object.GetLabels()} {
		for key, value := range entries {
			size += len(key) + len(value)
		}
	}
	for _, owner := range object.GetOwnerReferences() {
		size += len(owner.APIVersion) + len(owner.Kind) + len(owner.Name) + len(owner.UID)
	}
	return size
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
	stored.Annotations, stored.Labels = nil, onlyRead(stored.Labels)
	stored.OwnerReferences, stored.Finalizers = nil, nil
}
