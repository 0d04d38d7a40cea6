// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import "time"

// The bounds of what the door asks of others and keeps of their answers. Those of
// its server are in package webhook.
const (
	// reviewTimeout is for one question to the API server about a caller.
	reviewTimeout = 5 * time.Second
	// reviewKept is how long its answer is taken to hold. A token that is revoked, or
	// a right that is taken away, counts for so long at most.
	reviewKept = 10 * time.Second
	// maxReviews bounds the answers kept of each kind: those not used for longest go
	// first. What reviewsPerSecond lets one caller add within reviewKept is a fifteenth.
	maxReviews = 8192
	// reviewsPerSecond is how many tokens of one address, and how many rights of one
	// namespace's service accounts, are reviewed in the long run. What is kept takes none, so
	// that is enough for 500 tokens behind one address, or 500 rights of one namespace, in
	// use all the time.
	reviewsPerSecond = 50
	// reviewBurst of them may come together.
	reviewBurst = 50
	// maxReviewing of them are under way at once: as many as one namespace may call,
	// and an eighth of what the server takes, however slow the API server is.
	maxReviewing = 32
	// writesPerSecond is how many XPosts may be made and deleted for the connections of one
	// namespace in the long run, writeBurst how many together, and maxWriting how many at
	// once: more than X takes of any account, and nothing for an API server.
	writesPerSecond = 10
	writeBurst      = 20
	maxWriting      = 8
	// maxBearer is far above the length of a service account's token.
	maxBearer = 8 << 10

	// requestTimeout is for all of a request, and below the server's write timeout of
	// 75 s: MCP has calls that would wait for as long as the client does.
	requestTimeout = time.Minute
	// toolTimeout is for one call of a tool. It stays below the 60 s that common MCP
	// clients wait.
	toolTimeout = 45 * time.Second
	// outcomeWait is how long a tool waits for what becomes of an XPost, within
	// toolTimeout. What takes longer is told as pending.
	outcomeWait = 25 * time.Second
	// outcomePoll is how often the XPost is looked at meanwhile, in the cache.
	outcomePoll = 100 * time.Millisecond
	// liveLook is how many looks it takes until one is at the API server, as long as the
	// cache never had the object.
	liveLook = 10
	// goneLooks is how often X is asked whether deleted posts are gone, goneAgain how long
	// after one another: X may need a moment to show it.
	goneLooks = 3
	goneAgain = 2 * time.Second
	// readTimeout is for one call to X.
	readTimeout = 20 * time.Second

	// maxPerNamespace calls are worked on at once for the connections of one
	// namespace: an eighth of what the server takes, so that no namespace fills it.
	maxPerNamespace = 32
	// maxRequestID bounds what a caller may name its request.
	maxRequestID = 128
	// usualPage and maxPage are how many posts a list has, by default and at most.
	usualPage = 20
	maxPage   = 100
)
