// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/partial"
	"github.com/agentconnect/x-operator/internal/xapi"
)

type deleteInput struct {
	ID          string `json:"id" jsonschema:"the id of the post at X"`
	WholeThread bool   `json:"wholeThread,omitempty" jsonschema:"must be true if the post belongs to a thread: all posts of it are deleted"`
}

func (deleteInput) limits(schema *jsonschema.Schema) {
	schema.Properties["id"].Pattern = xapi.IDPattern
}

// deletion is what became of posts that were to be deleted.
type deletion struct {
	State   string   `json:"state" jsonschema:"Deleted, or Pending: it goes on by itself"`
	Message string   `json:"message,omitempty" jsonschema:"what is waited for, or what is not known"`
	IDs     []string `json:"ids" jsonschema:"the ids of the posts that are deleted, or about to be"`
}

const (
	stateDeleted = "Deleted"
	// deletedAnew warns: with the object goes what keeps the request from being made twice.
	deletedAnew = "Do not repeat the call that published it, which would publish it anew."
)

// deletePost deletes the XPost that published a post, with its posts. What others
// published through the account is not the agent's to delete: a GitOps tool would
// publish it again, and a person would not know why it is gone.
func (d *Door) deletePost(ctx context.Context, c call, in deleteInput) (deletion, error) {
	if _, err := d.account(ctx, c.connection); err != nil {
		return deletion{}, err
	}
	post, err := d.publisherOf(ctx, c, in.ID)
	if err != nil {
		return deletion{}, err
	}
	if post == nil {
		return d.notOurs(ctx, c, in.ID)
	}
	told := deletion{State: statePending, Message: "It is being deleted at X. " + deletedAnew, IDs: idsOf(post)}
	if len(post.Texts()) > 1 && !in.WholeThread {
		return deletion{}, &fault{reason: reasonWholeThread, message: fmt.Sprintf(
			"The post belongs to a thread of %d posts, which goes as a whole. Nothing was deleted: call again with wholeThread true if that is meant.", len(post.Texts()))}
	}
	if err := d.deleteObject(ctx, post); err != nil {
		return deletion{}, err
	}
	d.Log.Info("An agent deletes", "namespace", post.Namespace, "connection", c.connection.Name, "xpost", post.Name, "user", c.user.Username)
	gone, err := d.awaitGone(ctx, post)
	if err != nil || !gone {
		return told, err
	}
	// The operator lets an object go without its posts once the connection is gone, or if
	// X does not delete them for too long.
	if err := d.checkGone(ctx, c, told.IDs); err != nil {
		return deletion{}, err
	}
	told.State, told.Message = stateDeleted, deletedAnew
	if post.Doubtful() {
		told.Message = "Whether one more post of it was published, and is still at X, is not known: a person should look. " + deletedAnew
	}
	return told, nil
}

// notOurs tells of a post that no XPost is left of: X knows whether it is there.
func (d *Door) notOurs(ctx context.Context, c call, id string) (deletion, error) {
	shown, err := d.stillAtX(ctx, c, []string{id})
	switch {
	case err != nil:
		return deletion{}, err
	case len(shown) == 0:
		return deletion{State: stateDeleted, Message: "X does not show it: it was deleted before, or never was there.", IDs: []string{id}}, nil
	}
	return deletion{}, &fault{reason: reasonNotPublished, message: fmt.Sprintf(
		"These tools have no record of the post with the id %s, which X shows: it was published elsewhere, or its record is gone. "+
			"Nothing was deleted: a person must delete it at X.", id)}
}

// checkGone asks X whether posts are gone, and fails unless it says so. Moments after a
// deletion X may still show what it deleted.
func (d *Door) checkGone(ctx context.Context, c call, ids []string) error {
	var shown []string
	looks := wait.Backoff{Duration: goneAgain, Steps: goneLooks}
	err := wait.ExponentialBackoffWithContext(ctx, looks, func(ctx context.Context) (gone bool, err error) {
		shown, err = d.stillAtX(ctx, c, ids)
		return len(shown) == 0, err
	})
	switch {
	case err == nil:
		return nil
	case len(shown) > 0:
		return &fault{reason: v1alpha1.ReasonNotDeleted, message: fmt.Sprintf(
			"The XPost is gone, but X still shows its posts %s. Ask for them with read_posts in a minute: a person must delete at X what it gives.",
			strings.Join(shown, ", "))}
	}
	told := *d.toldOf(c, err)
	told.message = fmt.Sprintf("The XPost is gone, but whether its posts %s are could not be checked. "+
		"Ask for them with read_posts later: a person must delete at X what it gives. %s", strings.Join(ids, ", "), told.message)
	return &told
}

