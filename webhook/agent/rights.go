// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"fmt"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// right is what RBAC must allow a caller on one XConnection: a verb on a subresource.
type right struct{ verb, subresource string }

// The rights. They are on subresources that have no endpoint of their own, so that
// granting one opens nothing else.
var (
	mayRead   = right{"get", "skill"}
	mayPost   = right{"create", "skill"}
	mayDelete = right{"delete", "skill"}
	mayToken  = right{"get", "token"}
)

// roles are the shipped ClusterRoles that grant a right, for what a caller who lacks
// it is told.
var roles = map[right]string{
	mayRead:   "x-operator-agent-reader",
	mayPost:   "x-operator-agent-poster",
	mayDelete: "x-operator-agent-poster",
	mayToken:  "x-operator-agent-token",
}

// call is one call to the door: who calls, about which XConnection.
type call struct {
	user       authenticationv1.UserInfo
	connection types.NamespacedName
}

// authorizer asks RBAC. It keeps answers for a moment.
type authorizer struct {
	client client.Client
	known  *cache.LRUExpireCache
	// reviews are counted by the caller's tenant: who may call may ask about any
	// XConnection that it can think of.
	reviews *turnstile
}

func newAuthorizer(client client.Client, clock clock) *authorizer {
	return &authorizer{client, cache.NewLRUExpireCacheWithClock(maxReviews, clock), newTurnstile(clock, reviewShare)}
}

// question is what an answer is kept under. All that RBAC may go by is in it.
type question struct {
	user       string
	connection types.NamespacedName
	right      right
}

// allows tells whether the caller has the right. Errors: a fault if too many rights of
// that user are asked for, or that the API server can't tell now.
func (a *authorizer) allows(ctx context.Context, c call, wanted right) (bool, error) {
	// %q keeps a name in one group from passing for another.
	key := question{fmt.Sprintf("%q", []any{c.user.Username, c.user.UID, c.user.Groups, c.user.Extra}), c.connection, wanted}
	if allowed, ok := a.known.Get(key); ok {
		return allowed.(bool), nil
	}
	leave, err := a.reviews.enter(tenantOf(c.user.Username))
	if err != nil {
		return false, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	review := reviewOf(c, wanted)
	if err := a.client.Create(ctx, review); err != nil {
		return false, fmt.Errorf("asking whether a caller may %s %s: %w", wanted.verb, wanted.subresource, err)
	}
	allowed := review.Status.Allowed && !review.Status.Denied
	a.known.Add(key, allowed, reviewKept)
	return allowed, nil
}

// tenantOf is whom the reviews of a user are counted for: the namespace of a service
// account, of which whoever has the namespace makes any number; else the user.
func tenantOf(user string) string {
	account, is := strings.CutPrefix(user, "system:serviceaccount:")
	namespace, _, named := strings.Cut(account, ":")
	if !is || !named {
		return user
	}
	return "namespace " + namespace
}

func reviewOf(c call, wanted right) *authorizationv1.SubjectAccessReview {
	extra := map[string]authorizationv1.ExtraValue{}
	for key, values := range c.user.Extra {
		extra[key] = authorizationv1.ExtraValue(values)
	}
	return &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: c.user.Username, UID: c.user.UID, Groups: c.user.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version,
			Resource: "xconnections", Subresource: wanted.subresource, Verb: wanted.verb,
			Namespace: c.connection.Namespace, Name: c.connection.Name,
		},
	}}
}

// forbidden is what a caller is told who has none of the rights that would do. It is
// the same whether the XConnection exists or not.
func forbidden(c call, wanted ...right) *fault {
	verbs := make([]string, 0, len(wanted))
	for _, one := range wanted {
		verbs = append(verbs, one.verb)
	}
	return &fault{reason: reasonForbidden, message: fmt.Sprintf(
		"The user %q can't %s the resource xconnections/%s in the API group %s named %q in the namespace %q: "+
			"there, bind the ClusterRole %s to it with a RoleBinding, or what it is called in this installation.",
		c.user.Username, strings.Join(verbs, " or "), wanted[0].subresource, v1alpha1.GroupVersion.Group,
		c.connection.Name, c.connection.Namespace, roles[wanted[0]])}
}
