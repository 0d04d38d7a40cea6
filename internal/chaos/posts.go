// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

const (
	// longestThread is how many posts a thread has at most.
	longestThread = 4
	// enoughPosts is how many XPosts of a world are under way before none is added to
	// reach a step.
	enoughPosts = 8
)

// xpost is an XPost and what its author wants. No other post has one of its texts.
type xpost struct {
	name    string
	conn    *connection
	texts   []string
	replyTo string

	// seen and told are guarded by the world.
	//
	// seen is the object as it was last looked at; nil before.
	seen *v1alpha1.XPost
	// told is the attempt that a person last said of what became of it.
	told string
}

// write makes so many XPosts, of connections that stand: posts, replies and
// threads. While none stands it does nothing.
func (w *world) write(ctx context.Context, count int) error {
	for range count {
		able := w.some(1)
		if len(able) == 0 {
			return nil
		}
		post := w.compose(able[0])
		err := insist(ctx, func() error {
			return client.IgnoreAlreadyExists(w.suite.plane.Client().Create(ctx, post.object(w.namespace)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compose draws what the next XPost of a connection is to be.
func (w *world) compose(conn *connection) *xpost {
	w.mu.Lock()
	defer w.mu.Unlock()
	post := &xpost{name: fmt.Sprintf("post-%04d", len(w.posts)), conn: conn}
	length := 1
	switch mood := w.draw.IntN(10); {
	case mood < 3:
		length = 2 + w.draw.IntN(longestThread-1)
	case mood < 6:
		post.replyTo = w.answerable(conn)
	}
	for i := range length {
		// X does not give everything back as it was sent.
		post.texts = append(post.texts, fmt.Sprintf("%s of @%s, %d/%d: R&D <3 naïve https://example.com/%s", post.name, conn.account, i+1, length, post.name))
	}
	w.posts = append(w.posts, post)
	return post
}

// answerable is the id of a post of a connection that is known to be at X; empty if
// there is none.
func (w *world) answerable(conn *connection) string {
	for _, post := range w.posts {
		if post.conn == conn && post.seen != nil && len(post.seen.Status.Posts) > 0 {
			return post.seen.Status.Posts[0].ID
		}
	}
	return ""
}

func (p *xpost) object(namespace string) *v1alpha1.XPost {
	object := &v1alpha1.XPost{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: p.name},
		Spec: v1alpha1.XPostSpec{
			ConnectionRef: v1alpha1.ConnectionReference{Name: p.conn.name}, ReplyTo: p.replyTo, MadeWithAI: true,
		},
	}
	if len(p.texts) == 1 {
		object.Spec.Text = p.texts[0]
	} else {
		object.Spec.Thread = p.texts
	}
	return object
}

// reason is that of the condition Ready.
func (p *xpost) reason() string {
	if p.seen == nil {
		return ""
	}
	if ready := meta.FindStatusCondition(p.seen.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

// underWay counts the XPosts that the operator is at work on.
func (w *world) underWay() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := 0
	for _, post := range w.posts {
		switch post.reason() {
		case v1alpha1.ReasonPublished, v1alpha1.ReasonUnknown, v1alpha1.ReasonNotConnected:
		default:
			count++
		}
	}
	return count
}

// asks tells whether an XPost waits for a person to say what became of it.
func (p *xpost) asks() bool {
	return p.reason() == v1alpha1.ReasonUnknown && p.seen.Status.Attempt != nil && p.seen.Status.Attempt.NextLookTime == nil
}

// rests tells whether the operator is done with an XPost: it is published, or a
// person is waited for.
func (p *xpost) rests() bool {
	switch p.reason() {
	case v1alpha1.ReasonPublished:
		return p.seen.Complete()
	case v1alpha1.ReasonUnknown:
		return p.asks() || !p.conn.stands()
	case v1alpha1.ReasonNotConnected:
		return !p.conn.stands()
	default:
		return false
	}
}

// tellOfPosts has people look at X for the posts that the operator asks about, and
// say what they saw.
func (w *world) tellOfPosts(ctx context.Context) error {
	w.mu.Lock()
	var asking []*xpost
	for _, post := range w.posts {
		if post.asks() && post.told != post.seen.Status.Attempt.ID {
			asking = append(asking, post)
		}
	}
	w.mu.Unlock()
	if len(asking) == 0 {
		return nil
	}
	atX := map[string]string{}
	for _, record := range w.x.Books().Posts {
		atX[record.Text] = record.ID
	}
	for _, post := range asking {
		if err := w.tellOf(ctx, post, atX); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) tellOf(ctx context.Context, post *xpost, atX map[string]string) error {
	w.mu.Lock()
	attempt := post.seen.Status.Attempt
	w.mu.Unlock()
	name, value := v1alpha1.AnnotationRetryRequestedAt, attempt.ID
	id, found := atX[post.texts[attempt.Index]]
	if found {
		name, value = v1alpha1.AnnotationPublishedAs, id
	}
	if err := w.annotate(ctx, post.object(w.namespace), name, value); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	post.told = attempt.ID
	if found {
		w.foundByPeople++
	} else {
		w.sentAgain++
	}
	return nil
}
