// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// answerTries is how often an answer is written again because the operator wrote status
// meanwhile.
const answerTries = 5

var (
	approveLong = templates.LongDesc(`
		Approve an XPost that waits for a second person.

		Shows all that would be published, characters that can't be seen as \uXXXX, and
		asks. What is approved is the object as it was shown: if somebody changes it
		meanwhile, nothing is approved. A rejection that was shown ends with it. It takes
		the verb approve on the XPost, as with the role x-operator-xpost-approver.`)

	approveExample = templates.Examples(`
		# Read a post, and approve it
		kubectl xconnection approve launch

		# What waits for an approval?
		kubectl get xposts`)

	rejectLong = templates.LongDesc(`
		Reject an XPost, so that it is not published.

		Shows what would be published, and asks. The XPost stays, and whoever repeats the
		request is told of the rejection; what is published of it later, after a change,
		takes an approval. It takes the verb approve on the XPost, as with the role
		x-operator-xpost-approver.`)

	rejectExample = templates.Examples(`
		# Read a post, and say no to it
		kubectl xconnection reject launch`)
)

// answer is a person's answer to an XPost.
type answer struct {
	*factory
	print *genericclioptions.PrintFlags
	yes   bool

	// question is what is asked, did the word for what was done.
	question, did string
	// given tells whether a post has this answer already.
	given func(*v1alpha1.XPost) bool
	// annotations are those to write; nil takes one away.
	annotations func(*v1alpha1.XPost) map[string]any
}

func newApprove(f *factory) *cobra.Command {
	return newAnswer(&answer{
		factory: f, question: "Approve this?", did: "approved",
		given: func(post *v1alpha1.XPost) bool { return post.Approved() && !post.Rejects(post.Generation) },
		annotations: func(post *v1alpha1.XPost) map[string]any {
			return map[string]any{
				v1alpha1.AnnotationApprovedGeneration: post.ApprovalOf(post.Generation),
				v1alpha1.AnnotationRejectedGeneration: nil,
			}
		},
	}, &cobra.Command{Use: "approve XPOST", Short: "Approve a post, as a second person", Long: approveLong, Example: approveExample})
}

func newReject(f *factory) *cobra.Command {
	return newAnswer(&answer{
		factory: f, question: "Reject this?", did: "rejected",
		given: func(post *v1alpha1.XPost) bool { return post.Rejects(post.Generation) },
		annotations: func(post *v1alpha1.XPost) map[string]any {
			return map[string]any{v1alpha1.AnnotationRejectedGeneration: post.ApprovalOf(post.Generation)}
		},
	}, &cobra.Command{Use: "reject XPOST", Short: "Reject a post, so that it is not published", Long: rejectLong, Example: rejectExample})
}

func newAnswer(a *answer, cmd *cobra.Command) *cobra.Command {
	a.print = resultFlags()
	cmd.DisableFlagsInUseLine = true
	cmd.Args = oneName
	cmd.ValidArgsFunction = a.completePost
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.run(cmd.Context(), plainPostName(args[0])) }
	cmd.Flags().BoolVarP(&a.yes, "yes", "y", a.yes, "If true, do not ask: for whoever has read the post elsewhere.")
	addResultFlags(cmd, a.print)
	return cmd
}

func (a *answer) run(ctx context.Context, name string) error {
	client, post, err := a.post(ctx, name)
	if err != nil {
		return err
	}
	if err := checkOpen(post); err != nil {
		return err
	}
	if a.given(post) {
		return a.result(post, a.print, a.did+" (unchanged)")
	}
	_, _ = io.WriteString(a.ErrOut, shown(post, a.account(ctx, post)))
	if err := a.ask(post); err != nil {
		return err
	}
	answered, err := a.write(ctx, client, post)
	if err != nil {
		return err
	}
	return a.result(answered, a.print, a.did)
}

// account is the handle that a post's connection has now; empty if it has none yet, and for
// who may not read XConnections: an approver need not.
func (a *answer) account(ctx context.Context, post *v1alpha1.XPost) string {
	_, conn, err := a.connection(ctx, post.Spec.ConnectionRef.Name)
	if err != nil {
		return ""
	}
	return conn.Status.Username
}

// checkOpen refuses what no answer changes any more.
func checkOpen(post *v1alpha1.XPost) error {
	switch {
	case !post.DeletionTimestamp.IsZero():
		return &problem{code: ExitError, what: title(post) + " is being deleted"}
	case post.Complete():
		return tooLate(post, "is "+whereItIs(post))
	case post.Begun():
		return tooLate(post, "is being published")
	default:
		return nil
	}
}

func tooLate(post *v1alpha1.XPost, how string) error {
	return &problem{
		code: ExitError,
		what: title(post) + " " + how + " already: nobody's answer matters any more",
		next: fmt.Sprintf("To take it back from X: kubectl patch xpost %s -n %s --type=merge -p '{\"spec\":{\"deletionPolicy\":\"Delete\"}}', and then kubectl delete it.",
			post.Name, post.Namespace),
	}
}

// ask asks the person, unless --yes did.
func (a *answer) ask(post *v1alpha1.XPost) error {
	if a.yes {
		return nil
	}
	_, _ = fmt.Fprintf(a.ErrOut, "%s [y/N]: ", a.question)
	line, err := bufio.NewReader(a.In).ReadString('\n')
	no := &problem{code: ExitError, what: title(post) + " was not " + a.did}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	case "":
		if errors.Is(err, io.EOF) {
			_, _ = fmt.Fprintln(a.ErrOut)
			no.next = "Without somebody to ask, give --yes, once the post was read."
		}
	}
	return no
}

// write writes the answer to exactly what was shown.
func (a *answer) write(ctx context.Context, client *posts, read *v1alpha1.XPost) (*v1alpha1.XPost, error) {
	post := read
	for try := 1; ; try++ {
		answered, err := client.patch(ctx, post, map[string]any{
			"metadata": map[string]any{"resourceVersion": post.ResourceVersion, "annotations": a.annotations(post)},
		})
		if apierrors.IsForbidden(err) {
			return nil, a.notAllowed(read, err)
		}
		if !apierrors.IsConflict(err) || try == answerTries {
			return answered, err
		}
		// Mostly it is the operator that wrote status. It may have begun, too.
		if post, err = client.get(ctx, read.Namespace, read.Name); err != nil {
			return nil, err
		}
		if err := checkOpen(post); err != nil {
			return nil, err
		}
		if shown(post, "") != shown(read, "") || post.UID != read.UID {
			return nil, &problem{
				code: ExitError, what: fmt.Sprintf("%s was changed while it was read: it was not %s", title(read), a.did),
				next: "Call this again to read it as it is now.",
			}
		}
	}
}

// notAllowed names both verbs: the API server tells of approve only to who has patch.
func (a *answer) notAllowed(post *v1alpha1.XPost, err error) error {
	return &problem{
		code: ExitError, what: fmt.Sprintf("%s was not %s: %v", title(post), a.did, err),
		next: "It takes the verbs patch and approve on XPosts, as with the role x-operator-xpost-approver.",
	}
}
