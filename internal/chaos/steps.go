// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import "strings"

// TagFailpoints is the build tag of a binary that has failpoints.
const TagFailpoints = "failpoints"

// Steps are the failpoints of the operator: wherever it may be killed.
var Steps = []string{
	"refresh-before-intent",
	"refresh-after-intent",
	"redeem-before-send",
	"refresh-after-answer",
	"persist-before-write",
	"persist-after-write",
	"refresh-after-persist",
	"publish-before-write",
	"publish-after-write",
	"publish-before-status",
	"publish-after-status",
	"consent-before-claim",
	"consent-after-claim",
	"consent-after-answer",
	"consent-after-candidate",
	"consent-after-account",
	"consent-after-promote",
	"revoke-before-forget",
	"revoke-before-call",
	"revoke-between-calls",
	"revoke-after-call",
	"revoke-after-persist",
	"revoke-after-delete",
	"post-before-intent",
	"post-after-intent",
	"post-after-answer",
	"post-after-persist",
}

// stopSteps are those at which a process is stopped instead, and so may wake up
// when another has taken over.
var stopSteps = []string{
	"refresh-after-intent",
	"redeem-before-send",
	"refresh-after-answer",
	"persist-before-write",
	"publish-before-write",
	"post-after-intent",
	"post-after-answer",
}

// area is what a step is part of: the first word of its name. Consents,
// revocations and posts happen only if somebody asks for them.
func area(step string) string {
	word, _, _ := strings.Cut(step, "-")
	return word
}
