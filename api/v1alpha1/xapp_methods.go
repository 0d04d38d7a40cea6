// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// IsDefault tells whether the app is marked as the default one.
func (a *XApp) IsDefault() bool {
	return a.Annotations[AnnotationDefaultApp] == "true"
}

// AllowsNamespace tells whether a namespace with these labels may use the app. It
// fails if the selector can't be read.
func (a *XApp) AllowsNamespace(namespaceLabels map[string]string) (bool, error) {
	allowed := a.Spec.AllowedNamespaces
	if allowed == nil {
		return false, nil
	}
	if allowed.Selector == nil {
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(allowed.Selector)
	if err != nil {
		return false, err
	}
	return selector.Matches(labels.Set(namespaceLabels)), nil
}

// RefusedScopes are those of the wanted scopes that the app does not allow.
// offline.access is always allowed.
func (a *XApp) RefusedScopes(wanted []string) []string {
	var refused []string
	for _, scope := range wanted {
		if scope != ScopeOfflineAccess && !slices.Contains(a.Spec.AllowedScopes, scope) {
			refused = append(refused, scope)
		}
	}
	return refused
}
