// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// postBody is CreatePostsRequest of X's API description: any other field is
// refused. Parts that the simulator has no use for are only known by name.
type postBody struct {
	Text          string          `json:"text"`
	Reply         *postReply      `json:"reply"`
	QuoteID       string          `json:"quote_tweet_id"`
	Media         *postMedia      `json:"media"`
	Poll          *postPoll       `json:"poll"`
	ReplySettings string          `json:"reply_settings"`
	MadeWithAI    bool            `json:"made_with_ai"`
	Partnership   bool            `json:"paid_partnership"`
	CardURI       string          `json:"card_uri"`
	CommunityID   string          `json:"community_id"`
	DMDeepLink    string          `json:"direct_message_deep_link"`
	EditOptions   json.RawMessage `json:"edit_options"`
	Geo           json.RawMessage `json:"geo"`
	SuperOnly     bool            `json:"for_super_followers_only"`
	Nullcast      bool            `json:"nullcast"`
	Share         bool            `json:"share_with_followers"`
}

type postReply struct {
	To           string   `json:"in_reply_to_tweet_id"`
	AutoPopulate bool     `json:"auto_populate_reply_metadata"`
	Exclude      []string `json:"exclude_reply_user_ids"`
}

type postMedia struct {
	IDs           []string        `json:"media_ids"`
	TaggedUsers   []string        `json:"tagged_user_ids"`
	CallToActions json.RawMessage `json:"call_to_actions"`
	Description   string          `json:"description"`
	Embeddable    bool            `json:"embeddable"`
	PreviewID     string          `json:"preview_media_id"`
	Title         string          `json:"title"`
}

type postPoll struct {
	Minutes       int      `json:"duration_minutes"`
	Options       []string `json:"options"`
	ReplySettings string   `json:"reply_settings"`
}

// idForm is the form of every id in requests.
var idForm = regexp.MustCompile(`^[0-9]{1,19}$`)

// readPost reads a body and checks it by the API description; complaint is
// empty if nothing is wrong.
func readPost(c *call) (body postBody, complaint string) {
	if !strings.HasPrefix(c.request.Header.Get("Content-Type"), "application/json") {
		return body, "the Content-Type must be application/json"
	}
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return body, err.Error()
	}
	if _, err := decoder.Token(); err != io.EOF {
		return body, "there is something after the JSON object"
	}
	for _, complaint := range []string{body.checkText(), body.checkReferences(), body.checkMedia(), body.checkPoll()} {
		if complaint != "" {
			return body, complaint
		}
	}
	return body, ""
}

func (b *postBody) checkText() string {
	settings := []string{"", "following", "mentionedUsers", "subscribers", "verified"}
	switch {
	case strings.TrimSpace(b.Text) == "" && b.Media == nil:
		return "[text] is missing"
	case !slices.Contains(settings, b.ReplySettings):
		return fmt.Sprintf("[reply_settings] is not one of %v", settings[1:])
	}
	return ""
}

func (b *postBody) checkReferences() string {
	if b.Reply != nil && !idForm.MatchString(b.Reply.To) {
		return "[reply.in_reply_to_tweet_id] is missing or no id"
	}
	if b.QuoteID != "" && !idForm.MatchString(b.QuoteID) {
		return "[quote_tweet_id] is no id"
	}
	return ""
}

func (b *postBody) checkMedia() string {
	switch {
	case b.Media == nil:
		return ""
	case len(b.Media.IDs) < 1 || len(b.Media.IDs) > 4:
		return "[media.media_ids] must be 1 to 4"
	case b.Poll != nil || b.QuoteID != "":
		return "[media] excludes [poll] and [quote_tweet_id]"
	}
	// Nothing was ever uploaded here.
	return "Your media IDs are invalid."
}

func (b *postBody) checkPoll() string {
	const minutes, week = 5, 10080
	switch p := b.Poll; {
	case p == nil:
		return ""
	case p.Minutes < minutes || p.Minutes > week:
		return "[poll.duration_minutes] must be 5 to 10080"
	case len(p.Options) < 2 || len(p.Options) > 4:
		return "[poll.options] must be 2 to 4"
	case slices.ContainsFunc(p.Options, func(option string) bool { return option == "" || len([]rune(option)) > 25 }):
		return "[poll.options] must have 1 to 25 characters each"
	}
	return ""
}
