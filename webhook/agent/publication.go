// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// The states of a publication that is told without an error.
const (
	statePublished = "Published"
	statePending   = "Pending"
)

// publication is what became of something that was to be published.
type publication struct {
	State     string          `json:"state" jsonschema:"Published, or Pending: it goes on by itself, and must not be published again"`
	Reason    string          `json:"reason,omitempty" jsonschema:"why it is Pending, such as Publishing, AwaitingApproval, RateLimited or Unknown"`
	Message   string          `json:"message,omitempty" jsonschema:"what is waited for, and what to do next"`
	Posts     []publishedPost `json:"posts" jsonschema:"the posts that are at X, in their order"`
	Object    string          `json:"object" jsonschema:"the XPost in Kubernetes that has the history"`
	RequestID string          `json:"requestID" jsonschema:"repeat the call with it to learn what became of a Pending request"`
}

type publishedPost struct {
	ID  string `json:"id" jsonschema:"the post's id at X"`
	URL string `json:"url" jsonschema:"the post's address for people"`
}

// awaitOutcome waits until it is known what becomes of an XPost, or that it takes
// longer.
func (d *Door) awaitOutcome(ctx context.Context, post *v1alpha1.XPost) (publication, error) {
	// What was just read is newer than the cache, if an earlier call made the object.
	seen := post
	told, done, failure := outcomeOf(seen)
	if done {
		return told, failure
	}
	err := wait.PollUntilContextTimeout(ctx, outcomePoll, outcomeWait, true, func(ctx context.Context) (bool, error) {
		now := &v1alpha1.XPost{}
		err := d.Cached.Get(ctx, client.ObjectKeyFromObject(post), now)
		switch {
		case apierrors.IsNotFound(err):
			// Not there yet, or not any more: the wait ends either way.
		case err != nil:
			return false, fmt.Errorf("reading the XPost: %w", err)
		case now.UID == post.UID:
			seen = now
		}
		told, done, failure = outcomeOf(seen)
		return done, nil
	})
	if err != nil && !wait.Interrupted(err) {
		return publication{}, err
	}
	return told, failure
}

// outcomeOf reads the status of an XPost; it is pure. done is true if waiting a
// little longer changes nothing.
func outcomeOf(post *v1alpha1.XPost) (told publication, done bool, failure error) {
	told = publication{
		State: statePending, Reason: v1alpha1.ReasonPublishing, Message: "It is being published.",
		Posts: []publishedPost{}, Object: post.Name, RequestID: post.Annotations[v1alpha1.AnnotationRequestID],
	}
	for _, published := range post.Status.Posts {
		told.Posts = append(told.Posts, publishedPost{published.ID, published.URL})
	}
	ready := meta.FindStatusCondition(post.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != post.Generation {
		return told, false, nil
	}
	told.Reason, told.Message = ready.Reason, ready.Message+"."
	switch {
	case ready.Reason == v1alpha1.ReasonPublished:
		told.State, told.Reason, told.Message = statePublished, "", ""
		return told, true, nil
	case meta.IsStatusConditionTrue(post.Status.Conditions, v1alpha1.ConditionStalled):
		return publication{}, true, stalled(told)
	case ready.Reason == v1alpha1.ReasonAwaitingApproval:
		return told, true, nil
	default:
		return told, false, nil
	}
}

// stalled is the fault of a publication that only somebody else can help on.
func stalled(told publication) *fault {
	message := told.Message
	if len(told.Posts) > 0 {
		var urls []string
		for _, post := range told.Posts {
			urls = append(urls, post.URL)
		}
		message += " Published before it: " + strings.Join(urls, ", ") + "."
	}
	if told.Reason == v1alpha1.ReasonUnknown {
		message += fmt.Sprintf(" Do not publish it again: a person must look at the XPost %s.", told.Object)
	} else {
		message += fmt.Sprintf(" Nothing more is sent for this request (XPost %s): publish what you change under a new requestID.", told.Object)
	}
	return &fault{reason: told.Reason, message: message}
}
