// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/door"
)

// The bounds of the proxy's server.
const (
	proxyHeaderTimeout = 10 * time.Second
	// proxyReadTimeout is for a whole request of an MCP client, which is small.
	proxyReadTimeout = 30 * time.Second
	// proxyGrace is for calls that are under way when the proxy is stopped: as long as
	// a tool waits for an outcome.
	proxyGrace = 45 * time.Second
)

var (
	proxyLong = templates.LongDesc(`
		Serve the tools of one XConnection at /mcp, as kubectl proxy serves the API.

		The agents' door wants the projected token of a pod's service account, which the
		kubelet replaces within the hour. Most MCP clients take a header once, and so hold
		a token that goes stale. This proxy stands beside such a client, as a sidecar, and
		adds the token of the moment to each call.

		Whoever reaches the proxy acts as its service account. It listens on loopback,
		for the containers of its own pod; with another --address, a NetworkPolicy must
		say who reaches it.`)

	proxyExample = templates.Examples(`
		# As a sidecar: the agent's MCP client uses http://localhost:8084/mcp
		kubectl xconnection proxy social-manager --door http://x-operator-agent.x-operator-system.svc`)
)

// proxy lends an MCP client a pod's identity.
type proxy struct {
	*factory
	doorFlags
	address string
	port    uint16
}

func newProxy(f *factory) *cobra.Command {
	p := &proxy{factory: f, address: "127.0.0.1", port: 8084}
	cmd := &cobra.Command{
		Use:                   "proxy NAME",
		DisableFlagsInUseLine: true,
		Short:                 "Serve an account's tools to an MCP client that can't renew a token",
		Long:                  proxyLong,
		Example:               proxyExample,
		Args:                  oneName,
		ValidArgsFunction:     f.completeName,
		RunE:                  func(cmd *cobra.Command, args []string) error { return p.run(cmd.Context(), plainName(args[0])) },
	}
	p.doorFlags.addFlags(cmd, "http://x-operator-agent.x-operator-system.svc")
	cmd.Flags().StringVar(&p.address, "address", p.address, "The IP address to listen on.")
	cmd.Flags().Uint16Var(&p.port, "port", p.port, "The port to listen on; 0 takes any that is free.")
	return cmd
}

func (p *proxy) run(ctx context.Context, name string) error {
	namespace, err := p.namespace()
	if err != nil {
		return err
	}
	d, err := p.door(namespace, name)
	if err != nil {
		return err
	}
	address := net.ParseIP(p.address)
	if address == nil {
		return &problem{code: ExitError, what: fmt.Sprintf("--address must be an IP address, and is %q", p.address)}
	}
	handler, err := d.Proxy(address.IsLoopback(), func(err error) { _, _ = fmt.Fprintln(p.ErrOut, "A call did not reach the agents' door:", err) })
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(p.address, fmt.Sprint(p.port)))
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	_, _ = fmt.Fprintf(p.Out, "Serving the tools of xconnection %s/%s at http://%s%s\n", namespace, name, listener.Addr(), door.Path)
	return serve(ctx, listener, handler)
}

// serve serves until the context ends, and lets what is under way finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: proxyHeaderTimeout, ReadTimeout: proxyReadTimeout, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), proxyGrace)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serving: %w", err)
	}
	// A proxy that is told to stop has done its work.
	return <-stopped
}
