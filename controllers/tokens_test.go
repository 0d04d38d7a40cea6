// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestTokensOutliveALaggingCache: what was written counts until the cache has it, or
// has something newer, or has lacked it twice.
func TestTokensOutliveALaggingCache(t *testing.T) {
	at := func(version string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "token", ResourceVersion: version}}
	}
	written := at("10")
	for name, test := range map[string]struct {
		named string
		cache []*corev1.Secret
		wants []bool
	}{
		"the cache lags":                  {"token", []*corev1.Secret{at("9"), at("9")}, []bool{true, true}},
		"it has caught up":                {"token", []*corev1.Secret{at("10"), at("9")}, []bool{false, false}},
		"somebody wrote since":            {"token", []*corev1.Secret{at("11")}, []bool{false}},
		"it is not there yet, or deleted": {"token", []*corev1.Secret{nil, nil}, []bool{true, false}},
		"another name":                    {"other", []*corev1.Secret{nil}, []bool{false}},
	} {
		var all tokens
		all.remember("uid", written)
		for i, cached := range test.cache {
			if got := all.newest("uid", test.named, cached) == written; got != test.wants[i] {
				t.Errorf("%s, look %d: what was written counts: %v", name, i, got)
			}
		}
	}
	var all tokens
	all.remember("uid", written)
	all.forget("uid")
	if all.newest("uid", "token", nil) != nil {
		t.Error("what is forgotten counts")
	}
}
