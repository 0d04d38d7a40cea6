// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// A manager starts what is of this shape together with its own cache, before any
// controller and without the leadership.
func TestTheCacheOfAppSecretsStartsOnEveryReplica(t *testing.T) {
	var added manager.Runnable = withCaches{}
	if _, ok := added.(interface{ GetCache() cache.Cache }); !ok {
		t.Error("the manager would start the cache of app Secrets on the leader alone")
	}
}
