// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"bytes"

	corev1 "k8s.io/api/core/v1"
)

// ConsentMoved tells, without decoding, whether a change of a grant Secret is of its consent
// record: an invitation, a step of the flow that answers it, or its end.
func ConsentMoved(before, after *corev1.Secret) bool {
	return !bytes.Equal(before.Data[keyConsent], after.Data[keyConsent])
}

// Consented tells, without decoding, whether a change of a grant Secret brought the
// tokens of a person's consent: those and the consent record change together then alone.
// An invitation changes no tokens, and a refresh no record.
func Consented(before, after *corev1.Secret) bool {
	return has(after, keyTokens) && ConsentMoved(before, after) &&
		!bytes.Equal(before.Data[keyTokens], after.Data[keyTokens])
}
