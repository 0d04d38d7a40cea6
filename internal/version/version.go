// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package version tells which build of the project a binary is.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// release and commit are what `make release` links in. A binary that was built
// another way is named by what the go command knows.
var release, commit string

// Info is what a build says of itself.
type Info struct {
	// Version is a release such as v0.1.0, a pseudo-version of a commit, or "(devel)".
	Version string
	// Commit is the git commit; empty if it is not known.
	Commit string
	// Go is the version of the toolchain, Platform the one built for, such as
	// linux/amd64.
	Go, Platform string
}

// Get tells which build this is.
func Get() Info {
	info := Info{Version: release, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	built, ok := debug.ReadBuildInfo()
	if !ok {
		built = &debug.BuildInfo{}
	}
	info.Version = cmp.Or(info.Version, built.Main.Version, "(devel)")
	for _, setting := range built.Settings {
		if setting.Key == "vcs.revision" {
			info.Commit = cmp.Or(info.Commit, setting.Value)
		}
	}
	return info
}

// String is one line for people, such as
// "v0.1.0 (commit 4b825dc6, go1.26.8, linux/amd64)".
func (i Info) String() string {
	details := i.Go + ", " + i.Platform
	if i.Commit != "" {
		details = "commit " + i.Commit + ", " + details
	}
	return fmt.Sprintf("%s (%s)", i.Version, details)
}
