// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"runtime"
)

// ErrNoBrowser means that there is no screen to open a browser on, as in a remote
// shell: the person opens the link where there is one.
var ErrNoBrowser = errors.New("there is no desktop to open a browser on")

// Open opens a link in the person's browser and returns without waiting for it.
// Only http and https are opened: a link comes from the cluster, and must not start
// anything else here.
func Open(ctx context.Context, link string) error {
	target, err := url.Parse(link)
	if err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
		return errors.New("the link is not an http or https address")
	}
	name, arguments := opener(runtime.GOOS, target.String())
	if name == openerX && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		// It would start a browser of text in the terminal that waits here.
		return ErrNoBrowser
	}
	opening := exec.CommandContext(context.WithoutCancel(ctx), name, arguments...) //nolint:gosec // One of three fixed programs, given an address that was parsed.
	if err := opening.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	// A browser that is started so may live long: it is not waited for, but its end
	// is taken note of.
	go func() { _ = opening.Wait() }()
	return nil
}

// openerX opens links on the desktops of Linux and the BSDs.
const openerX = "xdg-open"

// opener is the system's own program that opens a link, and its arguments.
func opener(system, link string) (name string, arguments []string) {
	switch system {
	case "darwin":
		return "open", []string{link}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", link}
	default:
		return openerX, []string{link}
	}
}
