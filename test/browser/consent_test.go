// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// TestApprove: a person reads who asks for what, agrees at X, and is told that it
// worked. Afterwards the link says so too.
func TestApprove(t *testing.T) {
	c := newConnection(t, pinned("jane_doe"), func(spec *v1alpha1.XConnectionSpec) {
		spec.AgentRef = &v1alpha1.AgentReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "writer"}
	})
	c.runsAgent()
	b := newBrowser(t)
	b.open(c.link(), 200)
	b.shows("start", map[string]string{
		"label": "A REQUEST FOR ACCESS", "title": "Connect an account on X?", "notice": "",
		"connection": "social-manager", "namespace": c.Namespace, "agent": "Deployment writer",
		"app": "the shared app “acme”", "account": "@jane_doe and no other", "continue": "Continue to " + xHost,
		"scopes": "write posts, replies and reposts for you tweet.write " +
			"see every post that you can see, those of protected accounts too tweet.read " +
			"see your profile, and every profile that you can see users.read " +
			"keep this access while you are away, until you take it back offline.access",
	})
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	b.shows("connected", map[string]string{
		"label": "CONNECTED", "title": "@jane_doe is connected", "connection": "social-manager", "namespace": c.Namespace,
		"what": "Access is kept fresh from now on. You don’t have to come back.",
		"next": "You can close this page. To take access back, open the settings of your account at X, and there the connected apps.",
		"who":  "", "code": "", "restart": "",
	})
	link := c.Status.AuthorizeURL
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)

	b.open(link, 200)
	b.shows("already-connected", map[string]string{
		"label": "CONNECTED", "title": "This is already connected",
		"what": "The link has done its work: an account is connected and its access is kept fresh.",
		"next": "You can close this page. Whoever sent you the link can ask for a new connection if another account is wanted.",
		"who":  "", "code": "", "restart": "",
	})
}

// TestReturn: with a redirectURL people end where they came from, whatever the end
// is; the page's Content-Security-Policy lets them.
func TestReturn(t *testing.T) {
	c := newConnection(t, returning)
	b := newBrowser(t)
	b.open(c.link(), 200)
	b.click("continue", 200)
	b.cancel("jane_doe", 200)
	if got, want := b.address(), "https://"+productHost+"/settings?tab=x&x_error=authorization_denied"; got != want {
		t.Errorf("denied, the browser is at %s, want %s", got, want)
	}
	b.open(c.link(), 200)
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	if got, want := b.address(), "https://"+productHost+"/settings?tab=x&x_connected=true&x_username=jane_doe"; got != want {
		t.Errorf("connected, the browser is at %s, want %s", got, want)
	}
}

// TestDeny: a person who declines is told so, and can change their mind.
func TestDeny(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open(c.link(), 200)
	b.click("continue", 200)
	b.cancel("jane_doe", 403)
	b.shows("denied", map[string]string{
		"label": "NOT CONNECTED", "title": "Access was not given", "code": "authorization_denied",
		"what": "X reports that access to the account was declined. Nothing was connected; a connection that worked before goes on working.",
		"next": "If that was a mistake, start again. If X showed an error in place of its question, the owner of the X app should check that OAuth 2.0 is set up there.",
		"who":  "You, or the owner of the X app", "restart": "Open the start page",
	})
	c.ends(metav1.ConditionFalse, v1alpha1.ReasonAuthorizationDenied)

	b.click("restart", 200)
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	b.shows("connected-after-all", map[string]string{"title": "@jane_doe is connected"})
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestWrongAccount: another account than the pinned one is given back, and the
// person can switch.
func TestWrongAccount(t *testing.T) {
	c := newConnection(t, pinned("Jane_Doe"))
	b := newBrowser(t)
	b.open(c.link(), 200)
	b.shows("start-pinned", map[string]string{"account": "@Jane_Doe and no other"})
	b.click("continue", 200)
	b.agree("john_roe", 403)
	b.shows("wrong-account", map[string]string{
		"label": "NOT CONNECTED", "title": "This is another account than expected", "code": "account_mismatch",
		"what":   "This connection is for one particular account, and you agreed with a different one. The access that X gave to that account is given back.",
		"detail": "The account @john_roe consented, but this connection is for @Jane_Doe.",
		"next":   "At X, switch to the right account, then start again.",
		"who":    "You", "restart": "Open the start page",
	})
	c.ends(metav1.ConditionFalse, v1alpha1.ReasonAccountMismatch)

	b.click("restart", 200)
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	b.shows("right-account", map[string]string{"title": "@jane_doe is connected"})
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestTooLate: who thinks about it at X for too long is told, and may start again.
func TestTooLate(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open(c.link(), 200)
	b.click("continue", 200)
	shared.pass(16 * time.Minute)
	before := shared.x.Counters().Exchanges
	b.agree("jane_doe", 410)
	b.shows("too-late", map[string]string{
		"label": "NOT CONNECTED", "title": "This attempt is no longer valid", "code": "session_expired",
		"what":   "It took too long, was begun in another browser, or was replaced by a newer link. Nothing was connected.",
		"detail": "More than 15 minutes passed at X since the consent was begun.",
		"next":   "Open the newest link that you were given, and stay in one browser until the end. You have 15 minutes at X.",
		"who":    "You", "restart": "Open the start page",
	})
	if after := shared.x.Counters().Exchanges; after != before {
		t.Errorf("%d codes were exchanged", after-before)
	}
	c.ends(metav1.ConditionFalse, v1alpha1.ReasonSessionExpired)

	b.click("restart", 200)
	b.click("continue", 200)
	b.agree("jane_doe", 200)
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// TestOldLink: a link of before the connection was switched off and on again leads
// to nothing but a page that says so; the new one works.
func TestOldLink(t *testing.T) {
	c := newConnection(t)
	old := c.link()
	b := newBrowser(t)
	c.alter(func(spec *v1alpha1.XConnectionSpec) { spec.State = v1alpha1.StateDisconnected })
	c.ends(metav1.ConditionFalse, v1alpha1.ReasonDisconnected)
	b.open(old, 409)
	b.shows("switched-off", map[string]string{
		"label": "NOT NOW", "title": "This connection is switched off", "code": "",
		"what": "Its owner has switched it off, so no account is wanted.",
		"next": "Ask whoever sent you the link, and open it again once they say so.",
	})
	c.alter(func(spec *v1alpha1.XConnectionSpec) { spec.State = v1alpha1.StateConnected })
	c.ends(metav1.ConditionFalse, v1alpha1.ReasonConsentRequired)
	b.open(old, 410)
	b.shows("replaced", map[string]string{
		"title": "This attempt is no longer valid", "code": "session_expired",
		"detail": "A newer link has been made since.", "continue": "", "restart": "",
	})
	b.open(c.link(), 200)
	b.shows("start-unpinned", map[string]string{"account": "the one that you choose at X"})
}
