// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
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
// twice. The second result tells whether it was there; see madeFor for whether it
// publishes what is wanted.
func (c *posts) ensure(ctx context.Context, wanted *v1alpha1.XPost) (*v1alpha1.XPost, bool, error) {
	made, err := c.create(ctx, wanted)
	switch {
	case err == nil:
		return made, false, nil
	case apierrors.IsAlreadyExists(err):
		found, err := c.get(ctx, wanted.Namespace, wanted.Name)
		return found, true, err
	case answered(err), errors.Is(err, syscall.ECONNREFUSED), ctx.Err() != nil:
		return nil, false, fmt.Errorf("making the %s: %w", title(wanted), err)
	}
	// The answer is lost: the name tells whether it was made.
	found, lookErr := c.get(ctx, wanted.Namespace, wanted.Name)
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

// list gives the XPosts of a namespace.
func (c *posts) list(ctx context.Context, namespace string) ([]v1alpha1.XPost, error) {
	page := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		list := &v1alpha1.XPostList{}
		return list, c.client.Get().Namespace(namespace).Resource(c.resource).VersionedParams(&options, c.parameters).Do(ctx).Into(list)
	}
	var found []v1alpha1.XPost
	err := listAll(ctx, "", page, func(post *v1alpha1.XPost) { found = append(found, *post) })
	return found, err
}

// requestHash is a digest of what a call asks to be published; for how long the XPost is
// kept is no part of that. It is kept with the XPost, for its spec may be changed later, by
// whoever approves it, say, and a repetition is one all the same.
func requestHash(post *v1alpha1.XPost) string {
	spec, at := post.Spec, ""
	if spec.PublishAt != nil {
		at = spec.PublishAt.UTC().Format(time.RFC3339)
	}
	asked := append([]string{
		spec.ConnectionRef.Name, spec.ReplyTo, string(spec.ReplySettings), strconv.FormatBool(spec.MadeWithAI), string(spec.Approval), at,
	}, post.Texts()...)
	// Quoted, no two lists look alike.
	sum := sha256.Sum256(fmt.Appendf(nil, "%+q", asked))
	return hex.EncodeToString(sum[:16])
}

// madeFor tells whether an XPost that was found was made for a request, whatever was
// changed in it since. One without the digest was made by other means: its spec tells.
func madeFor(found, wanted *v1alpha1.XPost) bool {
	was := found.Annotations[v1alpha1.AnnotationRequestHash]
	if was == "" {
		was = requestHash(found)
	}
	return was == wanted.Annotations[v1alpha1.AnnotationRequestHash]
}

// otherRequest refuses a call whose name is taken. It says how that XPost stands: a call
// that is repeated with another text must not be taken for a reason to publish twice.
func otherRequest(found *v1alpha1.XPost) error {
	stands := "It says " + because(found)
	if isReady(found) {
		stands = "It is " + whereItIs(found)
	}
	return &problem{
		code: ExitError,
		what: fmt.Sprintf("%s is there already, for something else than this call asks (it publishes for the XConnection %q): nothing was changed. %s",
			title(found), found.Spec.ConnectionRef.Name, stands),
		next: "If it is the post that you mean, do not publish it again: with --keep-first and the same XConnection the call waits for it. " +
			"For something new choose another --request-id or --name. To see what there is: " + lookAgain(found) + " -o yaml",
	}
}

// answered tells whether the API server itself said no, so that nothing was made.
func answered(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && status.Status().Code < 500
}
