// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/kubectl/pkg/util/templates"
	"k8s.io/utils/ptr"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// postPatience is how long publishing is waited for: a limit at X may take longer,
// and the operator goes on by itself.
const postPatience = 2 * time.Minute

const flagTTL = "ttl-after-finished"

var (
	postLong = templates.LongDesc(`
		Publish a post, a thread or a reply through an XConnection, once.

		Makes an XPost, which the operator publishes, and waits until it is at X. It
		takes the right to create, get and watch XPosts, and no token: a job can run it
		with a service account of its own. If the waiting ends early, publishing does
		not: the XPost stands, and kubectl get xposts tells what becomes of it.

		A call that may be made again, as by a job that is retried, should carry a
		--request-id: calls with the same one publish once, and each waits for it, also
		when the XPost was changed meanwhile, as by whoever approves it. Where the text
		may be another the next time, add --keep-first: the first one counts. That holds
		as long as the XPost is there: with --ttl-after-finished, give it longer than a
		call may be made again.

		With --at or --approval nothing is waited for unless --wait is given.`)

	postExample = templates.Examples(`
		# Publish a post
		kubectl xconnection post social-manager --text 'Version 2 is out'

		# Publish a thread
		kubectl xconnection post social-manager --text 'What is new:' --text '1. It is faster' --text '2. It is smaller'

		# Publish a thread from a file whose posts are separated by lines of ---
		kubectl xconnection post social-manager --thread -f thread.txt

		# Reply, with a text from another program
		write-reply | kubectl xconnection post social-manager --reply-to 1846987139428634858 -f -

		# In a job that may run again: publish once, and print the post's address
		kubectl xconnection post social-manager --request-id "$JOB_NAME" -f post.txt -o jsonpath='{.status.posts[0].url}'

		# Publish tomorrow, if a second person approves
		kubectl xconnection post social-manager -f post.txt --at 2026-12-01T09:00:00Z --approval`)
)

// post publishes.
type post struct {
	*factory
	waiting
	print *genericclioptions.PrintFlags

	texts      []string
	filename   string
	thread     bool
	replyTo    string
	at         string
	approval   bool
	madeWithAI bool
	name       string
	requestID  string
	keepFirst  bool
	ttl        time.Duration
	ignoreNone bool
}

func newPost(f *factory) *cobra.Command {
	p := &post{factory: f, waiting: waiting{wait: true, timeout: postPatience}, print: resultFlags()}
	cmd := &cobra.Command{
		Use:                   "post NAME (--text TEXT... | -f FILE)",
		DisableFlagsInUseLine: true,
		Short:                 "Publish a post, a thread or a reply",
		Long:                  postLong,
		Example:               postExample,
		Args:                  oneName,
		ValidArgsFunction:     f.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.run(cmd.Context(), cmd, plainName(args[0]))
		},
	}
	p.waiting.addFlags(cmd, "If true, wait until everything is published. Default: true, and false with --at or --approval.")
	p.addPostFlags(cmd)
	addResultFlags(cmd, p.print)
	return cmd
}

func (p *post) addPostFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&p.texts, "text", p.texts, "The text to publish. Given several times, it makes a thread.")
	flags.StringVarP(&p.filename, "filename", "f", p.filename, "A file with the text to publish; - is standard input.")
	flags.BoolVar(&p.thread, "thread", p.thread, "If true, publish a thread: in a file, lines of --- stand between its posts.")
	flags.BoolVar(&p.ignoreNone, "ignore-empty", p.ignoreNone, "If true, an empty file publishes nothing, and is no error.")
	flags.StringVar(&p.replyTo, "reply-to", p.replyTo, "The id of the post at X to reply to: the last part of its address.")
	flags.StringVar(&p.at, "at", p.at, "When to publish, in RFC 3339, such as 2026-12-01T09:00:00Z. Default: now.")
	flags.BoolVar(&p.approval, "approval", p.approval, "If true, publish once somebody approves who has the right to.")
	flags.BoolVar(&p.madeWithAI, "made-with-ai", p.madeWithAI, "If true, disclose at X that this was made with AI.")
	flags.StringVar(&p.name, "name", p.name, "The XPost's name. Default: the connection's name with a random end.")
	flags.StringVar(&p.requestID, "request-id", p.requestID, "Names this request in your words, such as a job's name: repeated, it publishes nothing again. It makes the XPost's name.")
	flags.BoolVar(&p.keepFirst, "keep-first", p.keepFirst, "If true, and an earlier call with this --request-id or --name publishes something else, keep to that and wait for it: for jobs that write a text anew when they run again.")
	flags.DurationVar(&p.ttl, flagTTL, p.ttl, "For how long to keep the XPost once it is published or refused, such as 168h; the operator then deletes it, and its posts stay at X. Default: it is kept.")
}