// stillAtX gives those of the posts that X shows.
func (d *Door) stillAtX(ctx context.Context, c call, ids []string) ([]string, error) {
	a, err := d.account(ctx, c.connection)
	if err != nil {
		return nil, err
	}
	var shown []string
	err = d.ask(ctx, a, xapi.EndpointPosts, func(ctx context.Context, x *xapi.Client) error {
		found, err := x.PostsByIDs(ctx, a.access, ids)
		if xapi.KindOf(err) == xapi.KindNotFound {
			return nil
		}
		for _, post := range found {
			shown = append(shown, post.ID)
		}
		return err
	})
	return shown, err
}

// publisherOf finds the XPost of this connection that the door made and that
// published a post; nil if there is none.
func (d *Door) publisherOf(ctx context.Context, c call, id string) (*v1alpha1.XPost, error) {
	var list v1alpha1.XPostList
	err := d.Cached.List(ctx, &list, client.InNamespace(c.connection.Namespace))
	if err != nil {
		return nil, fmt.Errorf("listing XPosts: %w", err)
	}
	for i := range list.Items {
		post := &list.Items[i]
		if post.Spec.ConnectionRef.Name != c.connection.Name || !slices.Contains(idsOf(post), id) {
			continue
		}
		if post.Labels[v1alpha1.LabelOrigin] != v1alpha1.LabelOriginAgent {
			return nil, &fault{reason: reasonNotPublished, message: fmt.Sprintf(
				"The post was published by the XPost %q, which these tools did not make. Nothing was deleted: its owner must delete that object.", post.Name)}
		}
		return post, nil
	}
	return nil, nil
}

func idsOf(post *v1alpha1.XPost) []string {
	ids := []string{}
	for _, published := range post.Status.Posts {
		ids = append(ids, published.ID)
	}
	return ids
}

// deleteObject deletes an XPost so that its posts go with it. The finalizer stands
// before the deletion, and no time to live does: nothing may let the object go in
// between.
func (d *Door) deleteObject(ctx context.Context, cached *v1alpha1.XPost) error {
	leave, err := d.writes.enter(cached.Namespace)
	if err != nil {
		return err
	}
	defer leave()
	post, err := partial.Whole(ctx, d.Live, cached)
	if err == nil {
		err = d.deleteWhole(ctx, post)
	}
	switch {
	case apierrors.IsConflict(err):
		return &fault{reason: reasonBusy, message: "The post is being changed by somebody else.", retryAt: d.Now()}
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("deleting the XPost: %w", err)
	}
	return nil
}

func (d *Door) deleteWhole(ctx context.Context, post *v1alpha1.XPost) error {
	finalizers := post.DeepCopy()
	controllerutil.AddFinalizer(finalizers, v1alpha1.FinalizerDeletePosts)
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": post.ResourceVersion, "uid": post.UID, "finalizers": finalizers.Finalizers},
		"spec":     map[string]any{"deletionPolicy": v1alpha1.DeletionDelete, "ttlSecondsAfterFinished": nil},
	})
	if err != nil {
		return fmt.Errorf("writing the patch of an XPost: %w", err)
	}
	if post.DeletionTimestamp.IsZero() {
		if err := d.Live.Patch(ctx, post.DeepCopy(), client.RawPatch(types.MergePatchType, patch)); err != nil {
			return err
		}
	}
	return d.Live.Delete(ctx, post.DeepCopy(), client.Preconditions{UID: &post.UID})
}

// awaitGone waits until the object is gone, or it takes longer.
func (d *Door) awaitGone(ctx context.Context, post *v1alpha1.XPost) (bool, error) {
	err := wait.PollUntilContextTimeout(ctx, outcomePoll, outcomeWait, true, func(ctx context.Context) (bool, error) {
		now := &v1alpha1.XPost{}
		err := d.Cached.Get(ctx, client.ObjectKeyFromObject(post), now)
		switch {
		case apierrors.IsNotFound(err):
			return true, nil
		case err != nil:
			return false, fmt.Errorf("reading the XPost: %w", err)
		}
		return now.UID != post.UID, nil
	})
	if wait.Interrupted(err) {
		return false, nil
	}
	return err == nil, err
}
