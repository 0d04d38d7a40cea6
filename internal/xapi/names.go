// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// names are what a read asks for posts by. X's API has moved in them: version 2.167
// of its description calls a tweet a post in parameters and answers, while paths, the
// request to publish and most prose keep the old word. Servers move at another time
// than descriptions do, so a server that refuses one set of names is asked by the
// next (see readPosts), and what comes back is read under either name (see
// wirePost). Nothing else knows them.
type names struct {
	// fieldsParameter chooses the fields that are wanted beside id and text.
	fieldsParameter string
	fields          string
	// expansions asks for whole objects; empty for none.
	expansions string
}

const (
	expansionsParameter = "expansions"
	// fieldsSuffix ends the name of each parameter that chooses fields.
	fieldsSuffix = ".fields"
)

// oldFields were fields before some of them became expansions.
const oldFields = "author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets"

// allNames is every set of names that a server may know, the best first.
var allNames = []names{
	{"post.fields", "conversation_id,created_at", "author_id,in_reply_to_user_id,referenced_posts"},
	{"tweet.fields", oldFields, "author_id"},
	// X's own playground gives no expansion with the posts of a user. What is lost is
	// the authors' handles alone.
	{"tweet.fields", oldFields, ""},
}

// errNames goes with a 400 that is about names.
var errNames = errors.New("the server does not know the names of the fields that it was asked for")

// set completes a query.
func (n names) set(query url.Values) {
	query.Set(n.fieldsParameter, n.fields)
	if n.expansions != "" {
		query.Set(expansionsParameter, n.expansions)
	}
}

// namesAreWrong tells whether X refuses a request for what it asks by: a parameter
// that it does not know stands in X's text, a value that it does not know beside it.
func (p problem) namesAreWrong() bool {
	return p.mentions(expansionsParameter, fieldsSuffix) || slices.ContainsFunc(p.remarks(), func(r remark) bool {
		for name := range r.Parameters {
			if name == expansionsParameter || strings.HasSuffix(name, fieldsSuffix) {
				return true
			}
		}
		return false
	})
}
