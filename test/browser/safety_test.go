// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// TestReplay: a callback that is loaded again, gone back from, or carried into
// another browser costs nothing and gives nothing. One code is exchanged.
func TestReplay(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	before := shared.x.Counters()
	b.open(c.link(), 200)
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	callback := b.address()
	connected := map[string]string{"title": "@jane_doe is connected", "code": "", "connection": "social-manager"}
	b.shows("connected-once", connected)

	b.came(b.leave(chromedp.Reload()), 200)
	b.shows("connected-reloaded", connected)
	b.leave(chromedp.NavigateBack())
	b.agree("jane_doe", 200)
	b.shows("connected-back-and-again", connected)

	thief := newBrowser(t)
	thief.open(callback, 410)
	thief.shows("replayed-elsewhere", map[string]string{
		"title": "This attempt is no longer valid", "code": "session_expired", "connection": "", "restart": "",
		"detail": "It was not begun in this browser, or the browser did not keep its cookie.",
	})
	after := shared.x.Counters()
	if after.Exchanges != before.Exchanges+1 || after.CodeReplays != before.CodeReplays {
		t.Errorf("the counters went from %+v to %+v", before, after)
	}
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestAnotherBrowser: X's page, carried into another browser, connects nothing:
// nobody can be made to finish what somebody else began (RFC 9700, section 4.7).
func TestAnotherBrowser(t *testing.T) {
	c := newConnection(t)
	beginner, victim := newBrowser(t), newBrowser(t)
	beginner.open(c.link(), 200)
	beginner.click("continue", 200)

	before := shared.x.Counters().Exchanges
	victim.open(beginner.address(), 200)
	victim.agree("victim", 410)
	victim.shows("another-browser", map[string]string{
		"title": "This attempt is no longer valid", "code": "session_expired", "connection": "", "restart": "",
		"detail": "It was not begun in this browser, or the browser did not keep its cookie.",
	})
	if after := shared.x.Counters().Exchanges; after != before {
		t.Errorf("%d codes were exchanged", after-before)
	}
	beginner.agree("jane_doe", 200)
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if c.Status.Username != "jane_doe" {
		t.Errorf("@%s is connected", c.Status.Username)
	}
}

// TestNoCookies: a browser that lost its cookie is asked once more, before it goes
// to X, and told why.
func TestNoCookies(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open(c.link(), 200)
	call(b, network.ClearBrowserCookies, cdp.Empty{})
	b.click("continue", 409)
	b.shows("no-cookie", map[string]string{
		"title": "Connect an account on X?", "continue": "Continue to " + xHost,
		"notice": "This page was open for too long. Please continue once more. If you see this again, your browser keeps no cookies for " +
			doorHost + ": allow them, since they tie X’s answer to this browser.",
	})
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestDoubleClick: an impatient person gets what a patient one gets.
func TestDoubleClick(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	before := shared.x.Counters().Exchanges
	b.open(c.link(), 200)
	b.came(b.leave(chromedp.DoubleClick(chromedp.CSS("#continue"))), 200)
	b.do(chromedp.WaitVisible(chromedp.CSS("input[name=account]")))
	b.agree("jane_doe", 200)
	b.shows("connected-impatiently", map[string]string{"title": "@jane_doe is connected"})
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
	if after := shared.x.Counters().Exchanges; after != before+1 {
		t.Errorf("%d codes were exchanged", after-before)
	}
}

// TestForeignForm: another site's button begins nothing, though the browser holds
// the cookie.
func TestForeignForm(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open(c.link(), 200)
	before := shared.x.Counters().AuthorizeCalls
	b.open("https://"+productHost+"/form?to="+url.QueryEscape(c.link()), 200)
	b.click("continue", 403)
	b.shows("foreign-form", map[string]string{
		"label": "STOPPED", "title": "This did not come from our page",
		"what": "Another site tried to begin this for you, or your browser hides where a form comes from. Nothing was done.",
		"next": "If you meant to connect an account, open the link that you were given and continue from there.",
	})
	if after := shared.x.Counters().AuthorizeCalls; after != before {
		t.Error("the browser was sent to X")
	}
}

// TestNotFramed: another site can't show the start page under a bait.
func TestNotFramed(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open("https://"+productHost+"/frame?to="+url.QueryEscape(c.link()), 200)
	frames := call(b, page.GetFrameTree, cdp.Empty{})
	for _, child := range frames.FrameTree.ChildFrames {
		if child.Frame.UnreachableURL == "" {
			t.Errorf("the frame shows %s", child.Frame.URL)
		}
	}
	contains(t, "the browser's complaint", strings.Join(b.forgive(), "; "), "frame-ancestors 'none'")
}

// TestCookie: the cookie is this host's alone, and no script's.
func TestCookie(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open(c.link(), 200)
	got := call(b, network.GetCookies, network.GetCookiesParams{})
	if len(got.Cookies) != 1 {
		t.Fatalf("there are %d cookies", len(got.Cookies))
	}
	cookie := got.Cookies[0]
	if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Secure || !cookie.HTTPOnly || cookie.SameSite != network.CookieSameSiteLax {
		t.Errorf("the cookie is %+v", cookie)
	}
}
