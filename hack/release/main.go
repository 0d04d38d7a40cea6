// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command release makes a release of one commit, and checks what it made:
//
//	release build      # make release: makes it, and verifies it
//	release verify     # reads what is in a folder back
//	release reproduce  # make verify-release: the same, then builds the commit again and compares
//
// The commit is built, not the work tree, without a container engine. The same
// commit, version and Go toolchain give the same bytes: times are the commit's,
// paths are trimmed, and archives are written in order. See docs/release.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/mod/semver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, output, diagnostics io.Writer) error {
	command := ""
	if len(arguments) > 0 {
		command, arguments = arguments[0], arguments[1:]
	}
	r, err := parse(arguments, diagnostics)
	if err != nil {
		return err
	}
	r.out = output
	switch command {
	case "build":
		if err := r.build(ctx); err != nil {
			return err
		}
		return r.verify(ctx)
	case "verify":
		return r.verify(ctx)
	case "reproduce":
		return r.reproduce(ctx)
	default:
		return errors.New("say what to do: build, verify or reproduce")
	}
}

func parse(arguments []string, diagnostics io.Writer) (*release, error) {
	r := &release{targets: targets}
	var image string
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&r.repository, "repository", ".", "`folder` of the git repository")
	flags.StringVar(&r.revision, "revision", "HEAD", "the `commit` to build")
	flags.StringVar(&r.version, "version", "", "semantic `version` with a v, such as v0.1.0")
	flags.StringVar(&image, "image", "agentconnect/x-operator", "`name` that the image will have in its registry; a tag is left out: it is the version")
	flags.StringVar(&r.dist, "dist", "dist", "`folder` of the release; to build one, it must be empty or absent")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("there are no arguments beside flags, but %q was given", flags.Arg(0))
	}
	if semver.Canonical(r.version) != r.version || r.version == "" {
		return nil, fmt.Errorf("--version must be a semantic version such as v0.1.0 or v0.2.0-rc.1, not %q", r.version)
	}
	r.image = withoutTag(image)
	return r, nil
}

// withoutTag leaves a registry's port alone.
func withoutTag(image string) string {
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		return image[:colon]
	}
	return image
}
