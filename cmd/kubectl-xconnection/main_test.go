// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
	"github.com/agentconnect/x-operator/internal/controlplane"
	"github.com/agentconnect/x-operator/internal/envtest"
)

func TestMain(m *testing.M) { os.Exit(envtest.Run(m, controlplane.Options{})) }

// now is the plugin's time in these tests.
var now = time.Date(2026, 4, 17, 12, 15, 0, 0, time.UTC)

// person is somebody who calls the plugin, with a kubeconfig and a browser.
type person struct {
	t          *testing.T
	kubeconfig string
	namespace  string
	// browser is what happens to a link that is opened.
	browser func(link string)
	// in is what the person's calls find on standard input.
	in string
	// hesitates is what happens before that is read.
	hesitates func()
}

// result is what a call left behind.
type result struct {
	out, err string
	code     int
}

// newPerson makes an administrator at work in a namespace.
func newPerson(t *testing.T, cluster *controlplane.ControlPlane, namespace string) *person {
	t.Helper()
	return personWith(t, cluster, cluster.Config(), namespace)
}

func personWith(t *testing.T, cluster *controlplane.ControlPlane, config *rest.Config, namespace string) *person {
	t.Helper()
	kubeconfig, err := cluster.WriteKubeconfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t: t, kubeconfig: kubeconfig, namespace: namespace}
}

// runs calls the plugin in the person's namespace.
func (p *person) runs(arguments ...string) result {
	p.t.Helper()
	return p.call(append(arguments, "--namespace", p.namespace)...)
}

// call calls the plugin. One that never ends is interrupted, and so gives a code
// that nobody wants.
func (p *person) call(arguments ...string) result {
	p.t.Helper()
	var out, errOut bytes.Buffer
	options := command.Options{
		IOStreams: genericiooptions.IOStreams{In: &slowly{strings.NewReader(p.in), p.hesitates}, Out: &out, ErrOut: &errOut},
		Clock:     clocktesting.NewFakeClock(now),
		Open: func(_ context.Context, link string) error {
			if p.browser == nil {
				return errors.New("nobody expected a link to be opened")
			}
			p.browser(link)
			return nil
		},
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	code := command.Run(ctx, append(arguments, "--kubeconfig", p.kubeconfig), options)
	return result{out: out.String(), err: errOut.String(), code: code}
}

// slowly reads what a person types, once something else has happened.
type slowly struct {
	io.Reader
	first func()
}

func (s *slowly) Read(into []byte) (int, error) {
	if s.first != nil {
		s.first()
		s.first = nil
	}
	return s.Reader.Read(into)
}

// expect compares a result with what was wanted, whole. {ns} stands for the person's
// namespace.
func (p *person) expect(got result, want result) {
	p.t.Helper()
	want.out = p.fill(want.out)
	want.err = p.fill(want.err)
	if got != want {
		p.t.Errorf("got the exit code %d, standard output\n%s\nand standard error\n%s\nwant the exit code %d,\n%s\nand\n%s",
			got.code, got.out, got.err, want.code, want.out, want.err)
	}
}

func (p *person) fill(text string) string { return strings.ReplaceAll(text, "{ns}", p.namespace) }
