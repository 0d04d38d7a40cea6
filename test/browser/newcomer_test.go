// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// What `make run` prints for a newcomer.
var (
	printedPath       = regexp.MustCompile(`export PATH="([^:]+):`)
	printedKubeconfig = regexp.MustCompile(`export KUBECONFIG=(\S+)`)
	printedLink       = regexp.MustCompile(`http://127\.0\.0\.1:\d+/connect/\S+/social-manager-own\?c=\S+`)
)

// TestNewcomer: somebody who follows the README types `make run`, clicks the link
// that it prints, and sees a connected account with kubectl.
func TestNewcomer(t *testing.T) {
	b := newBrowser(t)
	printed := makeRun(t)
	b.open(string(printedLink.Find(printed)), 200)
	b.shows("newcomer-start", map[string]string{"title": "Connect an account on X?", "connection": "social-manager-own"})
	b.click("continue", 200)
	b.came(b.leave(chromedp.Click(chromedp.CSS("button[value=approve]"))), 200)
	b.shows("newcomer-connected", map[string]string{"title": "@jane_doe is connected"})

	kubectl := exec.CommandContext(t.Context(), filepath.Join(first(printedPath, printed), "kubectl"), "--namespace=customer-a", //nolint:gosec // The demo's own.
		"wait", "--for=condition=Ready", "--timeout=30s", "xconnection/social-manager-own")
	kubectl.Env = []string{"KUBECONFIG=" + first(printedKubeconfig, printed), "HOME=" + t.TempDir()} // It keeps a cache at home.
	if output, err := kubectl.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", kubectl, err, output)
	}
}

func first(pattern *regexp.Regexp, text []byte) string {
	if found := pattern.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// makeRun runs the demo that stays, until the test ends, and gives what it printed
// up to the link.
func makeRun(t *testing.T) []byte {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "demo")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../..", "-o", binary, "./hack/demo") //nolint:gosec // Our own module.
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the demo: %v\n%s", err, output)
	}
	demo := exec.Command(binary, "--stay") //nolint:gosec // Our own binary.
	demo.Dir, demo.Stderr = "../..", os.Stderr
	output, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { interrupt(t, demo, output) })
	// If it says nothing more, it is ended, and what it said is looked through.
	tooLong := time.AfterFunc(5*time.Minute, func() { _ = demo.Process.Signal(syscall.SIGINT) })
	defer tooLong.Stop()
	printed := readUntil(output, printedLink)
	if !printedLink.Match(printed) {
		t.Fatalf("the demo printed no link:\n%s", printed)
	}
	return printed
}

// readUntil reads lines until one matches, or to the end.
func readUntil(from io.Reader, pattern *regexp.Regexp) []byte {
	var read bytes.Buffer
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		read.Write(append(lines.Bytes(), '\n'))
		if pattern.Match(lines.Bytes()) {
			break
		}
	}
	return read.Bytes()
}

// interrupt is Ctrl-C: the demo ends in order.
func interrupt(t *testing.T, demo *exec.Cmd, output io.Reader) {
	t.Helper()
	if err := demo.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	rest, _ := io.ReadAll(output)
	if err := demo.Wait(); err != nil {
		t.Errorf("the demo ended with %v:\n%s", err, rest)
	}
}
