// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/agentconnect/x-operator/internal/child"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// Operator is one run of the operator's binary.
type Operator struct {
	*child.Process
	metrics string
}

// StartOperator starts a binary of the operator with further flags. Its consent
// door is the world's: one operator at a time has it.
func (w *World) StartOperator(ctx context.Context, binary string, flags ...string) (*Operator, error) {
	port, err := child.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	arguments := append([]string{
		"--components=controllers,callback",
		"--grant-namespace=" + w.Home,
		"--callback-base-url=" + w.callback,
		"--callback-bind-address=" + strings.TrimPrefix(w.callback, "http://"),
		"--metrics-bind-address=127.0.0.1:" + port,
		"--metrics-secure=false",
		"--health-probe-bind-address=0",
		"--x-authorize-url=" + w.X.URL + xsim.PathAuthorize,
		"--x-token-url=" + w.X.URL + xsim.PathToken,
		"--x-revoke-url=" + w.X.URL + xsim.PathRevoke,
		"--x-api-url=" + w.X.URL,
	}, flags...)
	p, err := launch(filepath.Join(w.Folder, "operator.log"), nil, []string{"KUBECONFIG=" + w.Plane.Kubeconfig()}, binary, arguments...)
	if err != nil {
		return nil, err
	}
	return &Operator{Process: p, metrics: "http://127.0.0.1:" + port + "/metrics"}, nil
}

// Stop lets the operator end in good order.
func (o *Operator) Stop() error { return o.Process.Stop(stopTimeout) }

// load is how busy an operator is.
type load struct {
	// passes are those of the XConnections' reconciler so far.
	passes int
	// pending are the objects of all reconcilers that wait or are worked on.
	pending int
}

func (o *Operator) load(ctx context.Context) (load, error) {
	var l load
	samples, err := scrape(ctx, http.DefaultClient, o.metrics,
		"controller_runtime_reconcile_total", "controller_runtime_active_workers", "workqueue_depth")
	if err != nil {
		return l, fmt.Errorf("the operator: %w", err)
	}
	for _, s := range samples {
		switch {
		case s.name != "controller_runtime_reconcile_total":
			l.pending += int(s.value)
		case s.is("controller", "xconnection"):
			l.passes += int(s.value)
		}
	}
	return l, nil
}

// poll is how often something is looked at that is waited for; scrapePoll the same for
// an operator's metrics, which it counts all its objects for.
const (
	poll       = 50 * time.Millisecond
	scrapePoll = 200 * time.Millisecond
)

// calm is how long nothing may have happened for an operator to have come to rest.
const calm = 400 * time.Millisecond

// Rest waits until the operator has made that many passes in its life and has
// nothing more to do, and tells when that was.
func (o *Operator) Rest(ctx context.Context, passes int) (time.Time, error) {
	last, since := load{passes: -1}, time.Time{}
	for {
		now, err := o.load(ctx)
		if err != nil && o.Ended() {
			return since, errors.New("the operator ended by itself: see its log")
		}
		switch {
		case err != nil || now.pending > 0 || now.passes < passes || now != last:
			last, since = now, time.Now()
		case time.Since(since) > calm:
			return since, nil
		}
		if err := pause(ctx, scrapePoll); err != nil {
			return since, fmt.Errorf("waiting for the operator to rest (%d passes of %d, %d pending): %w", now.passes, passes, now.pending, err)
		}
	}
}

// passed waits until the operator has made that many passes in its life, whatever
// else it has to do.
func (o *Operator) passed(ctx context.Context, passes int) error {
	for {
		now, err := o.load(ctx)
		if err != nil && o.Ended() {
			return errors.New("the operator ended by itself: see its log")
		}
		if err == nil && now.passes >= passes {
			return nil
		}
		if err := pause(ctx, scrapePoll); err != nil {
			return fmt.Errorf("waiting for %d passes, of which there are %d: %w", passes, now.passes, err)
		}
	}
}

// pause waits, or gives why it was cut short.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
