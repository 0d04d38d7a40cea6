// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// metaReason is where a failed call says why, for programs.
const metaReason = "x.agentconnect.dev/reason"

// maxRefusal bounds what is read of an answer that refuses a request.
const maxRefusal = 64 << 10

// Failure is what a tool says of a call that came to nothing.
type Failure struct {
	// Reason is one of the door's reasons, such as NotConnected or RateLimited.
	Reason string
	// Message says what to do next.
	Message string
}

// Error implements error.
func (f *Failure) Error() string { return f.Message }

// Call calls a tool, and reads its result. Errors: *Failure from the tool, an
// apierrors.APIStatus if the door lets nobody in, others on the way.
func (d Door) Call(ctx context.Context, tool string, arguments, result any) error {
	transport, err := d.Transport()
	if err != nil {
		return err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "kubectl-xconnection", Version: "v1alpha1"}, nil)
	session, err := client.Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint:             d.Endpoint(),
		HTTPClient:           &http.Client{Transport: refusals{transport}},
		MaxRetries:           -1,
		DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		return fmt.Errorf("reaching the agents' door: %w", err)
	}
	defer func() { _ = session.Close() }()
	answer, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return fmt.Errorf("calling the tool %s: %w", tool, err)
	}
	if answer.IsError {
		return failureOf(answer)
	}
	content, err := json.Marshal(answer.StructuredContent)
	if err != nil {
		return fmt.Errorf("reading what the tool %s gives: %w", tool, err)
	}
	if err := json.Unmarshal(content, result); err != nil {
		return fmt.Errorf("reading what the tool %s gives: %w", tool, err)
	}
	return nil
}

func failureOf(answer *mcp.CallToolResult) *Failure {
	f := &Failure{Message: "the tool failed and does not say why"}
	f.Reason, _ = answer.Meta[metaReason].(string)
	for _, content := range answer.Content {
		if text, ok := content.(*mcp.TextContent); ok && text.Text != "" {
			f.Message = text.Text
			break
		}
	}
	return f
}

// refusals turns an answer that refuses a request into an error with the door's own
// words, which come as the API server's do.
type refusals struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (r refusals) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	var status metav1.Status
	content, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if err != nil || json.Unmarshal(content, &status) != nil || status.Message == "" {
		return nil, fmt.Errorf("the door answers %s", response.Status)
	}
	return nil, &apierrors.StatusError{ErrStatus: status}
}
