// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/agentconnect/x-operator/internal/chaos/judge"
	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// variable arms a failpoint; it is internal/failpoint's, which a binary without
// the build tag, such as this one, does not have.
const variable = "XOP_FAILPOINT"

// process is one run of the operator's binary. It calls X at an address of its
// own, by which the books tell it from others.
type process struct {
	child *child.Process
	// x serves the simulator to this process. It stays when the process has ended, for
	// no other may ever call X at its address.
	x *http.Server
	// order is the failpoint that it was started with; nil for none.
	order *fault
	// fired is closed when it has reached the failpoint, done when its end is on record.
	fired chan struct{}
	done  chan struct{}
	// lastCall is when it last asked X for tokens, in nanoseconds.
	lastCall atomic.Int64

	// rest is what it logged since the last whole line.
	rest []byte

	mu        sync.Mutex
	record    judge.Run
	exhausted bool
	stopped   bool
}

// launch says how to start a process.
type launch struct {
	binary    string
	arguments []string
	env       []string
	replica   string
	x         http.Handler
	order     *fault
	log       io.WriteCloser
}

func (l launch) start(ctx context.Context) (*process, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{order: l.order, fired: make(chan struct{}), done: make(chan struct{})}
	p.record = judge.Run{Host: listener.Addr().String(), Replica: l.replica, Started: time.Now()}
	p.x = &http.Server{Handler: p.watched(l.x), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = p.x.Serve(listener) }()

	cmd := exec.Command(l.binary, append(l.arguments, endpoints("http://"+p.record.Host)...)...) //nolint:gosec,noctx // How it ends is the suite's business.
	cmd.Env = append(os.Environ(), l.env...)
	if l.order != nil {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%s:%d:%s", variable, l.order.step, l.order.hit, l.order.action()))
	}
	cmd.Stderr = io.MultiWriter(p, l.log)
	// What it logs is read only once there is somebody to continue it.
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child, err = child.Start(cmd); err != nil {
		return nil, errors.Join(err, p.x.Close())
	}
	go p.wait(l.log)
	return p, nil
}

// action is what a failpoint does.
func (f *fault) action() string {
	if f.kind == KindStop {
		return "stop"
	}
	return "kill"
}

func endpoints(x string) []string {
	return []string{
		"--x-token-url=" + x + xsim.PathToken,
		"--x-revoke-url=" + x + xsim.PathRevoke,
		"--x-api-url=" + x,
	}
}

// watched notes when the process asks for tokens: only a leader refreshes.
func (p *process) watched(x http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == xsim.PathToken {
			p.lastCall.Store(time.Now().UnixNano())
		}
		x.ServeHTTP(w, r)
	})
}

// Write reads what the process logs, line by line.
func (p *process) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	for {
		line, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		p.read(string(line))
		p.rest = rest
	}
}

// wait waits until the process ends, and notes how it did.
func (p *process) wait(log io.WriteCloser) {
	<-p.child.Done()
	p.ended()
	_, _ = fmt.Fprintf(log, "chaos: it ended at %s: %s\n", time.Now().Format(time.RFC3339Nano), p.child.State())
	_ = log.Close()
	close(p.done)
}

func (p *process) read(line string) {
	switch {
	case strings.HasPrefix(line, "failpoint "):
		p.reached()
	case strings.HasPrefix(line, "panic:"), strings.HasPrefix(line, "fatal error:"), strings.Contains(line, "Observed a panic"):
		p.note(func(run *judge.Run) { run.Panicked = true })
	case strings.Contains(line, "X does not tell whose they are"):
		p.note(func(run *judge.Run) { run.GivenUp = append(run.GivenUp, givenUp(line)) })
	case strings.Contains(line, "another connection uses the same account"):
		// The log's own times are whole seconds. Which of two came first matters here.
		told := givenUp(line)
		told.At = time.Now()
		p.note(func(run *judge.Run) { run.LeftToTwin = append(run.LeftToTwin, told) })
	}
}

// note changes the record of the process.
func (p *process) note(change func(*judge.Run)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.record)
}

// givenUp reads whose tokens a process gives up: the sweep names the connection, the
// controller its object.
func givenUp(line string) judge.GivenUp {
	var logged struct {
		TS          time.Time
		Connection  string
		XConnection struct{ Name string }
	}
	if json.Unmarshal([]byte(line), &logged) != nil {
		return judge.GivenUp{}
	}
	return judge.GivenUp{Connection: cmp.Or(logged.XConnection.Name, path.Base(logged.Connection)), At: logged.TS}
}

// reached notes that the failpoint was reached. A process that stopped itself
// there is continued later.
func (p *process) reached() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record.Step = p.order.step
	if p.order.kind != KindStop {
		close(p.fired)
		return
	}
	p.stopped = true
	from := time.Now()
	time.AfterFunc(p.order.wait, func() { p.resume(from) })
}

func (p *process) resume(from time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.child.Signal(syscall.SIGCONT)
	p.stopped = false
	p.record.Stops = append(p.record.Stops, judge.Span{From: from, To: time.Now()})
	close(p.fired)
}

func (p *process) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record.Ended = time.Now()
	status, ok := p.child.State().Sys().(syscall.WaitStatus)
	killed := ok && status.Signaled() && status.Signal() == syscall.SIGKILL
	switch {
	case killed && p.exhausted:
		p.record.End = judge.Exhausted
	case killed:
		p.record.End = judge.Killed
	case !p.record.Asked.IsZero():
		p.record.End = judge.Drained
	default:
		p.record.End = judge.Left
	}
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.child.Kill()
	<-p.done
}

// term asks the process to stop, and kills it when its grace period is over.
func (p *process) term() {
	p.mu.Lock()
	asked := !p.record.Asked.IsZero()
	if !asked {
		p.record.Asked = time.Now()
	}
	p.mu.Unlock()
	if !asked {
		// A second one ends a process at once, which would count as one that drained.
		_ = p.child.Signal(syscall.SIGTERM)
	}
	select {
	case <-p.done:
		return
	case <-time.After(gracePeriod):
	}
	p.mu.Lock()
	p.exhausted = true
	p.mu.Unlock()
	p.kill()
}

// running tells whether the process lives and is not stopped.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.stopped && p.record.Asked.IsZero()
}

// armed tells whether it has yet to reach a failpoint.
func (p *process) armed() bool { return p.order != nil && !p.hasFired() }

// hasFired tells whether it reached its failpoint.
func (p *process) hasFired() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record.Step != ""
}

func (p *process) run() judge.Run {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record
}
