// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// run calls the plugin against a server, on a screen.
func run(ctx context.Context, t *testing.T, server http.HandlerFunc, screen terminal.Screen, arguments ...string) (out, errOut string, code int) {
	t.Helper()
	api := httptest.NewServer(server)
	t.Cleanup(api.Close)
	return call(ctx, t, api.URL, screen, arguments...)
}

func call(ctx context.Context, t *testing.T, server string, screen terminal.Screen, arguments ...string) (out, errOut string, code int) {
	t.Helper()
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	var outBuffer, errBuffer bytes.Buffer
	options := command.Options{
		IOStreams: genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &outBuffer, ErrOut: &errBuffer},
		Screen:    screen,
		Clock:     clocktesting.NewFakeClock(time.Date(2026, 4, 17, 12, 15, 0, 0, time.UTC)),
	}
	code = command.Run(ctx, append(arguments, "--server", server, "--namespace", "customer-a"), options)
	return outBuffer.String(), errBuffer.String(), code
}

func answers(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// TestErrors says what is wrong in words that help.
func TestErrors(t *testing.T) {
	const asJSON = "application/json"
	tests := map[string]struct {
		server http.HandlerFunc
		screen terminal.Screen
		want   string
	}{
		"no such API": {
			server: answers(http.StatusNotFound, "text/plain", "404 page not found\n"),
			want:   "error: this cluster knows no XConnections: the X operator is not installed here, or the wrong cluster is chosen. See: kubectl config current-context\n",
		},
		"not logged in": {
			server: answers(http.StatusUnauthorized, asJSON, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}`),
			want:   "error: You must be logged in to the server (Unauthorized)\n",
		},
		"no right": {
			server: answers(http.StatusForbidden, asJSON, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"xconnections is forbidden","code":403}`),
			want:   "Error from server (Forbidden): xconnections is forbidden\n",
		},
		"an answer that would steer the terminal": {
			server: answers(http.StatusForbidden, asJSON, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"\u001b[2Jgone","code":403}`),
			screen: terminal.Screen{ErrColours: true},
			want:   "\x1b[31mError from server (Forbidden):\x1b[0m ^[[2Jgone\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, errOut, code := run(t.Context(), t, test.server, test.screen, "status", "agent")
			if out != "" || errOut != test.want || code != command.ExitError {
				t.Errorf("got the exit code %d, %q and %q; want %q", code, out, errOut, test.want)
			}
		})
	}
}

// TestAnswerWithoutPatch names both verbs that it takes, though the API server names but the
// first. The connection that can't be read is no reason not to answer.
func TestAnswerWithoutPatch(t *testing.T) {
	const asJSON = "application/json"
	forbids := answers(http.StatusForbidden, asJSON, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"cannot patch","code":403}`)
	reads := answers(http.StatusOK, asJSON, `{"apiVersion":"x.agentconnect.dev/v1alpha1","kind":"XPost",
"metadata":{"name":"launch","namespace":"customer-a","uid":"1b4e28ba-2fa1","generation":2},"spec":{"connectionRef":{"name":"agent"},"text":"Hello"}}`)
	server := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/xposts/launch") {
			reads(w, r)
			return
		}
		forbids(w, r)
	}
	out, errOut, code := run(t.Context(), t, server, terminal.Screen{}, "reject", "launch", "--yes")
	want := "xpost customer-a/launch, generation 2, through the XConnection \"agent\":\n\n  | Hello\n\n" +
		"error: xpost customer-a/launch was not rejected: cannot patch\n" +
		"It takes the verbs patch and approve on XPosts, as with the role x-operator-xpost-approver.\n"
	if out != "" || errOut != want || code != command.ExitError {
		t.Errorf("got the exit code %d, %q and %q; want %q", code, out, errOut, want)
	}
}

// TestNoServer says which one did not answer.
func TestNoServer(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	out, errOut, code := call(t.Context(), t, gone.URL, terminal.Screen{}, "status")
	want := "error: the connection to the server " + strings.TrimPrefix(gone.URL, "http://") +
		" was refused: is the right cluster chosen? See: kubectl config current-context\n"
	if out != "" || errOut != want || code != command.ExitError {
		t.Errorf("got the exit code %d, %q and %q; want %q", code, out, errOut, want)
	}
}

