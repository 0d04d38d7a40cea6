// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"slices"
	"strings"
)

// permission is one scope, as a person reads it.
type permission struct {
	Scope string
	Words string
}

// words says what X's scopes allow, after X's own descriptions. A scope that is
// not here is shown by its name alone.
var words = map[string]string{
	"block.read":           "see the accounts that you have blocked",
	"block.write":          "block and unblock accounts for you",
	"bookmark.read":        "see your bookmarks",
	"bookmark.write":       "add and remove bookmarks for you",
	"broadcast.read":       "see your live broadcasts and their chat",
	"broadcast.write":      "manage your live broadcasts and chat for you",
	"dm.read":              "read all your direct messages",
	"dm.write":             "send and manage direct messages for you",
	"follows.read":         "see whom you follow and who follows you",
	"follows.write":        "follow and unfollow accounts for you",
	"like.read":            "see the posts that you have liked",
	"like.write":           "like and unlike posts for you",
	"list.read":            "see your lists, private ones too",
	"list.write":           "create and manage lists for you",
	"media.write":          "upload pictures and videos for you",
	"mute.read":            "see the accounts that you have muted",
	"mute.write":           "mute and unmute accounts for you",
	"offline.access":       "keep this access while you are away, until you take it back",
	"space.read":           "see the Spaces that you can see",
	"timeline.read":        "see the custom timelines that you can see",
	"tweet.moderate.write": "hide and unhide replies to your posts",
	"tweet.read":           "see every post that you can see, those of protected accounts too",
	"tweet.write":          "write posts, replies and reposts for you",
	"users.email":          "see your email address",
	"users.read":           "see your profile, and every profile that you can see",
}

// inWords describes scopes; those that act in the account's name come first,
// since they are what a person should think about.
func inWords(scopes []string) []permission {
	permissions := make([]permission, 0, len(scopes))
	for _, scope := range scopes {
		permissions = append(permissions, permission{Scope: scope, Words: words[scope]})
	}
	slices.SortStableFunc(permissions, func(a, b permission) int { return weight(a.Scope) - weight(b.Scope) })
	return permissions
}

func weight(scope string) int {
	switch {
	case words[scope] == "":
		return 0
	case isWriting(scope):
		return 1
	case scope != "offline.access":
		return 2
	default:
		return 3
	}
}

func isWriting(scope string) bool { return strings.HasSuffix(scope, ".write") }
