// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"fmt"
	"io"
	"sync"
	"time"

	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
)

// frames are the spinner's pictures, and framePeriod is how long each is shown.
var frames = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

const framePeriod = 100 * time.Millisecond

// What is said to a terminal.
const (
	// clearLine takes the cursor to the beginning of its line and empties it.
	clearLine = "\r\x1b[K"
	// cutLine cuts off what does not fit into a line, until wrapLine wraps it again:
	// a line that is wrapped could not be cleared.
	cutLine  = "\x1b[?7l"
	wrapLine = "\x1b[?7h"
)

// Progress tells a person what is going on: lines that stay, and one line at the
// end with what is waited for. On a terminal that line has a spinner; elsewhere it
// is printed once, so that a log stays readable. Control characters in what it is
// given are escaped. It may be used from several goroutines.
type Progress struct {
	mu      sync.Mutex
	w       io.Writer
	live    bool
	clock   clock.WithTicker
	waiting string
	frame   int
	// stop ends the goroutine that turns the spinner; nil while there is none.
	stop chan struct{}
	done chan struct{}
}

// NewProgress tells on a writer. live says whether it is a terminal.
func NewProgress(w io.Writer, live bool, ticking clock.WithTicker) *Progress {
	return &Progress{w: w, live: live, clock: ticking}
}

// Say prints a line that stays.
func (p *Progress) Say(format string, arguments ...any) {
	p.Aside(func() { p.print(printers.EscapeTerminal(fmt.Sprintf(format, arguments...)) + "\n") })
}

// Aside runs a function that prints, to this writer or to another of the same
// terminal, while the line at the end is out of its way.
func (p *Progress) Aside(printing func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	printing()
	p.draw()
}

// Wait says what is waited for from now on.
func (p *Progress) Wait(format string, arguments ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what := printers.EscapeTerminal(fmt.Sprintf(format, arguments...))
	if what == p.waiting {
		return
	}
	p.clear()
	p.waiting = what
	if !p.live {
		p.print(what + " ...\n")
		return
	}
	p.draw()
	if p.stop == nil {
		p.stop, p.done = make(chan struct{}), make(chan struct{})
		go p.turn(p.clock.NewTicker(framePeriod), p.stop, p.done)
	}
}

// Stop ends the waiting and leaves no trace of it on a terminal.
func (p *Progress) Stop() {
	p.mu.Lock()
	p.clear()
	p.waiting = ""
	stop, done := p.stop, p.done
	p.stop, p.done = nil, nil
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-done
	}
}

// turn turns the spinner until it is stopped.
func (p *Progress) turn(ticker clock.Ticker, stop, done chan struct{}) {
	defer close(done)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C():
			p.mu.Lock()
			p.frame = (p.frame + 1) % len(frames)
			p.draw()
			p.mu.Unlock()
		}
	}
}

func (p *Progress) clear() {
	if p.live && p.waiting != "" {
		p.print(clearLine)
	}
}

func (p *Progress) draw() {
	if p.live && p.waiting != "" {
		p.print(clearLine + cutLine + frames[p.frame] + " " + p.waiting + wrapLine)
	}
}

// print does its best: nobody can be told that standard error does not take it.
func (p *Progress) print(text string) { _, _ = io.WriteString(p.w, text) }
