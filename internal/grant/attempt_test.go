// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestAttemptIn(t *testing.T) {
	g := &Grant{}
	if got := AttemptIn(encoded(t, g)); got != nil {
		t.Errorf("a settled grant has the attempt %+v", got)
	}
	g.Begin(Attempt{ID: "1", Holder: Holder{Pod: "p", Start: "s"}})
	if got := AttemptIn(encoded(t, g)); !reflect.DeepEqual(got, g.Journal.Attempt) {
		t.Errorf("the attempt is %+v, want %+v", got, g.Journal.Attempt)
	}
	if got := AttemptIn(&corev1.Secret{Data: map[string][]byte{keyJournal: []byte("s3cret")}}); got != nil {
		t.Errorf("a broken journal has the attempt %+v", got)
	}
}
