// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi/weight"
)

// textProblem is why a post can't be sent as it stands.
type textProblem struct {
	index   int32
	reason  string
	message string
}

// checkTexts weighs all texts by X's rules, before anything is sent: a thread whose
// last post is too long is not begun.
func checkTexts(post *v1alpha1.XPost) textProblem {
	if post.Complete() {
		return textProblem{}
	}
	for i, text := range post.Texts() {
		weighs, valid := weight.Weigh(text)
		problem := textProblem{index: int32(i)}
		switch {
		case weighs > weight.Max:
			problem.reason = v1alpha1.ReasonTooLong
			problem.message = fmt.Sprintf("%s weighs %d by X's rules, and X takes %d: shorten it",
				whichPost(post, problem.index), weighs, weight.Max)
			return problem
		case !valid:
			problem.reason = v1alpha1.ReasonInvalidText
			problem.message = fmt.Sprintf("%s holds characters that X does not take, such as U+FEFF or U+FFFE: remove them",
				whichPost(post, problem.index))
			return problem
		}
	}
	return textProblem{}
}

// contentHash tells what is published, where, when and by whose leave from what only
// concerns the object.
func contentHash(spec v1alpha1.XPostSpec) string {
	spec.DeletionPolicy, spec.TTLSecondsAfterFinished = "", nil
	content, err := json.Marshal(spec)
	if err != nil {
		// A struct of texts, a time and a boolean.
		panic(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// whichPost names a post to people, at the start of a sentence.
func whichPost(post *v1alpha1.XPost, index int32) string {
	if len(post.Spec.Thread) == 0 {
		return "The post"
	}
	return fmt.Sprintf("Post %d of the thread", index+1)
}

// thePost names a post inside a sentence.
func thePost(post *v1alpha1.XPost, index int32) string {
	text := whichPost(post, index)
	return strings.ToLower(text[:1]) + text[1:]
}
