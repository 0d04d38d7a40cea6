// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command xsim serves the simulator of X on a loopback address until it is
// interrupted. Its first line of output is its base address, which stands for
// both x.com and api.x.com:
//
//	go run ./hack/xsim --admin --app=id:secret:http://localhost:8082/oauth2/callback --account=jane_doe
//
// With --admin it can be steered while it runs, by xsim.Remote or by hand:
//
//	curl -X POST $address/_sim/faults -d '{"kind":"reset","after":true,"endpoint":"refresh"}'
//	curl -X POST $address/_sim/clock -d '{"advance":"90m"}'
//	curl $address/_sim/books
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "xsim:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, out, diagnostics io.Writer) error {
	options, err := parse(args, diagnostics)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, options.listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: xsim.New(options.config), ReadHeaderTimeout: 10 * time.Second}
	// Requests in flight may be held up by a fault for ever: they are cut.
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if _, err := fmt.Fprintf(out, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen refuses any address that others can reach: the simulator gives away
// every account and, with --admin, every secret.
func listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--listen: %q is not a loopback address", host)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
}
