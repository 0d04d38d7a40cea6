// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "slices"

// scopesOfX are the OAuth 2.0 scopes of X's API description.
var scopesOfX = []string{
	"block.read", "block.write", "bookmark.read", "bookmark.write", "broadcast.read", "broadcast.write",
	"dm.read", "dm.write", "follows.read", "follows.write", "like.read", "like.write", "list.read", "list.write",
	"media.write", "mute.read", "mute.write", "offline.access", "space.read", "timeline.read",
	"tweet.moderate.write", "tweet.read", "tweet.write", "users.read",
}

func unknownScope(scope string) bool { return !slices.Contains(scopesOfX, scope) }

// hasScopes tells whether all that are wanted were granted.
func hasScopes(granted []string, wanted ...string) bool {
	for _, scope := range wanted {
		if !slices.Contains(granted, scope) {
			return false
		}
	}
	return true
}
