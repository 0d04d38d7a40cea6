// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"fmt"
	"regexp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Exception is why rights may be unused in a test.
type Exception struct {
	// Rights matches the text of a right, as in Right.String.
	Rights *regexp.Regexp
	// Reason is for those who read the test.
	Reason string
}

// Unused lists the rights that config/default grants to the account and that
// nothing asked for so far, as "the role: the right", but for exceptions.
func (a *Account) Unused(exceptions []Exception) ([]string, error) {
	objects, err := Build("default")
	if err != nil {
		return nil, err
	}
	used := a.seen.rights()
	var unused []string
	for _, role := range rolesOf(objects, a.name) {
		rules, err := rulesOf(role)
		if err != nil {
			return nil, err
		}
		for _, right := range expand(rules, role.GetNamespace()) {
			excepted := slices.ContainsFunc(exceptions, func(e Exception) bool { return e.Rights.MatchString(right.String()) })
			if !excepted && !slices.ContainsFunc(used, right.allows) {
				unused = append(unused, fmt.Sprintf("%s: %s", role.GetName(), right))
			}
		}
	}
	slices.Sort(unused)
	return unused, nil
}

// allows tells whether a right that was granted was needed for one that was used.
// One that is granted everywhere is needed only outside of the operator's own
// namespace, where a Role grants what is needed. An API server that streams lists
// is asked to watch alone; an older one would be asked to list as well.
func (r Right) allows(used Right) bool {
	place := r.Namespace == used.Namespace || r.Namespace == "" && used.Namespace != Namespace
	verb := r.Verb == used.Verb || r.Verb == "list" && used.Verb == "watch"
	return place && verb && r.Group == used.Group && r.Resource == used.Resource
}

// rolesOf finds the roles that are bound to a service account.
func rolesOf(objects []*unstructured.Unstructured, account string) []*unstructured.Unstructured {
	var roles []*unstructured.Unstructured
	for _, binding := range objects {
		subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
		bound := slices.ContainsFunc(subjects, func(subject any) bool {
			return subject.(map[string]any)["name"] == account
		})
		if !bound {
			continue
		}
		kind, _, _ := unstructured.NestedString(binding.Object, "roleRef", "kind")
		name, _, _ := unstructured.NestedString(binding.Object, "roleRef", "name")
		for _, object := range objects {
			if object.GetKind() == kind && object.GetName() == name {
				roles = append(roles, object)
			}
		}
	}
	return roles
}

func rulesOf(role *unstructured.Unstructured) ([]rbacv1.PolicyRule, error) {
	var typed rbacv1.ClusterRole
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(role.Object, &typed); err != nil {
		return nil, fmt.Errorf("reading the role %s: %w", role.GetName(), err)
	}
	return typed.Rules, nil
}

func expand(rules []rbacv1.PolicyRule, namespace string) []Right {
	var rights []Right
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, Right{Verb: verb, Group: group, Resource: resource, Namespace: namespace})
				}
			}
		}
	}
	return rights
}
