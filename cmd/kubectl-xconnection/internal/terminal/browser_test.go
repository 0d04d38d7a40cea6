// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"errors"
	"runtime"
	"slices"
	"testing"
)

// TestOpenRefuses opens nothing but addresses of the web.
func TestOpenRefuses(t *testing.T) {
	for _, link := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "-h", "https:", "http://", "x.example.com/connect", "http://a b"} {
		if err := Open(t.Context(), link); err == nil || errors.Is(err, ErrNoBrowser) {
			t.Errorf("%q was not refused: %v", link, err)
		}
	}
}

func TestOpenWithoutADesktop(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("this system always has a desktop")
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if err := Open(t.Context(), "https://x.example.com/connect"); !errors.Is(err, ErrNoBrowser) {
		t.Errorf("without a desktop it says %v", err)
	}
}

func TestOpener(t *testing.T) {
	const link = "https://x.example.com/connect"
	tests := map[string][]string{
		"darwin":  {"open", link},
		"windows": {"rundll32", "url.dll,FileProtocolHandler", link},
		"linux":   {"xdg-open", link},
		"freebsd": {"xdg-open", link},
	}
	for system, want := range tests {
		name, arguments := opener(system, link)
		if got := append([]string{name}, arguments...); !slices.Equal(got, want) {
			t.Errorf("on %s it calls %q, not %q", system, got, want)
		}
	}
}
