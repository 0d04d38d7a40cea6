// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

// manner is how something is published.
type manner struct {
	RequestID     string `json:"requestID" jsonschema:"your own name for this request, such as a UUID. Give the same one when you repeat the call, and it is published once; a new one for anything new"`
	ReplySettings string `json:"replySettings,omitempty" jsonschema:"who may reply beside those that are mentioned; default Everyone"`
	MadeWithAI    bool   `json:"madeWithAI,omitempty" jsonschema:"true discloses at X that it was made with AI"`
}

// longestText is what an XPost takes of a text, in characters. To weigh one of a megabyte
// would keep the door's processor busy.
const longestText = 4000

func (publishPostInput) limits(schema *jsonschema.Schema) {
	manner{}.limits(schema)
	schema.Properties["text"].MaxLength = ptr.To(longestText)
}

func (manner) limits(schema *jsonschema.Schema) {
	schema.Properties["requestID"].MinLength = ptr.To(1)
	schema.Properties["requestID"].MaxLength = ptr.To(maxRequestID)
	schema.Properties["replySettings"].Enum = []any{"Everyone", "Following", "MentionedUsers", "Subscribers", "Verified"}
}

type publishPostInput struct {
	Text string `json:"text" jsonschema:"the text: X takes a weight of 280, where most letters weigh 1, emoji and many other letters 2, and a link 23"`
	manner
}

type publishThreadInput struct {
	Texts []string `json:"texts" jsonschema:"the texts in their order, each held to a weight of 280; each post replies to the one before"`
	manner
}

func (publishThreadInput) limits(schema *jsonschema.Schema) {
	manner{}.limits(schema)
	schema.Properties["texts"] = &jsonschema.Schema{
		Type: "array", Description: schema.Properties["texts"].Description,
		Items: &jsonschema.Schema{Type: "string", MaxLength: ptr.To(longestText)}, MinItems: ptr.To(1), MaxItems: ptr.To(25),
	}
}

type replyInput struct {
	To   string `json:"to" jsonschema:"the id of the post to reply to. X lets most apps reply to those alone who mentioned or quoted the account"`
	Text string `json:"text" jsonschema:"the text: X takes a weight of 280"`
	manner
}

func (replyInput) limits(schema *jsonschema.Schema) {
	manner{}.limits(schema)
	schema.Properties["to"].Pattern = xapi.IDPattern
	schema.Properties["text"].MaxLength = ptr.To(longestText)
}

const publishes = " It waits for the outcome: Published with ids and addresses, or Pending if it takes longer or needs a person's approval. " +
	"What is Pending goes on by itself: never publish it again, but repeat the call with the same requestID to learn what became of it."

func (d *Door) addPublishing(server *mcp.Server) {
	add(d, server, tool{
		name: "publish_post", title: "Publish a post", right: mayPost, repeatable: true,
		description: "Publishes a post." + publishes,
	}, func(ctx context.Context, c call, in publishPostInput) (publication, error) {
		return d.publish(ctx, c, in.manner, v1alpha1.XPostSpec{Text: in.Text})
	})
	add(d, server, tool{
		name: "publish_thread", title: "Publish a thread", right: mayPost, repeatable: true,
		description: "Publishes 1 to 25 posts as a thread. If one is refused, those before it stay." + publishes,
	}, func(ctx context.Context, c call, in publishThreadInput) (publication, error) {
		return d.publish(ctx, c, in.manner, v1alpha1.XPostSpec{Thread: in.Texts})
	})
	add(d, server, tool{
		name: "reply", title: "Reply to a post", right: mayPost, repeatable: true,
		description: "Publishes a post as a reply to another." + publishes,
	}, func(ctx context.Context, c call, in replyInput) (publication, error) {
		return d.publish(ctx, c, in.manner, v1alpha1.XPostSpec{Text: in.Text, ReplyTo: in.To})
	})
}

// publish makes the XPost, or finds the one that an earlier call with the same
// requestID made, and waits for what becomes of it.
func (d *Door) publish(ctx context.Context, c call, how manner, what v1alpha1.XPostSpec) (publication, error) {
	post := newPost(c, how, what)
	// Nothing is left lying for a connection that can't publish: it would go out when
	// nobody thinks of it any more.
	if _, err := d.account(ctx, c.connection); err != nil {
		return d.earlierOutcome(ctx, post, err)
	}
	if err := checkTexts(post); err != nil {
		return publication{}, err
	}
	post, made, err := d.ensure(ctx, post)
	if err != nil {
		return publication{}, err
	}
	if made {
		d.Log.Info("An agent publishes", "namespace", post.Namespace, "connection", c.connection.Name, "xpost", post.Name, "user", c.user.Username)
	}
	return d.awaitOutcome(ctx, post)
}

// earlierOutcome tells what became of the same request, if an earlier call made it. That
// takes no connection. Otherwise it fails as the caller would.
func (d *Door) earlierOutcome(ctx context.Context, post *v1alpha1.XPost, otherwise error) (publication, error) {
	found, err := d.earlier(ctx, post)
	if err != nil {
		return publication{}, otherwise
	}
	return d.awaitOutcome(ctx, found)
}

