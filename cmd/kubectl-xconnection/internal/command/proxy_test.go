// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

// TestProxy serves until it is stopped, says where, and complains of what did not
// reach the door.
func TestProxy(t *testing.T) {
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	var errOut bytes.Buffer
	options := command.Options{
		IOStreams: genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: in, ErrOut: &errOut},
		Clock:     &clocktesting.FakeClock{},
	}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, []string{"proxy", "agent", "-n", "customer-a", "--port=0", "--token-file=/none/token"}, options)
	}()
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, ok := strings.CutPrefix(strings.TrimSpace(said), "Serving the tools of xconnection customer-a/agent at ")
	if !ok {
		t.Fatalf("the proxy says %q", said)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusBadGateway {
		t.Errorf("a call that can't reach the door is answered %s (%v)", response.Status, err)
	}
	stop()
	if code := <-ended; code != command.ExitOK {
		t.Errorf("the exit code is %d", code)
	}
	const want = "A call did not reach the agents' door: reading the service account's token: open /none/token: no such file or directory\n"
	if errOut.String() != want {
		t.Errorf("standard error has %q, want %q", errOut.String(), want)
	}
}
