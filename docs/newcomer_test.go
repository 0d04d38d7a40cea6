// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
	"github.com/agentconnect/x-operator/internal/manifests"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// newcomer walks docs/quickstart.md.
type newcomer struct {
	t     *testing.T
	plane *controlplane.ControlPlane
	shell *shell
	x     *xsim.Server
	xURL  string
	// address is where the operator's pages are.
	address string
	// folder is where the commands run; it has the files that the page speaks of.
	folder string
}

// TestNewcomer runs the commands of docs/quickstart.md as they stand there, in their
// order, against a real control plane and a simulated X, and opens the link where the
// page says so. What it can't have is what lies outside: an image, so that the
// operator runs here and not in its pods, and a public address.
func TestNewcomer(t *testing.T) {
	n := newNewcomer(t)
	commands := 0
	for _, code := range pageAt(t, "docs/quickstart.md").blocks {
		if code.language == "yaml" {
			n.save(code)
		}
		for _, command := range code.commands() {
			if split(command.text)[0] != "kubectl" {
				continue // make makes dist/install.yaml, which is there.
			}
			commands++
			n.goOn(command, n.run(command))
		}
	}
	if commands < 10 {
		t.Errorf("the page has %d commands: is it read at all?", commands)
	}
	if c := n.x.Counters(); c.Exchanges != 1 || c.Revocations == 0 {
		t.Errorf("X counts %d consents and %d revocations", c.Exchanges, c.Revocations)
	}
}

func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	n := &newcomer{
		t: t, plane: envtest.Cluster(t), shell: newShell(t),
		x: xsim.New(xsim.Config{}), address: envtest.FreeAddress(t), folder: t.TempDir(),
	}
	server := httptest.NewServer(n.x)
	t.Cleanup(server.Close)
	n.xURL = server.URL
	n.x.RegisterApp(xsim.App{ClientID: "acme-client", ClientSecret: "acme-secret", RedirectURIs: []string{"http://" + n.address + "/oauth2/callback"}})
	n.x.RegisterAccount("jane_doe")
	n.write("clientId", "acme-client")
	n.write("clientSecret", "acme-secret\n")
	n.write("dist/install.yaml", installFile(t))
	return n
}

// installFile is what `make install-file` makes.
func installFile(t *testing.T) string {
	t.Helper()
	objects, err := manifests.Build("default")
	if err != nil {
		t.Fatal(err)
	}
	var install strings.Builder
	for _, object := range objects {
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		install.WriteString("---\n" + string(text))
	}
	return install.String()
}

func (n *newcomer) write(name, content string) {
	n.t.Helper()
	path := filepath.Join(n.folder, name)
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600))
	if err != nil {
		n.t.Fatal(err)
	}
}

// save saves a block under the name that the page gives to it.
func (n *newcomer) save(code block) {
	n.t.Helper()
	name := "connection.yaml"
	if strings.Contains(code.text, "kind: XApp\n") {
		name = "app.yaml"
	}
	n.write(name, code.text)
}

// run gives what a command prints.
func (n *newcomer) run(command found) string {
	n.t.Helper()
	cmd := exec.CommandContext(n.t.Context(), "bash", "-c", command.text) //nolint:gosec // A command of our page.
	cmd.Dir = n.folder
	cmd.Env = append(os.Environ(), "PATH="+n.shell.path, "KUBECONFIG="+n.plane.Kubeconfig())
	output, err := cmd.CombinedOutput()
	if err != nil {
		n.t.Fatalf("line %d: %s: %v\n%s", command.line, command.text, err, output)
	}
	return string(output)
}

// goOn does what happens outside of the terminal after a command.
func (n *newcomer) goOn(command found, printed string) {
	n.t.Helper()
	switch {
	case strings.Contains(command.text, "dist/install.yaml"):
		n.startOperator()
	case strings.Contains(command.text, "get xapp acme"):
		if printed != "http://"+n.address+"/oauth2/callback" {
			n.t.Errorf("the callback URI is %q", printed)
		}
	case strings.Contains(command.text, "get xconnection social-manager"):
		page, err := xsim.Consent(n.t.Context(), nil, printed, xsim.Choice{Account: "jane_doe"})
		if err != nil {
			n.t.Fatalf("walking the consent: %v (page %+v)", err, page)
		}
	case strings.Contains(command.text, "describe secret"):
		if !strings.Contains(printed, "access_token:") {
			n.t.Errorf("the Secret holds no token:\n%s", printed)
		}
	}
}

// startOperator runs the operator in the place of the pods that were installed.
func (n *newcomer) startOperator() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- app.Run(ctx, n.plane.Config(), app.Options{
			CallbackBaseURL: "http://" + n.address, CallbackBindAddress: n.address, GrantNamespace: manifests.Namespace,
			Endpoints: xapi.Endpoints{
				AuthorizeURL: n.xURL + xsim.PathAuthorize, TokenURL: n.xURL + xsim.PathToken,
				RevokeURL: n.xURL + xsim.PathRevoke, APIURL: n.xURL,
			},
			Components:              []app.Component{app.ComponentControllers, app.ComponentCallback},
			MaxConcurrentReconciles: 4, MetricsBindAddress: "0", HealthProbeBindAddress: "0",
		})
	}()
	n.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			n.t.Errorf("the operator ended with an error: %v", err)
		}
	})
}