func (p *post) run(ctx context.Context, cmd *cobra.Command, connection string) error {
	if err := p.check(cmd); err != nil {
		return err
	}
	wanted, err := p.object(cmd, connection)
	if err != nil {
		return err
	}
	if p.ignoreNone && strings.Join(wanted.Texts(), "") == "" {
		_, _ = fmt.Fprintln(p.ErrOut, "There is nothing to publish.")
		return nil
	}
	client, _, err := p.posts()
	if err != nil {
		return err
	}
	object, found, err := p.submit(ctx, client, wanted)
	if err != nil {
		return err
	}
	if !p.wait {
		return p.result(object, p.print, submitted(found))
	}
	tells := p.teller()
	object, err = client.until(ctx, p.waiting, tells, object, "the publication", awaiting(tells, "Waiting for %s to be published", published))
	if err != nil {
		return err
	}
	return p.result(object, p.print, whereItIs(object))
}

// submit makes the XPost, or finds it. One that publishes something else counts with
// --keep-first alone, and never if it is another connection's.
func (p *post) submit(ctx context.Context, client *posts, wanted *v1alpha1.XPost) (*v1alpha1.XPost, bool, error) {
	object, found, err := client.ensure(ctx, wanted)
	switch {
	case err != nil:
		return nil, false, err
	case madeFor(object, wanted):
		return object, found, nil
	case !p.keepFirst, object.Spec.ConnectionRef != wanted.Spec.ConnectionRef:
		return nil, false, otherRequest(object)
	}
	_, _ = fmt.Fprintf(p.ErrOut, "%s is there already, for another text: it is kept, and this one is not published.\n", title(object))
	return object, found, nil
}

// check refuses a wrong call before anything is read or made.
func (p *post) check(cmd *cobra.Command) error {
	switch {
	case len(p.texts) == 0 && p.filename == "":
		return usageError(cmd, "there is nothing to publish: give --text, or -f and a file (-f - reads standard input)")
	case len(p.texts) > 0 && p.filename != "":
		return usageError(cmd, "--text and -f can't be used together")
	case p.name != "" && p.requestID != "":
		return usageError(cmd, "--name and --request-id can't be used together: a request id makes the name")
	case p.keepFirst && p.name == "" && p.requestID == "":
		return usageError(cmd, "--keep-first goes with --request-id or --name")
	}
	if !cmd.Flags().Changed("wait") {
		p.wait = p.at == "" && !p.approval
	}
	return p.waiting.validate()
}

