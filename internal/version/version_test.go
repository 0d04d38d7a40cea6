// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package version

import (
	"runtime"
	"testing"
)

func TestGet(t *testing.T) {
	t.Cleanup(func() { release, commit = "", "" })
	platform := runtime.GOOS + "/" + runtime.GOARCH
	release, commit = "v0.1.0", "4b825dc6"
	want := Info{Version: "v0.1.0", Commit: "4b825dc6", Go: runtime.Version(), Platform: platform}
	if got := Get(); got != want {
		t.Errorf("a release says %+v, want %+v", got, want)
	}
	// A test's own build information names neither.
	release, commit = "", ""
	want.Version, want.Commit = "(devel)", ""
	if got := Get(); got != want {
		t.Errorf("another build says %+v, want %+v", got, want)
	}
}

func TestString(t *testing.T) {
	info := Info{Version: "v0.1.0", Commit: "4b825dc6", Go: "go1.26.8", Platform: "linux/amd64"}
	for want, info := range map[string]Info{
		"v0.1.0 (commit 4b825dc6, go1.26.8, linux/amd64)": info,
		"(devel) (go1.26.8, linux/arm64)":                 {Version: "(devel)", Go: "go1.26.8", Platform: "linux/arm64"},
	} {
		if got := info.String(); got != want {
			t.Errorf("it reads %q, want %q", got, want)
		}
	}
}
