// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Texts are the texts to publish, in their order: those of the thread, or the one
// text.
func (p *XPost) Texts() []string {
	if len(p.Spec.Thread) > 0 {
		return p.Spec.Thread
	}
	return []string{p.Spec.Text}
}

// Doubtful tells whether one more post may be published than the status has.
func (p *XPost) Doubtful() bool {
	return p.Status.Attempt != nil || p.Status.UncertainSince != nil
}

// Complete tells whether all posts are published.
func (p *XPost) Complete() bool {
	return len(p.Status.Posts) >= len(p.Texts())
}
