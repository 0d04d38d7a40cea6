// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// Post is one XPost as it is at the end. No text is in two of them.
type Post struct {
	Name string
	// Account is that of its connection.
	Account string
	// Texts are what it was to publish, the first in reply to ReplyTo, if that is set,
	// the others each to the one before.
	Texts   []string
	ReplyTo string
	// Connected tells whether its connection is there and works.
	Connected bool
	// IDs are the posts at X that its status tells of, by their place; empty for those
	// it does not.
	IDs []string
	// Ready and Reason are the status.
	Ready  bool
	Reason string
}

// PostCount says what became of all posts of all XPosts.
type PostCount struct {
	Wanted int
	// Published are at X and recorded.
	Published int
	// Unknown are those of which it is said that nobody knows; UnknownAtX those of them
	// that are at X, and Overlooked those of these whose connection works, so that the
	// operator could look.
	Unknown, UnknownAtX, Overlooked int
	// Waiting were not sent: they wait for their connection, or for a post before them.
	Waiting int
}

const (
	reasonUnknown      = "Unknown"
	reasonNotConnected = "NotConnected"
)

// judgePosts looks for each post at X.
func judgePosts(c *court, v *Verdict) {
	atX := map[string][]xsim.PostRecord{}
	for _, record := range c.Books.Posts {
		atX[record.Text] = append(atX[record.Text], record)
	}
	for _, post := range c.Posts {
		for i, text := range post.Texts {
			judgeText(post, i, atX[text], v)
		}
		judgeReason(post, v)
	}
	if again := c.Books.Counters.Duplicates; again > 0 {
		v.breach(PostedTwice, "%d times X was sent a text that it had already", again)
	}
}

// judgeText looks at one text of an XPost, and at what X has of it.
func judgeText(post Post, i int, atX []xsim.PostRecord, v *Verdict) {
	id := post.IDs[i]
	// What comes after a post whose outcome is not known was not sent.
	unknown := id == "" && post.Reason == reasonUnknown && i == slices.Index(post.IDs, "")
	v.Posts.Wanted++
	switch {
	case len(atX) > 1:
		v.breach(PostedTwice, "%s: its text %d is at X %d times", post.Name, i, len(atX))
	case id != "" && (len(atX) == 0 || atX[0].ID != id):
		v.breach(PostLost, "%s: its text %d is said to be at X as %s, and is not", post.Name, i, id)
	case len(atX) > 0 && !post.isPlaceOf(i, atX[0]):
		v.breach(PostMisplaced, "%s: its text %d is at X as a post of @%s in reply to %q", post.Name, i, atX[0].Username, atX[0].ReplyTo)
	case id != "":
		v.Posts.Published++
	case unknown:
		v.Posts.Unknown++
		v.Posts.UnknownAtX += len(atX)
		if post.Connected {
			v.Posts.Overlooked += len(atX)
		}
	case len(atX) > 0:
		v.breach(PostLost, "%s: its text %d is at X as %s, and its reason is %q", post.Name, i, atX[0].ID, post.Reason)
	default:
		v.Posts.Waiting++
	}
}

// isPlaceOf tells whether a post at X is where a text belongs.
func (p Post) isPlaceOf(i int, record xsim.PostRecord) bool {
	parent := p.ReplyTo
	if i > 0 {
		parent = p.IDs[i-1]
	}
	return record.Username == p.Account && record.ReplyTo == parent
}

// judgeReason holds an XPost to what it says: that all is published, or why not.
func judgeReason(post Post, v *Verdict) {
	complete := !slices.Contains(post.IDs, "")
	says := post.Reason == reasonUnknown || post.Reason == reasonNotConnected && !post.Connected
	switch {
	case complete != post.Ready:
		v.breach(PostLost, "%s has the ids %q and says that it is ready: %t (%s)", post.Name, post.IDs, post.Ready, post.Reason)
	case !complete && !says:
		v.breach(PostLost, "%s has the ids %q and the reason %q; its connection works: %t", post.Name, post.IDs, post.Reason, post.Connected)
	}
}