// newPost is the XPost for a request. Its name is made from who asks, for which
// connection, and under which requestID, so that there is one of each.
func newPost(c call, how manner, what v1alpha1.XPostSpec) *v1alpha1.XPost {
	what.ConnectionRef.Name = c.connection.Name
	what.ReplySettings, what.MadeWithAI = v1alpha1.ReplySettings(how.ReplySettings), how.MadeWithAI
	if what.ReplySettings == "" {
		what.ReplySettings = v1alpha1.ReplyEveryone
	}
	post := &v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.connection.Namespace,
			Name:      "agent-" + digest(fmt.Appendf(nil, "%q", []string{c.user.Username, c.connection.Name, how.RequestID})),
			Labels:    map[string]string{v1alpha1.LabelOrigin: v1alpha1.LabelOriginAgent},
			Annotations: map[string]string{
				v1alpha1.AnnotationAuthor:    c.user.Username,
				v1alpha1.AnnotationRequestID: how.RequestID,
			},
		},
		Spec: what,
	}
	post.Annotations[v1alpha1.AnnotationRequestHash] = digest(
		fmt.Appendf(nil, "%+q", []any{post.Texts(), what.ReplyTo, what.ReplySettings, fmt.Sprint(what.MadeWithAI)}))
	return post
}

// digest is of quoted texts, so that no others have the same. What "%q" makes of a
// character may be another matter in each release of Go, "%+q" is not; names that there
// are must stay.
func digest(quoted []byte) string {
	sum := sha256.Sum256(quoted)
	return hex.EncodeToString(sum[:16])
}

// checkTexts refuses what the controllers would refuse, before there is an object.
func checkTexts(post *v1alpha1.XPost) error {
	for i, text := range post.Texts() {
		weighs, valid := weight.Weigh(text)
		switch {
		case weighs > weight.Max:
			return &fault{reason: v1alpha1.ReasonTooLong, message: fmt.Sprintf(
				"Text %d of %d weighs %d by X's rules, and X takes %d. Nothing was published: shorten it.", i+1, len(post.Texts()), weighs, weight.Max)}
		case !valid:
			return &fault{reason: v1alpha1.ReasonInvalidText, message: fmt.Sprintf(
				"Text %d of %d is empty, or holds characters that X does not take. Nothing was published: correct it.", i+1, len(post.Texts()))}
		}
	}
	return nil
}

// ensure makes an XPost, or gives the one that this very request made earlier; made tells
// which. A call that is repeated, as it is to learn what becomes of it, writes nothing.
func (d *Door) ensure(ctx context.Context, post *v1alpha1.XPost) (ensured *v1alpha1.XPost, made bool, err error) {
	if d.Cached.Get(ctx, client.ObjectKeyFromObject(post), &v1alpha1.XPost{}) == nil {
		ensured, err = d.earlier(ctx, post)
		if !apierrors.IsNotFound(err) {
			return ensured, false, err
		}
		// It has just gone.
	}
	leave, err := d.writes.enter(post.Namespace)
	if err != nil {
		return nil, false, err
	}
	defer leave()
	ensured = post.DeepCopy()
	err = d.Live.Create(ctx, ensured)
	switch {
	case err == nil:
		return ensured, true, nil
	case apierrors.IsAlreadyExists(err):
		ensured, err = d.earlier(ctx, post)
		return ensured, false, err
	case apierrors.IsInvalid(err):
		return nil, false, &fault{reason: reasonInvalid, message: "Nothing was published: " + err.Error() + "."}
	case apierrors.IsForbidden(err):
		// A quota or a policy of the namespace, or its end.
		return nil, false, &fault{reason: v1alpha1.ReasonRefused, message: "Nothing was published: " + err.Error() + "."}
	default:
		return d.perhapsMade(ctx, post, err)
	}
}

// perhapsMade looks for an XPost that was to be made when the answer was lost: the name
// tells. If nobody can tell, the same request is to come again.
func (d *Door) perhapsMade(ctx context.Context, post *v1alpha1.XPost, failure error) (*v1alpha1.XPost, bool, error) {
	found, err := d.earlier(ctx, post)
	var known *fault
	switch {
	case err == nil, errors.As(err, &known):
		return found, err == nil, err
	case ctx.Err() != nil:
		return nil, false, fmt.Errorf("making the XPost: %w", failure)
	}
	d.Log.Error(failure, "Whether an agent's XPost was made is not known", "namespace", post.Namespace, "xpost", post.Name)
	return nil, false, &fault{reason: reasonInternal, retryAt: d.Now().Add(unavailableFor), message: "The API server did not say whether it took the request: " +
		"it may be published. Repeat the call with the same requestID, and never under another."}
}

func (d *Door) earlier(ctx context.Context, post *v1alpha1.XPost) (*v1alpha1.XPost, error) {
	found := &v1alpha1.XPost{}
	if err := d.Live.Get(ctx, client.ObjectKeyFromObject(post), found); err != nil {
		return nil, fmt.Errorf("reading the XPost of an earlier call: %w", err)
	}
	if !sameRequest(found, post) {
		return nil, &fault{reason: reasonRequestIDReused, message: fmt.Sprintf(
			"You used the requestID %q before, for something else: XPost %s. %s If that is what you mean, do not publish it again. For anything new take a new requestID.",
			post.Annotations[v1alpha1.AnnotationRequestID], post.Name, stands(found))}
	}
	return found, nil
}

// sameRequest tells whether an XPost was made for a request, whatever was changed in it
// since. One that was made without the digest is taken as it is now.
func sameRequest(found, asked *v1alpha1.XPost) bool {
	is := func(annotation string) bool { return found.Annotations[annotation] == asked.Annotations[annotation] }
	if !is(v1alpha1.AnnotationAuthor) || !is(v1alpha1.AnnotationRequestID) {
		return false
	}
	if found.Annotations[v1alpha1.AnnotationRequestHash] != "" {
		return is(v1alpha1.AnnotationRequestHash)
	}
	was, wanted := found.Spec, asked.Spec
	return was.ConnectionRef == wanted.ConnectionRef && slices.Equal(found.Texts(), asked.Texts()) &&
		was.ReplyTo == wanted.ReplyTo && was.ReplySettings == wanted.ReplySettings && was.MadeWithAI == wanted.MadeWithAI
}