// TestInterrupted ends with the code that shells know.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	interrupts := func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}
	out, errOut, code := run(ctx, t, interrupts, terminal.Screen{}, "connect", "agent")
	if out != "" || errOut != "" || code != command.ExitInterrupted {
		t.Errorf("got the exit code %d, %q and %q", code, out, errOut)
	}
}

const list = `{"apiVersion":"x.agentconnect.dev/v1alpha1","kind":"XConnectionList","metadata":{},"items":[
{"metadata":{"name":"good","namespace":"customer-a"},"status":{"connected":true,"username":"jane_doe","conditions":[{"type":"Ready","status":"True","reason":"Connected"}]}},
{"metadata":{"name":"waiting","namespace":"customer-a"},"status":{"connected":false,"conditions":[{"type":"Ready","status":"False","reason":"ConsentRequired"}]}},
{"metadata":{"name":"broken","namespace":"customer-a"},"status":{"connected":false,"conditions":[{"type":"Ready","status":"False","reason":"InvalidConfig"}]}}]}`

// TestStatusInColours paints how things stand, and shifts no column.
func TestStatusInColours(t *testing.T) {
	out, errOut, code := run(t.Context(), t, answers(http.StatusOK, "application/json", list), terminal.Screen{OutColours: true}, "status")
	want := "NAME      CONNECTED   USERNAME   READY   REASON            SINCE    TOKEN EXPIRES   CONSENT EXPIRES\n" +
		"good      true        jane_doe   \x1b[32mTrue    Connected\x1b[0m         <none>   <none>          <none>\n" +
		"waiting   false       <none>     \x1b[33mFalse   ConsentRequired\x1b[0m   <none>   <none>          <none>\n" +
		"broken    false       <none>     \x1b[31mFalse   InvalidConfig\x1b[0m     <none>   <none>          <none>\n"
	if out != want || errOut != "" || code != command.ExitOK {
		t.Errorf("got the exit code %d, %q and\n%s\nwant\n%s", code, errOut, out, want)
	}
}

// TestListGoesOn reads page after page, and everything at once where the API server has
// forgotten how a list goes on.
func TestListGoesOn(t *testing.T) {
	const first = `{"apiVersion":"x.agentconnect.dev/v1alpha1","kind":"XConnectionList","metadata":{"continue":"more"},"items":[{"metadata":{"name":"good","namespace":"customer-a"}}]}`
	const second = `{"apiVersion":"x.agentconnect.dev/v1alpha1","kind":"XConnectionList","metadata":{},"items":[{"metadata":{"name":"late","namespace":"customer-a"}}]}`
	const expired = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","message":"too old","code":410}`
	for name, test := range map[string]struct {
		next http.HandlerFunc
		want string
	}{
		"in pages": {answers(http.StatusOK, "application/json", second), "good late"},
		"at once":  {answers(http.StatusGone, "application/json", expired), "good waiting broken"},
	} {
		t.Run(name, func(t *testing.T) {
			lists := func(w http.ResponseWriter, r *http.Request) {
				switch query := r.URL.Query(); {
				case query.Get("continue") != "":
					test.next(w, r)
				case query.Get("limit") != "":
					answers(http.StatusOK, "application/json", first)(w, r)
				default:
					answers(http.StatusOK, "application/json", list)(w, r)
				}
			}
			out, errOut, code := run(t.Context(), t, lists, terminal.Screen{}, "status", "-o=jsonpath={.items[*].metadata.name}")
			if out != test.want || errOut != "" || code != command.ExitOK {
				t.Errorf("got the exit code %d, %q and %q; want %q", code, out, errOut, test.want)
			}
		})
	}
}

