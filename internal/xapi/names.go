// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

// The names in which X's API has moved. Version 2.167 of its description calls a
// tweet a post in parameters and answers, while paths, the request to publish and
// most prose keep the old word. What is sent follows the description; what comes
// back is read under either name (see wirePost). Nothing else knows them.
const (
	// paramPostFields was tweet.fields.
	paramPostFields = "post.fields"
	// postFields are wanted of each post, beside its id and text.
	postFields = "conversation_id,created_at"
	// paramExpansions asks for ids that were fields once, and for their objects.
	paramExpansions = "expansions"
	// expansions: referenced_posts was referenced_tweets.id.
	expansions = "author_id,in_reply_to_user_id,referenced_posts"
)
