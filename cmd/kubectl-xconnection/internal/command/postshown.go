// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// shown is all of a post that a person must know to answer for it: what would be
// published, where, when, and what became of it so far. The account is the connection's at
// the moment; empty if it is not known.
func shown(post *v1alpha1.XPost, account string) string {
	var text strings.Builder
	line := func(format string, arguments ...any) { _, _ = fmt.Fprintf(&text, format+"\n", arguments...) }
	through := fmt.Sprintf("the XConnection %q", post.Spec.ConnectionRef.Name)
	if account != "" {
		through += " (@" + visible(account) + ")"
	}
	line("%s, generation %d, through %s:", title(post), post.Generation, through)
	for _, term := range terms(post.Spec) {
		line("  %s", term)
	}
	if rejected(post) {
		line("  Somebody rejected it; an approval ends that.")
	}
	if post.Doubtful() {
		line("  An earlier try may have published some of it.")
	}
	texts := post.Texts()
	for i, content := range texts {
		line("")
		if len(texts) > 1 {
			line("  %d of %d", i+1, len(texts))
		}
		for _, row := range strings.Split(content, "\n") {
			line("  | %s", visible(row))
		}
	}
	line("")
	return text.String()
}

// terms are what else is asked than the texts.
func terms(spec v1alpha1.XPostSpec) []string {
	var list []string
	if spec.ReplyTo != "" {
		list = append(list, "In reply to https://x.com/i/status/"+spec.ReplyTo+".")
	}
	if spec.PublishAt != nil {
		list = append(list, "At "+spec.PublishAt.UTC().Format(time.RFC3339)+", or as soon as it is approved after that.")
	}
	if spec.ReplySettings != "" && spec.ReplySettings != v1alpha1.ReplyEveryone {
		list = append(list, "Who may reply: "+string(spec.ReplySettings)+".")
	}
	if spec.MadeWithAI {
		list = append(list, "It says that it was made with AI.")
	}
	if spec.DeletionPolicy == v1alpha1.DeletionDelete {
		list = append(list, "It is deleted at X with this object.")
	}
	if spec.TTLSecondsAfterFinished != nil {
		list = append(list, fmt.Sprintf("This object goes %s after it has finished.", time.Duration(*spec.TTLSecondsAfterFinished)*time.Second))
	}
	return list
}

// rejected tells whether a rejection is in force: of this generation, or of an earlier one that
// would publish the same.
func rejected(post *v1alpha1.XPost) bool {
	refusal := post.Status.Refusal
	return post.Rejects(post.Generation) || refusal != nil && refusal.Reason == v1alpha1.ReasonRejected && !post.Approved()
}

// visible shows characters that can't be seen, or that change how others are: a text must
// not say something else to the reader than to X.
func visible(text string) string {
	var out strings.Builder
	for _, char := range text {
		switch {
		case unicode.IsPrint(char) && !blank(char):
			out.WriteRune(char)
		case char > 0xffff:
			_, _ = fmt.Fprintf(&out, `\U%08x`, char)
		default:
			_, _ = fmt.Fprintf(&out, `\u%04x`, char)
		}
	}
	return out.String()
}

// blank tells of characters that Unicode counts as letters, marks or symbols, and that show
// nothing of their own: fillers, and the selectors of a variant, in which a text can be hidden.
func blank(char rune) bool {
	const blankBraille = 0x2800
	return char == blankBraille || unicode.In(char, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
