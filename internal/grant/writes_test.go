// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What is remembered is bounded, and the newest is kept, whatever was written of the
// same grant long before.
func TestWritesAreBounded(t *testing.T) {
	w := &writes{}
	write := func(owner types.UID, version int) {
		w.remember(owner, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: strconv.Itoa(version)}})
	}
	write("often", 1)
	for i := range writesKept - 1 {
		write(types.UID(strconv.Itoa(i)), 2+i)
	}
	write("often", writesKept+2)
	older := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1"}}
	if w.newerThan("often", older) == nil {
		t.Error("the newest write was dropped with one of the same grant long before")
	}
	for i := range writesKept {
		write(types.UID("more-"+strconv.Itoa(i)), writesKept+3+i)
	}
	if len(w.last) != writesKept || len(w.order) != writesKept {
		t.Errorf("%d writes are remembered in %d places, not %d", len(w.last), len(w.order), writesKept)
	}
}
