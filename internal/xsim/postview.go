// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"slices"
	"strings"
)

// postView is which fields of a post an answer shows, and under which names:
// version 2.167 of X's API description says "post" where older ones say "tweet".
// Who asks by the old parameter gets the old names; the new ones are the default.
type postView struct {
	old, now                                 bool
	created, conversation, settings          bool
	author, inReplyToUser, referenced, users bool
}

// postFields are those of 2.167. Authors and references come by expansions there,
// and were fields before.
var (
	postFields = strings.Fields(`article article_title attachments card_uri community_id context_annotations
		conversation_id created_at display_text_range edit_controls entities geo id lang matched_media_notes
		media_metadata non_public_metrics note_post note_request_suggestions organic_metrics paid_partnership
		possibly_sensitive promoted_metrics public_metrics reply_settings scopes source suggested_source_links
		suggested_source_links_with_counts text withheld`)
	oldFields  = append(slices.Clone(postFields), "author_id", "in_reply_to_user_id", "referenced_tweets", "edit_history_tweet_ids", "note_tweet")
	expansions = strings.Fields(`article.cover_media article.media_entities attachments.media_keys
		attachments.media_source_tweet attachments.poll_ids author_id edit_history_post_ids edit_history_tweet_ids
		entities.mentions.username geo.place_id in_reply_to_user_id referenced_posts referenced_tweets.id username`)
)

// set reads one of the parameters that choose fields.
func (v *postView) set(name string, values []string) string {
	var known []string
	switch name {
	case "post.fields":
		known, v.now = postFields, true
	case "tweet.fields":
		known, v.old = oldFields, true
	case "expansions":
		known = expansions
		v.users = slices.Contains(values, "author_id")
	case "user.fields", "media.fields", "poll.fields", "place.fields":
		return ""
	default:
		return fmt.Sprintf("The query parameter [%s] is not known", name)
	}
	for _, value := range values {
		if !slices.Contains(known, value) {
			return fmt.Sprintf("The `%s` query parameter value [%s] is not known", name, value)
		}
		v.show(value)
	}
	return ""
}

func (v *postView) show(field string) {
	switch field {
	case "created_at":
		v.created = true
	case "conversation_id":
		v.conversation = true
	case "reply_settings":
		v.settings = true
	case "author_id":
		v.author = true
	case "in_reply_to_user_id":
		v.inReplyToUser = true
	case "referenced_posts", "referenced_tweets", "referenced_tweets.id":
		v.referenced = true
	}
}

// of is the post as the answer shows it.
func (v postView) of(p *post) map[string]any {
	id := idText(p.id)
	shown := map[string]any{"id": id, "text": p.text}
	v.put(shown, "edit_history_tweet_ids", "edit_history_post_ids", []string{id})
	fields := []struct {
		wanted bool
		name   string
		value  string
	}{
		{v.created, "created_at", p.at.UTC().Format("2006-01-02T15:04:05.000Z")},
		{v.conversation, "conversation_id", idText(p.conversation)},
		{v.settings, "reply_settings", orEveryone(p.replySettings)},
		{v.author, "author_id", p.author.ID},
	}
	for _, field := range fields {
		if field.wanted {
			shown[field.name] = field.value
		}
	}
	if v.inReplyToUser && p.replyTo != nil {
		shown["in_reply_to_user_id"] = p.replyTo.author.ID
	}
	if references := p.references(); v.referenced && len(references) > 0 {
		v.put(shown, "referenced_tweets", "referenced_posts", references)
	}
	return shown
}

// put sets a field under its old name, its new one, or both.
func (v postView) put(shown map[string]any, oldName, newName string, value any) {
	if v.old {
		shown[oldName] = value
	}
	if v.now || !v.old {
		shown[newName] = value
	}
}

// reference is one entry of referenced_posts.
type reference struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (p *post) references() []reference {
	var all []reference
	if p.replyTo != nil {
		all = append(all, reference{"replied_to", idText(p.replyTo.id)})
	}
	if p.quotes != nil {
		all = append(all, reference{"quoted", idText(p.quotes.id)})
	}
	return all
}

func orEveryone(settings string) string {
	if settings == "" {
		return "everyone"
	}
	return settings
}
