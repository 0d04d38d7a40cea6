// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"errors"
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
	CheckAt   string          `json:"checkAt,omitempty" jsonschema:"before this time nothing changes: do not ask earlier"`
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
	told, done, failure := outcomeOf(post)
	if done {
		return told, failure
	}
	looks, inCache := 0, false
	err := wait.PollUntilContextTimeout(ctx, outcomePoll, outcomeWait, true, func(ctx context.Context) (bool, error) {
		looks++
		now, err := readAgain(ctx, d.Cached, post)
		if err != nil {
			return false, err
		}
		inCache = inCache || now != nil
		if !inCache {
			// It may not be there yet, or have gone before it came there: the cache can't tell.
			if looks%liveLook != 0 {
				return false, nil
			}
			if now, err = readAgain(ctx, d.Live, post); err != nil {
				return false, err
			}
		}
		if now == nil {
			failure = withdrawn(told)
			return true, nil
		}
		told, done, failure = outcomeOf(now)
		return done, nil
	})
	if err != nil && !wait.Interrupted(err) {
		return publication{}, err
	}
	return told, failure
}

// readAgain reads an XPost; nil if that very one is not there.
func readAgain(ctx context.Context, from client.Reader, post *v1alpha1.XPost) (*v1alpha1.XPost, error) {
	now := &v1alpha1.XPost{}
	err := from.Get(ctx, client.ObjectKeyFromObject(post), now)
	switch {
	case apierrors.IsNotFound(err), err == nil && now.UID != post.UID:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the XPost: %w", err)
	}
	return now, nil
}

// toldSoFar tells what is published of an XPost.
func toldSoFar(post *v1alpha1.XPost) publication {
	told := publication{
		State: statePending, Reason: v1alpha1.ReasonPublishing, Message: "It is being published.",
		Posts: []publishedPost{}, Object: post.Name, RequestID: post.Annotations[v1alpha1.AnnotationRequestID],
	}
	for _, published := range post.Status.Posts {
		told.Posts = append(told.Posts, publishedPost{published.ID, published.URL})
	}
	return told
}

// outcomeOf reads the status of an XPost; it is pure. done is true if waiting a
// little longer changes nothing.
func outcomeOf(post *v1alpha1.XPost) (told publication, done bool, failure error) {
	told = toldSoFar(post)
	if !post.DeletionTimestamp.IsZero() {
		return publication{}, true, withdrawn(told)
	}
	ready := meta.FindStatusCondition(post.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != post.Generation {
		return told, false, nil
	}
	told.Reason, told.Message = ready.Reason, strings.TrimSuffix(ready.Message, ".")+"."
	switch {
	case ready.Reason == v1alpha1.ReasonPublished:
		told.State, told.Reason, told.Message = statePublished, "", ""
		return told, true, nil
	case meta.IsStatusConditionTrue(post.Status.Conditions, v1alpha1.ConditionStalled):
		return publication{}, true, stalled(told)
	}
	if at := post.Status.NextAttemptTime; at != nil {
		told.CheckAt = stamp(at.Time)
	}
	if next := forPerson[told.Reason]; next != "" {
		told.Message += " " + next
		return told, true, nil
	}
	return told, false, nil
}

// forPerson says what to do while something waits for a person, which may take days.
var forPerson = map[string]string{
	v1alpha1.ReasonAwaitingApproval: "Tell your person, and stop: it is published once somebody approves it. Ask again only when your person says so.",
	v1alpha1.ReasonUsageCapExceeded: "Tell your person, and stop: it is published once the X app's plan or credits allow it. Ask again only when your person says so.",
}

// stands is a sentence on how an XPost stands.
func stands(post *v1alpha1.XPost) string {
	told, _, failure := outcomeOf(post)
	var known *fault
	switch {
	case errors.As(failure, &known):
		return "It came to nothing (" + known.reason + ")." + publishedBefore(toldSoFar(post))
	case told.State == statePublished:
		return "It is at X:" + strings.TrimPrefix(publishedBefore(told), " Published before:")
	default:
		return "It goes on by itself (" + told.Reason + ")." + publishedBefore(told)
	}
}

// aboutTheText are the reasons for which another text may be taken.
var aboutTheText = map[string]bool{
	v1alpha1.ReasonTooLong: true, v1alpha1.ReasonInvalidText: true, v1alpha1.ReasonDuplicateContent: true, v1alpha1.ReasonRefused: true,
}

// nextAfter says what to do after X refused a request for a reason that no other text mends, or
// not the same one with little changes.
var nextAfter = map[string]string{
	v1alpha1.ReasonDuplicateContent: "The account has published this text already, perhaps for you: look with read_timeline first, and publish another text under a new requestID only if it is still wanted.",
	v1alpha1.ReasonReplyNotAllowed:  "Leave that post: no other text is taken as a reply to it either.",
	v1alpha1.ReasonNotEnrolled:      "Tell your person, and stop: the owner of the X app must act, and until then X refuses all posts.",
}

// stalled is the fault of a publication that only somebody else can help on.
func stalled(told publication) *fault {
	var next string
	switch {
	case told.Reason == v1alpha1.ReasonRejected:
		next = fmt.Sprintf("A person with the right to approve rejected it (XPost %s): do not publish it again, under this requestID or another, "+
			"unless your person asks.", told.Object)
		return &fault{reason: told.Reason, message: told.Message + " " + next}
	case told.Reason == v1alpha1.ReasonUnknown:
		next = fmt.Sprintf("Do not publish it again: a person must look at the XPost %s.", told.Object)
	case len(told.Posts) > 0 && !aboutTheText[told.Reason]:
		next = fmt.Sprintf("A person must act (XPost %s): tell yours, and do not send again what was published before.", told.Object)
	case len(told.Posts) > 0:
		// An agent that sends the whole thread again has its beginning at X twice.
		next = fmt.Sprintf("Nothing more is sent for this request (XPost %s). To go on, call reply with to=%s and the text that comes next, "+
			"changed if it was refused, under a new requestID; what follows replies to that. Do not send again what was published before.",
			told.Object, told.Posts[len(told.Posts)-1].ID)
	case nextAfter[told.Reason] != "":
		next = fmt.Sprintf("Nothing more is sent for this request (XPost %s). %s", told.Object, nextAfter[told.Reason])
	default:
		next = fmt.Sprintf("Nothing more is sent for this request (XPost %s): publish what you change under a new requestID.", told.Object)
	}
	return &fault{reason: told.Reason, message: told.Message + publishedBefore(told) + " " + next}
}

// withdrawn is the fault of a publication whose XPost somebody deleted, with what was
// seen of it last. The same request would make it anew.
func withdrawn(told publication) *fault {
	return &fault{reason: reasonWithdrawn, message: fmt.Sprintf(
		"The XPost %s was deleted.%s Whether more of it went out meanwhile is shown by read_timeline. "+
			"Do not repeat this request, since that would publish it anew, unless your person asks.", told.Object, publishedBefore(told))}
}

// publishedBefore is a sentence on what is at X of a publication that failed; empty for nothing.
func publishedBefore(told publication) string {
	if len(told.Posts) == 0 {
		return ""
	}
	var urls []string
	for _, post := range told.Posts {
		urls = append(urls, post.URL)
	}
	return " Published before: " + strings.Join(urls, ", ") + "."
}
