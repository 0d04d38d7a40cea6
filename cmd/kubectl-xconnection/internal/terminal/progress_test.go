// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal_test

import (
	"bytes"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// screen collects what is printed; a test that reads it while the spinner turns
// waits for each write.
type screen struct{ writes chan string }

func (s screen) Write(p []byte) (int, error) {
	s.writes <- string(p)
	return len(p), nil
}

// next gives the next write.
func (s screen) next(t *testing.T) string {
	t.Helper()
	select {
	case text := <-s.writes:
		return text
	case <-t.Context().Done():
		t.Fatal("nothing was printed")
		return ""
	}
}

func TestProgressInALog(t *testing.T) {
	var out bytes.Buffer
	p := terminal.NewProgress(&out, false, clocktesting.NewFakeClock(time.Now()))
	p.Wait("Waiting for %s", "rain")
	p.Say("It is %d degrees", 30)
	p.Wait("Waiting for rain")
	p.Aside(func() { out.WriteString("aside\n") })
	p.Wait("Waiting for snow")
	p.Say("evil \x1b[31mred\rline")
	p.Stop()
	want := "Waiting for rain ...\nIt is 30 degrees\naside\nWaiting for snow ...\nevil ^[[31mred\\rline\n"
	if out.String() != want {
		t.Errorf("the log is\n%q\nnot\n%q", out.String(), want)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	const empty, cut, wrap = "\r\x1b[K", "\x1b[?7l", "\x1b[?7h"
	ticking := clocktesting.NewFakeClock(time.Now())
	s := screen{writes: make(chan string, 100)}
	p := terminal.NewProgress(s, true, ticking)
	p.Say("before")
	p.Wait("Waiting")
	for _, want := range []string{"before\n", empty + cut + "⠋ Waiting" + wrap} {
		if got := s.next(t); got != want {
			t.Errorf("printed %q, not %q", got, want)
		}
	}
	ticking.Step(100 * time.Millisecond)
	if got, want := s.next(t), empty+cut+"⠙ Waiting"+wrap; got != want {
		t.Errorf("after a tick it printed %q, not %q", got, want)
	}
	p.Say("between")
	p.Stop()
	p.Say("after")
	for _, want := range []string{empty, "between\n", empty + cut + "⠙ Waiting" + wrap, empty, "after\n"} {
		if got := s.next(t); got != want {
			t.Errorf("printed %q, not %q", got, want)
		}
	}
	ticking.Step(time.Second)
	if len(s.writes) != 0 {
		t.Errorf("the spinner still turns after Stop: %q", <-s.writes)
	}
}
