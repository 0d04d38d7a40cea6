// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import corev1 "k8s.io/api/core/v1"

// AttemptIn gives the attempt that is under way by a grant Secret's journal, decoding
// nothing else of it; nil if there is none, or if the journal can't be read.
func AttemptIn(stored *corev1.Secret) *Attempt {
	var journal struct{ Attempt *Attempt }
	if decode(stored, keyJournal, &journal) != nil {
		return nil
	}
	return journal.Attempt
}
