// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const postResource = "xposts"

// posts makes and follows XPosts.
type posts struct {
	*objects[*v1alpha1.XPost]
}

func newPosts(config *rest.Config) (*posts, error) {
	c, err := newObjects(config, postResource, func() *v1alpha1.XPost { return &v1alpha1.XPost{} })
	return &posts{objects: c}, err
}

// ensure makes an XPost, or finds the one that an earlier call made: the name tells.
// So a call that is made again, here or by whoever runs this, publishes nothing
// twice. The second result tells whether it was there.
func (c *posts) ensure(ctx context.Context, wanted *v1alpha1.XPost) (*v1alpha1.XPost, bool, error) {
	made, err := c.create(ctx, wanted)
	switch {
	case err == nil:
		return made, false, nil
	case apierrors.IsAlreadyExists(err):
		found, err := c.find(ctx, wanted)
		return found, true, err
	case answered(err), errors.Is(err, syscall.ECONNREFUSED), ctx.Err() != nil:
		return nil, false, fmt.Errorf("making the %s: %w", title(wanted), err)
	}
	// The answer is lost: the name tells whether it was made.
	found, lookErr := c.find(ctx, wanted)
	if lookErr != nil {
		return nil, false, &problem{
			code: ExitError,
			what: fmt.Sprintf("making the %s: %v", title(wanted), err),
			next: "It may have been made. To look: " + lookAgain(wanted),
		}
	}
	return found, false, nil
}

func (c *posts) create(ctx context.Context, wanted *v1alpha1.XPost) (*v1alpha1.XPost, error) {
	made := c.empty()
	err := c.client.Post().Namespace(wanted.Namespace).Resource(c.resource).
		VersionedParams(&metav1.CreateOptions{FieldManager: fieldManager}, c.parameters).
		Body(wanted).Do(ctx).Into(made)
	return made, err
}

// find reads the XPost of that name, and refuses one that publishes something else.
// For how long it is kept is no part of that, and may have been changed since.
func (c *posts) find(ctx context.Context, wanted *v1alpha1.XPost) (*v1alpha1.XPost, error) {
	found, err := c.get(ctx, wanted.Namespace, wanted.Name)
	if err != nil {
		return nil, err
	}
	spec := found.Spec
	spec.TTLSecondsAfterFinished = wanted.Spec.TTLSecondsAfterFinished
	if !apiequality.Semantic.DeepEqual(spec, wanted.Spec) {
		return nil, &problem{
			code: ExitError,
			what: title(found) + " is there already, and its spec is another: nothing was changed",
			next: "To publish something else, choose another --request-id or --name. To see what there is: " + lookAgain(found) + " -o yaml",
		}
	}
	return found, nil
}

// answered tells whether the API server itself said no, so that nothing was made.
func answered(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code < 500
}