// TestUsage refuses wrong calls before anything is asked of a server.
func TestUsage(t *testing.T) {
	tests := map[string]struct {
		arguments []string
		want      string
	}{
		"no such command":  {[]string{"connct"}, "error: unknown command \"connct\" for \"kubectl xconnection\"\n\nDid you mean this?\n\tconnect\n"},
		"no name":          {[]string{"connect"}, "error: exactly one NAME is required, and 0 were given\nSee 'kubectl xconnection connect --help' for usage.\n"},
		"two names":        {[]string{"refresh", "a", "b"}, "error: exactly one NAME is required, and 2 were given\nSee 'kubectl xconnection refresh --help' for usage.\n"},
		"no such flag":     {[]string{"status", "--nope"}, "error: unknown flag: --nope\nSee 'kubectl xconnection status --help' for usage.\n"},
		"name and -A":      {[]string{"status", "a", "-A"}, "error: XConnections can't be named across all namespaces: leave out -A or the names\nSee 'kubectl xconnection status --help' for usage.\n"},
		"name and -l":      {[]string{"status", "a", "-l", "b=c"}, "error: XConnections can't be both named and selected: leave out -l or the names\nSee 'kubectl xconnection status --help' for usage.\n"},
		"no such format":   {[]string{"status", "-o", "xml"}, "error: unable to match a printer suitable for the output format \"xml\", allowed formats are: go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,template,templatefile,wide,yaml\n"},
		"nothing to post":  {[]string{"post", "a"}, "error: there is nothing to publish: give --text, or -f and a file (-f - reads standard input)\nSee 'kubectl xconnection post --help' for usage.\n"},
		"text and file":    {[]string{"post", "a", "--text=b", "-f=c"}, "error: --text and -f can't be used together\nSee 'kubectl xconnection post --help' for usage.\n"},
		"two names of it":  {[]string{"post", "a", "--text=b", "--name=c", "--request-id=d"}, "error: --name and --request-id can't be used together: a request id makes the name\nSee 'kubectl xconnection post --help' for usage.\n"},
		"nothing to keep":  {[]string{"post", "a", "--text=b", "--keep-first"}, "error: --keep-first goes with --request-id or --name\nSee 'kubectl xconnection post --help' for usage.\n"},
		"no time":          {[]string{"post", "a", "--text=b", "--at=tomorrow"}, "error: --at must be a time such as 2026-12-01T09:00:00Z, and is \"tomorrow\"\nSee 'kubectl xconnection post --help' for usage.\n"},
		"no time to live":  {[]string{"post", "a", "--text=b", "--ttl-after-finished=-1s"}, "error: --ttl-after-finished must be 0 to 2147483647 seconds, and is -1s\nSee 'kubectl xconnection post --help' for usage.\n"},
		"a life too long":  {[]string{"post", "a", "--text=b", "--ttl-after-finished=600000h"}, "error: --ttl-after-finished must be 0 to 2147483647 seconds, and is 600000h0m0s\nSee 'kubectl xconnection post --help' for usage.\n"},
		"no file":          {[]string{"post", "a", "-f=/none/post.txt"}, "error: reading the text: open /none/post.txt: no such file or directory\n"},
		"too many to read": {[]string{"mentions", "a", "--limit=101"}, "error: --limit must be 1 to 100, and is 101\nSee 'kubectl xconnection mentions --help' for usage.\n"},
		"too few to go on": {[]string{"mentions", "a", "--since-id=1", "--limit=4"}, "error: --limit must be 5 to 100, and is 4\nSee 'kubectl xconnection mentions --help' for usage.\n"},
		"no door":          {[]string{"mentions", "a", "--door=here"}, "error: the door must be an address such as http://x-operator-agent.x-operator-system.svc, and is \"here\"\n"},
		"an X over HTTP":   {[]string{"mentions", "a", "--x-api-url=http://api.x.com"}, "error: --x-api-url: the API URL \"http://api.x.com\" must be https; http is for loopback hosts only\n"},
		"no IP address":    {[]string{"proxy", "a", "--address=here"}, "error: --address must be an IP address, and is \"here\"\n"},
		"negative time":    {[]string{"connect", "a", "--timeout=-1s"}, "error: --timeout must not be negative, and is -1s\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			asked := func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the server was asked for %s", r.URL) }
			out, errOut, code := run(t.Context(), t, asked, terminal.Screen{}, test.arguments...)
			if out != "" || errOut != test.want || code != command.ExitError {
				t.Errorf("got the exit code %d, %q and\n%s\nwant\n%s", code, out, errOut, test.want)
			}
		})
	}
}

// TestArguments completes under the name that kubectl calls for completions.
func TestArguments(t *testing.T) {
	tests := map[string][]string{
		"kubectl-xconnection":                   {"status", ""},
		"/opt/bin/kubectl-xconnection":          {"status", ""},
		"kubectl_complete-xconnection":          {"__complete", "status", ""},
		"/opt/bin/kubectl_complete-xconnection": {"__complete", "status", ""},
		"kubectl_complete-xconnection.exe":      {"__complete", "status", ""},
	}
	for name, want := range tests {
		if got := command.Arguments([]string{name, "status", ""}); !slices.Equal(got, want) {
			t.Errorf("%s is called with %q, not with %q", name, got, want)
		}
	}
}
