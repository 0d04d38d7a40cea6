// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/agentconnect/x-operator/internal/secret"
)

// PostRequest is a post to publish.
type PostRequest struct {
	// Text is not empty. X weighs it: see package weight.
	Text string
	// InReplyTo is the id of the post that this one answers; empty for none.
	InReplyTo string
	// ReplySettings says who may reply: following, mentionedUsers, subscribers or
	// verified; empty for everyone.
	ReplySettings string
	// MadeWithAI discloses media made with AI.
	MadeWithAI bool
	// Guard may stop the call at the last moment, before the post is written to the
	// connection; nil never does.
	Guard Guard
}

// Post is a post on X. Of a post just published, X tells ID and Text alone.
type Post struct {
	ID   string
	Text string
	// AuthorID and AuthorUsername are who wrote it; the latter if X included it.
	AuthorID       string
	AuthorUsername string
	// CreatedAt is zero if X did not say.
	CreatedAt time.Time
	// ConversationID is the id of the post that began the conversation.
	ConversationID string
	// InReplyTo is the id of the post that this one answers; empty for none.
	InReplyTo string
	// InReplyToUserID is the author of that post.
	InReplyToUserID string
}

// PostURL is a post's address for people. Without its author's handle X finds the author
// by the post's id.
func PostURL(username, id string) string {
	if username == "" {
		username = "i"
	}
	return "https://x.com/" + username + "/status/" + id
}

// CreatePost publishes a post. An error of KindUnknown with Sent leaves open
// whether it is published: look among the account's own posts before trying again.
func (c *Client) CreatePost(ctx context.Context, access secret.Token, request PostRequest) (Post, error) {
	if err := request.validate(); err != nil {
		return Post{}, err
	}
	body, err := json.Marshal(request.wire())
	if err != nil {
		return Post{}, refused("the post cannot be written as JSON")
	}
	out := c.apiCall(EndpointCreatePost, http.MethodPost, "/2/tweets", nil, access)
	out.body, out.guard = body, request.Guard
	var got struct {
		Data wirePost `json:"data"`
	}
	if err := c.ask(ctx, out, &got, func() bool { return anID.MatchString(got.Data.ID) }); err != nil {
		return Post{}, err
	}
	return got.Data.post(nil), nil
}

// DeletePost deletes a post of the account. One that is gone already gives
// KindNotFound.
func (c *Client) DeletePost(ctx context.Context, access secret.Token, id string) error {
	if !anID.MatchString(id) {
		return refused("a post's id has 1 to 19 digits")
	}
	var got struct {
		Data struct {
			Deleted bool `json:"deleted"`
		} `json:"data"`
	}
	out := c.apiCall(EndpointDeletePost, http.MethodDelete, "/2/tweets/"+id, nil, access)
	return c.ask(ctx, out, &got, func() bool { return got.Data.Deleted })
}

// validate refuses what X would refuse for its form alone, and what could reach
// another address or field than meant. It returns nil or an *Error.
func (r PostRequest) validate() error {
	switch {
	case r.Text == "":
		return refused("a post needs text")
	case r.InReplyTo != "" && !anID.MatchString(r.InReplyTo):
		return refused("the id of the post to reply to has 1 to 19 digits")
	}
	return nil
}

// wireRequest is a post to publish as X reads one. X refuses unknown members.
type wireRequest struct {
	Text          string     `json:"text"`
	Reply         *wireReply `json:"reply,omitempty"`
	ReplySettings string     `json:"reply_settings,omitempty"`
	MadeWithAI    bool       `json:"made_with_ai,omitempty"`
}

type wireReply struct {
	InReplyTo string `json:"in_reply_to_tweet_id"`
}

func (r PostRequest) wire() wireRequest {
	wire := wireRequest{Text: r.Text, ReplySettings: r.ReplySettings, MadeWithAI: r.MadeWithAI}
	if r.InReplyTo != "" {
		wire.Reply = &wireReply{InReplyTo: r.InReplyTo}
	}
	return wire
}

// wirePost is a post as X writes one.
type wirePost struct {
	ID              string          `json:"id"`
	Text            string          `json:"text"`
	AuthorID        string          `json:"author_id"`
	CreatedAt       string          `json:"created_at"`
	ConversationID  string          `json:"conversation_id"`
	InReplyToUserID string          `json:"in_reply_to_user_id"`
	References      []wireReference `json:"referenced_posts"`
	// OldReferences is what References was called before version 2.167.
	OldReferences []wireReference `json:"referenced_tweets"`
}

type wireReference struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// post gives the post, with its author's name if it is among the users included.
func (w wirePost) post(names map[string]string) Post {
	// A time that can't be read is no reason to lose the post.
	createdAt, _ := time.Parse(time.RFC3339, w.CreatedAt)
	post := Post{
		ID:              w.ID,
		Text:            w.Text,
		AuthorID:        w.AuthorID,
		AuthorUsername:  names[w.AuthorID],
		CreatedAt:       createdAt,
		ConversationID:  w.ConversationID,
		InReplyToUserID: w.InReplyToUserID,
	}
	for _, reference := range append(w.References, w.OldReferences...) {
		if reference.Type == "replied_to" {
			post.InReplyTo = reference.ID
		}
	}
	return post
}