// object is the XPost to make. Defaults are written out, so that it can be compared
// with one that was made by other means.
func (p *post) object(cmd *cobra.Command, connection string) (*v1alpha1.XPost, error) {
	namespace, err := p.namespace()
	if err != nil {
		return nil, err
	}
	object := &v1alpha1.XPost{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "XPost"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: p.objectName(connection)},
		Spec: v1alpha1.XPostSpec{
			ConnectionRef:  v1alpha1.ConnectionReference{Name: connection},
			ReplyTo:        p.replyTo,
			ReplySettings:  v1alpha1.ReplyEveryone,
			MadeWithAI:     p.madeWithAI,
			Approval:       v1alpha1.ApprovalNotRequired,
			DeletionPolicy: v1alpha1.DeletionRetain,
		},
	}
	if p.approval {
		object.Spec.Approval = v1alpha1.ApprovalRequired
	}
	if p.at != "" {
		at, err := time.Parse(time.RFC3339, p.at)
		if err != nil {
			return nil, usageError(cmd, "--at must be a time such as 2026-12-01T09:00:00Z, and is %q", p.at)
		}
		object.Spec.PublishAt = &metav1.Time{Time: at.Truncate(time.Second)}
	}
	if object.Spec.TTLSecondsAfterFinished, err = p.secondsToLive(cmd); err != nil {
		return nil, err
	}
	if err := p.fill(&object.Spec); err != nil {
		return nil, err
	}
	object.Annotations = map[string]string{v1alpha1.AnnotationRequestHash: requestHash(object)}
	return object, nil
}

// secondsToLive is for how long the XPost is kept once it finished; nil for ever.
func (p *post) secondsToLive(cmd *cobra.Command) (*int32, error) {
	seconds := p.ttl / time.Second
	switch {
	case !cmd.Flags().Changed(flagTTL):
		return nil, nil
	case p.ttl < 0, seconds > math.MaxInt32:
		return nil, usageError(cmd, "--%s must be 0 to %d seconds, and is %s", flagTTL, math.MaxInt32, p.ttl)
	}
	return ptr.To(int32(seconds)), nil
}

// fill takes the texts from where they are.
func (p *post) fill(spec *v1alpha1.XPostSpec) error {
	texts := p.texts
	if p.filename != "" {
		var err error
		if texts, err = readTexts(p.filename, p.In, p.thread); err != nil {
			return err
		}
	}
	if p.thread || len(texts) > 1 {
		spec.Thread = texts
		return nil
	}
	spec.Text = texts[0]
	return nil
}

// objectName names the XPost before it is made, so that a lost answer can be looked
// up, and so that the same request always has the same name.
func (p *post) objectName(connection string) string {
	switch {
	case p.name != "":
		return p.name
	case p.requestID != "":
		sum := sha256.Sum256([]byte(p.requestID))
		return connection + "-" + hex.EncodeToString(sum[:10])
	default:
		return connection + "-" + rand.String(8)
	}
}

func submitted(found bool) string {
	if found {
		return "unchanged"
	}
	return "created"
}

// published tells whether an XPost is at X, whole.
func published(object *v1alpha1.XPost) (bool, error) {
	switch {
	case !object.DeletionTimestamp.IsZero():
		return false, &problem{code: ExitError, what: title(object) + " is being deleted"}
	case !observed(object):
		return false, nil
	case isTrue(object, v1alpha1.ConditionStalled):
		return false, notPublished(object)
	default:
		return isReady(object), nil
	}
}

// notPublished says why nothing more is sent, and what to do.
func notPublished(object *v1alpha1.XPost) error {
	what := fmt.Sprintf("%s is not published: %s", title(object), because(object))
	if at := len(object.Status.Posts); at > 0 {
		what += fmt.Sprintf(" (%d of %d posts are at X)", at, len(object.Texts()))
	}
	next := fmt.Sprintf("Change the XPost, or delete it and publish another: kubectl edit xpost %s -n %s", object.Name, object.Namespace)
	switch {
	case ready(object).Reason == v1alpha1.ReasonRejected:
		next = "Do not publish it again, under this or another request id, unless your person asks."
	case ready(object).Reason == v1alpha1.ReasonUnknown || len(object.Status.Posts) > 0:
		// Its spec can't change any more; the operator's message says what can be done.
		next = fmt.Sprintf("For more: kubectl describe xpost %s -n %s", object.Name, object.Namespace)
	}
	return &problem{code: ExitNotReady, what: what, next: next}
}

// whereItIs is what is printed beside the name of an XPost that is published.
func whereItIs(object *v1alpha1.XPost) string {
	if len(object.Status.Posts) == 0 {
		return "published"
	}
	return "published at " + object.Status.Posts[0].URL
}
