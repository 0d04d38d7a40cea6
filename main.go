// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The X operator keeps AI agents' connections to X as Kubernetes objects.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	// X is reached over TLS from an image that has no certificates of its own. Where
	// the system has some, those count.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/agentconnect/x-operator/internal/app"
)

func main() {
	err := app.Main(os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
