// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the API of the X operator: an XConnection is an agent's
// connection to one X account, an XPost is something that is published through it,
// and an XApp is an X developer app that namespaces share.
//
// +kubebuilder:object:generate=true
// +groupName=x.agentconnect.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of every kind in this package.
	GroupVersion = schema.GroupVersion{Group: "x.agentconnect.dev", Version: "v1alpha1"}

	// SchemeBuilder collects what AddToScheme adds.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme makes the kinds of this package known to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &XApp{}, &XAppList{}, &XConnection{}, &XConnectionList{},
		&XPost{}, &XPostList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
