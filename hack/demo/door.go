// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// audience is what a pod projects its token for, as the door wants it.
	audience = "x.agentconnect.dev"
	// agentAccount is the service account of the sample agents/sidecar.yaml.
	agentAccount = "x-agent"
	stranger     = "stranger"
)

// useDoor posts as an agent does: with an MCP client and the token of its service
// account. What the API server would project into a pod, kubectl asks for here.
func useDoor(ctx context.Context, d *demo) error {
	if err := d.applySample(ctx, "agents/sidecar.yaml"); err != nil {
		return err
	}
	token, err := d.token(ctx, agentAccount, "--audience="+audience)
	if err != nil {
		return err
	}
	agent, err := d.connect(ctx, token)
	if err != nil {
		return err
	}
	defer func() { _ = agent.Close() }()
	d.out.say("The service account %s talks MCP to the door; it asks twice for its post, under one requestID:", agentAccount)
	const text = "An agent says good morning."
	for _, call := range []struct {
		tool      string
		arguments map[string]any
	}{
		{"whoami", map[string]any{}},
		{"publish_post", map[string]any{"text": text, "requestID": "good-morning"}},
		{"publish_post", map[string]any{"text": text, "requestID": "good-morning"}},
		{"read_mentions", map[string]any{"maxResults": 5}},
	} {
		if err := d.callTool(ctx, agent, call.tool, call.arguments); err != nil {
			return err
		}
	}
	d.posted = append(d.posted, text)
	if _, err := d.kubectl(ctx, "get", "xposts", "-l", "x.agentconnect.dev/origin=agent",
		"-o", `custom-columns=NAME:.metadata.name,AUTHOR:.metadata.annotations.x\.agentconnect\.dev/author,URL:.status.posts[0].url`); err != nil {
		return err
	}
	return d.refuseOthers(ctx)
}

// refuseOthers tries the door with a service account that has no right, and with a
// token that was not made for the door.
func (d *demo) refuseOthers(ctx context.Context) error {
	if _, err := d.kubectl(ctx, "create", "serviceaccount", stranger); err != nil {
		return err
	}
	token, err := d.token(ctx, stranger, "--audience="+audience)
	if err != nil {
		return err
	}
	if err := d.refused(ctx, token, "a service account without the right", http.StatusForbidden); err != nil {
		return err
	}
	token, err = d.token(ctx, agentAccount)
	if err != nil {
		return err
	}
	return d.refused(ctx, token, "a token for the API server", http.StatusUnauthorized)
}

// token asks for a service account's token. It is shown to nobody.
func (d *demo) token(ctx context.Context, account string, flags ...string) (string, error) {
	arguments := append([]string{"create", "token", account}, flags...)
	cmd := d.command(ctx, d.plane.Binary("kubectl"), arguments...)
	d.out.command(append([]string{"kubectl"}, append(quoteAll(arguments), "  # its output is not shown")...)...)
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asking for a token of %s: %w", account, err)
	}
	return strings.TrimSpace(string(printed)), nil
}

func (d *demo) endpoint() string {
	return d.door.base + "/connections/" + tenantNamespace + "/" + sharedConnection + "/mcp"
}

// connect makes an MCP session with the door.
func (d *demo) connect(ctx context.Context, token string) (*mcp.ClientSession, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "demo"}, nil)
	return client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: d.endpoint(), HTTPClient: &http.Client{Transport: bearer(token)}, DisableStandaloneSSE: true,
	}, nil)
}

// bearer adds a token to each request.
type bearer string

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(request)
}

// callTool calls one of the door's tools, and shows the answer.
func (d *demo) callTool(ctx context.Context, agent *mcp.ClientSession, tool string, arguments map[string]any) error {
	answer, err := agent.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return fmt.Errorf("calling the tool %s: %w", tool, err)
	}
	text := ""
	for _, content := range answer.Content {
		if part, ok := content.(*mcp.TextContent); ok {
			text += part.Text
		}
	}
	asked, err := json.Marshal(arguments)
	if err != nil {
		return err
	}
	d.out.command(tool, string(asked))
	d.out.output(text, 0)
	if answer.IsError {
		return fmt.Errorf("the tool %s failed: %s", tool, text)
	}
	return nil
}

// refused makes sure that the door lets a token in for nothing.
func (d *demo) refused(ctx context.Context, token, what string, want int) error {
	if session, err := d.connect(ctx, token); err == nil {
		return errors.Join(fmt.Errorf("the door let in %s", what), session.Close())
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.endpoint(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := bearer(token).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("asking the door: %w", err)
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != want {
		return fmt.Errorf("the door answers %s with %s, want %d", what, response.Status, want)
	}
	d.out.ok("%s is refused: %s", what, response.Status)
	return nil
}
