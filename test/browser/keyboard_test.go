// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// focus is the element that has the keyboard's focus.
type focus struct {
	ID string `json:"id"`
	// Ring is the outline that shows it, in CSS pixels.
	Ring float64 `json:"ring"`
}

// TestKeyboard: Tab and Enter are enough, and the focus can be seen.
func TestKeyboard(t *testing.T) {
	c := newConnection(t)
	b := newBrowser(t)
	b.open(c.link(), 200)
	b.tabTo("continue")
	b.came(b.leave(chromedp.KeyEvent(kb.Enter)), 200)
	b.cancel("jane_doe", 403)
	b.tabTo("restart")
	b.came(b.leave(chromedp.KeyEvent(kb.Enter)), 200)
	b.tabTo("continue")
	b.came(b.leave(chromedp.KeyEvent(kb.Enter)), 200)
	b.agree("jane_doe", 200)
	c.ends(metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// tabTo presses Tab once: the page has one thing to use, and it is that.
func (b *browser) tabTo(id string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(kb.Tab))
	got := value(b, chromedp.Evaluate[focus](`(() => {
		const style = getComputedStyle(document.activeElement);
		return {id: document.activeElement.id, ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)};
	})()`))
	if got.ID != id || got.Ring < 2 {
		b.t.Errorf("after Tab the focus is %+v, want %q with a ring", got, id)
	}
}
