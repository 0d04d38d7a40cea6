// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
)

// Counts are what was asked of the API server, of X and of the reconciler. Of the
// API server they count requests about connections and their Secrets, events, and
// what a pass reads beside; leases are not among them.
type Counts struct {
	// Writes are requests that change something; StatusWrites those of them that
	// change an XConnection's status, and Events those that make an event.
	Writes       int `json:"writes"`
	StatusWrites int `json:"statusWrites"`
	Events       int `json:"events"`
	// Reads get one object; Lists get many.
	Reads int `json:"reads"`
	Lists int `json:"lists"`
	// Passes are those of the XConnections' reconciler.
	Passes int `json:"passes"`
	// Calls are those to X that spend or change something, Refreshes those of them
	// that brought new tokens.
	Calls     int `json:"calls"`
	Refreshes int `json:"refreshes"`
	// Replays are tokens that were presented twice: never.
	Replays int `json:"replays"`
	// APIServerCPU is the processor time of kube-apiserver.
	APIServerCPU time.Duration `json:"apiServerCPU"`
}

// Less gives what was counted since an earlier count.
func (c Counts) Less(before Counts) Counts {
	return Counts{
		Writes:       c.Writes - before.Writes,
		StatusWrites: c.StatusWrites - before.StatusWrites,
		Events:       c.Events - before.Events,
		Reads:        c.Reads - before.Reads,
		Lists:        c.Lists - before.Lists,
		Passes:       c.Passes - before.Passes,
		Calls:        c.Calls - before.Calls,
		Refreshes:    c.Refreshes - before.Refreshes,
		Replays:      c.Replays - before.Replays,
		APIServerCPU: c.APIServerCPU - before.APIServerCPU,
	}
}

// Count reads all counters. The passes are the given operator's, which may be nil.
func (w *World) Count(ctx context.Context, operator *Operator) (Counts, error) {
	counts, err := w.countRequests(ctx)
	if err != nil {
		return Counts{}, fmt.Errorf("the API server: %w", err)
	}
	state, err := w.X.State(ctx)
	if err != nil {
		return Counts{}, err
	}
	counter := state.Counters
	counts.Refreshes, counts.Replays = counter.Refreshes, counter.Replays
	counts.Calls = counter.Refreshes + counter.Exchanges + counter.Replays + counter.Revocations + counter.Unauthorized
	if operator != nil {
		load, err := operator.load(ctx)
		if err != nil {
			return Counts{}, err
		}
		counts.Passes = load.passes
	}
	return counts, nil
}

func (w *World) countRequests(ctx context.Context) (Counts, error) {
	var counts Counts
	client, err := rest.HTTPClientFor(w.Plane.Config())
	if err != nil {
		return counts, err
	}
	defer client.CloseIdleConnections()
	address, err := url.JoinPath(w.Plane.Config().Host, "metrics")
	if err != nil {
		return counts, err
	}
	samples, err := scrape(ctx, client, address, "apiserver_request_total", "process_cpu_seconds_total")
	if err != nil {
		return counts, err
	}
	for _, s := range samples {
		if s.name == "process_cpu_seconds_total" {
			counts.APIServerCPU = time.Duration(s.value * float64(time.Second))
			continue
		}
		counts.add(s)
	}
	return counts, nil
}

// add counts one of the API server's counters in, if it is about our work.
func (c *Counts) add(s sample) {
	if !s.is("resource", "xconnections", "secrets", "events", "xapps", "namespaces", "pods") {
		return
	}
	number := int(s.value)
	switch s.labels["verb"] {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "APPLY", "DELETECOLLECTION":
		c.Writes += number
		if s.is("subresource", "status") {
			c.StatusWrites += number
		}
		if s.is("resource", "events") {
			c.Events += number
		}
	case http.MethodGet:
		c.Reads += number
	case "LIST":
		c.Lists += number
	}
}
