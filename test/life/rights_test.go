// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/manifests"
)

// unusedForAReason are rights that this life does not come to.
var unusedForAReason = []manifests.Exception{
	{
		Rights: regexp.MustCompile(`^(list|watch) (pods|(statefulsets|daemonsets)\.apps|(jobs|cronjobs)\.batch|agents\.kagent\.dev|mcpservers\.toolhive\.stacklok\.dev)$`),
		Reason: "a kind of workload is watched once an agentRef names it; the tests name a Deployment",
	},
	{
		Rights: regexp.MustCompile(`^update xconnections\.x\.agentconnect\.dev/finalizers$`),
		Reason: "admission asks for it when an owner reference blocks deletion; nothing requests it",
	},
	{
		Rights: regexp.MustCompile(`^patch events`),
		Reason: "an event that repeats within minutes becomes a series",
	},
	{
		Rights: regexp.MustCompile(`^get xposts\.x\.agentconnect\.dev$`),
		Reason: "read past the cache after a write that another was first with, which is a matter of chance",
	},
	{
		Rights: regexp.MustCompile(`^get pods in x-operator-system$`),
		Reason: "a takeover, which the crash suite is about",
	},
}

// startOperator runs the operator as config/default does: its components apart, each
// as its own service account under the shipped roles, and the agents' door twice. A
// right that is missing makes some test of the life fail.
func (w *world) startOperator(ctx context.Context) (ended func() error) {
	stopped := make(chan error)
	start := func(config *rest.Config, component app.Component, door string) {
		options := w.options()
		options.AgentBindAddress = door
		if door != w.doors[1] {
			// One replica of each component is scraped.
			options.MetricsBindAddress = w.metrics[component]
		}
		options.MetricsSecure, options.MetricsPerObject = true, true
		options.Components = []app.Component{component}
		options.LeaderElect = component == app.ComponentControllers
		stopped <- app.Run(ctx, config, options)
	}
	go start(w.accounts.Controllers.Config, app.ComponentControllers, "")
	go start(w.accounts.Callback.Config, app.ComponentCallback, "")
	for _, door := range w.doors {
		go start(w.accounts.Agent.Config, app.ComponentAgent, door)
	}
	return func() error { return errors.Join(<-stopped, <-stopped, <-stopped, <-stopped) }
}

// awaitServer waits until a door answers: the consent door opens once the controllers
// have made the keys.
func awaitServer(ctx context.Context, address string) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/healthz", nil)
		if err != nil {
			return false, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil // It does not listen yet.
		}
		return answer.StatusCode == http.StatusOK, answer.Body.Close()
	})
}

// checkRights finds rights that the whole life made no use of. After a part of the
// tests it checks nothing.
func (w *world) checkRights() error {
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
		return nil
	}
	var errs []error
	for _, account := range []*manifests.Account{w.accounts.Controllers, w.accounts.Callback, w.accounts.Agent} {
		unused, err := account.Unused(unusedForAReason)
		if len(unused) > 0 {
			err = fmt.Errorf("granted in config/rbac, but nothing uses it:\n  %s", strings.Join(unused, "\n  "))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
