// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// findChromium finds the browser on the PATH.
func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the consent pages can't be tested: no Chromium is on the PATH; on Debian: apt-get install chromium")
}

// startBrowsers gives the context in which browsers start, each name but loopback
// leading to the address of the sites or nowhere.
func startBrowsers(ctx context.Context, chromium, sites string) context.Context {
	names := ""
	for _, host := range []string{doorHost, xHost, productHost} {
		names += fmt.Sprintf("MAP %s %s, ", host, sites)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.Flag("host-resolver-rules", names+"MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		// The sites' certificate is one of net/http/httptest.
		chromedp.IgnoreCertErrors,
	)
	if os.Geteuid() == 0 {
		// Chromium's sandbox refuses root, which tests in containers run as.
		options = append(options, chromedp.NoSandbox)
	}
	allocated, cancel := chromedp.NewExecAllocator(ctx, options...)
	context.AfterFunc(ctx, cancel)
	return allocated
}

// browser is one window of one person, with a profile of its own.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu sync.Mutex
	// trouble is what the browser complained of: violations of a policy, errors.
	trouble []string
}

// newBrowser starts a browser that runs no script of a page.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	if shared == nil {
		t.Skip("no Chromium is on the PATH (in CI this fails)")
	}
	ctx, cancel := chromedp.NewContext(shared.browsers)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	b.do() // It starts here.
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	call(b, log.Enable, cdp.Empty{})
	call(b, audits.Enable, cdp.Empty{})
	t.Cleanup(b.noTrouble)
	return b
}

// hear notes what a developer would see in the console.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *log.EventEntryAdded:
		// That a page has an error status is for the tests to say.
		if event.Entry.Source != log.EntrySourceNetwork || !strings.Contains(event.Entry.Text, "the server responded with a status of") {
			b.trouble = append(b.trouble, event.Entry.Text)
		}
	case *audits.EventIssueAdded:
		b.trouble = append(b.trouble, string(event.Issue.Code))
	}
}

func (b *browser) noTrouble() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.trouble) > 0 {
		b.t.Errorf("the browser complains: %s", strings.Join(b.trouble, "; "))
	}
}

// forgive takes the complaints that a test provoked, and gives them.
func (b *browser) forgive() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	trouble := b.trouble
	b.trouble = nil
	return trouble
}

// do runs steps that must work.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// value runs a step that must work and gives something.
func value[T any](b *browser, step chromedp.Action[T]) T {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, step)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

// call sends a command of the DevTools protocol that must work.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return value(b, func(ctx context.Context, _ *chromedp.Target) (R, error) { return chromedp.Call(ctx, command, params) })
}

// leave runs steps that lead to another page, and waits until that is there.
func (b *browser) leave(steps ...chromedp.Action[chromedp.Void]) *network.Response {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatalf("leaving the page %s: %v", b.address(), err)
	}
	return response
}

// open goes to an address; the page must come with a status.
func (b *browser) open(address string, status int) {
	b.t.Helper()
	b.came(b.leave(chromedp.Navigate(address)), status)
}

// click clicks the element with an id.
func (b *browser) click(id string, status int) {
	b.t.Helper()
	b.came(b.leave(chromedp.Click(chromedp.CSS("#"+id))), status)
}

func (b *browser) came(response *network.Response, status int) {
	b.t.Helper()
	if response == nil || response.Status != int64(status) {
		b.t.Fatalf("the page %s came with %+v, want HTTP %d", b.address(), response, status)
	}
}

func (b *browser) address() string {
	b.t.Helper()
	return value(b, chromedp.Location())
}

// agree and cancel are what a person does on X's page, as an account.
func (b *browser) agree(account string, status int) {
	b.t.Helper()
	b.decide(account, "approve", status)
}

func (b *browser) cancel(account string, status int) {
	b.t.Helper()
	b.decide(account, "deny", status)
}

func (b *browser) decide(account, decision string, status int) {
	b.t.Helper()
	if !strings.HasPrefix(b.address(), "https://"+xHost+"/") {
		b.t.Fatalf("this is not X's page but %s", b.address())
	}
	shared.x.RegisterAccount(account)
	b.do(chromedp.SetValue(chromedp.CSS("input[name=account]"), account))
	b.came(b.leave(chromedp.Click(chromedp.CSS("button[value="+decision+"]"))), status)
}

// product is the site of somebody who has an account connected. Under /frame it
// shows another page in a frame, under /form it sends a form elsewhere; the query
// names where.
func product(w http.ResponseWriter, r *http.Request) {
	page := `<p id="title">Your settings</p>`
	switch r.URL.Path {
	case "/frame":
		page = `<iframe src="%s"></iframe>`
	case "/form":
		page = `<form method="post" action="%s"><button id="continue">Win a prize</button></form>`
	}
	if strings.Contains(page, "%s") {
		page = fmt.Sprintf(page, r.URL.Query().Get("to"))
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = fmt.Fprint(w, `<!doctype html><html lang="en"><title>Product</title><link rel="icon" href="data:,"><body>`+page) //nolint:gosec // A test's own page.
}
