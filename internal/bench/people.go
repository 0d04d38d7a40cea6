// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xsim"
)

func personOf(scenario string, i int) string { return fmt.Sprintf("person-%s-%04d", scenario, i) }

// invitePeople makes connections of the other app that wait for consent.
func (s *suite) invitePeople(ctx context.Context, w *World, scenario string) error {
	return s.during(ctx, w, nil, func(o *Operator) error {
		if _, err := o.Rest(ctx, s.count(w)); err != nil {
			return err
		}
		before, err := o.load(ctx)
		if err != nil {
			return err
		}
		err = inParallel(ctx, s.Consents, func(ctx context.Context, i int) error {
			return w.apply(ctx, w.Namespaces[i%len(w.Namespaces)], personOf(scenario, i), AppOther, Interval)
		})
		if err != nil {
			return err
		}
		_, err = o.Rest(ctx, before.passes+s.Consents)
		return err
	})
}

// consenting lets people consent one after another, with a pause, until all have or
// until they are stopped, and gives how long each waited for the token.
func (s *suite) consenting(ctx context.Context, w *World, scenario string, every time.Duration) (stop func() ([]time.Duration, error)) {
	stopping, done := make(chan struct{}), make(chan struct{})
	var latencies []time.Duration
	var failure error
	go func() {
		defer close(done)
		for i := range s.Consents {
			select {
			case <-stopping:
				return
			default:
			}
			latency, err := w.consent(ctx, w.Namespaces[i%len(w.Namespaces)], personOf(scenario, i))
			if err != nil {
				failure = err
				return
			}
			latencies = append(latencies, latency)
			if pause(ctx, every) != nil {
				return
			}
		}
	}()
	return func() ([]time.Duration, error) {
		close(stopping)
		<-done
		return latencies, failure
	}
}

// consent walks a person's whole way through the pages, and waits for the token
// Secret. The time is from the first click until the Secret is there.
func (w *World) consent(ctx context.Context, namespace, name string) (time.Duration, error) {
	conn := &v1alpha1.XConnection{}
	key := types.NamespacedName{Namespace: namespace, Name: name}
	for conn.Status.AuthorizeURL == "" {
		if err := w.Plane.Client().Get(ctx, key, conn); err != nil {
			return 0, err
		}
		if err := pause(ctx, poll/5); err != nil {
			return 0, err
		}
	}
	if _, err := w.X.RegisterAccount(ctx, account(name)); err != nil {
		return 0, err
	}
	if err := w.awaitDoor(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	page, err := xsim.Consent(ctx, nil, conn.Status.AuthorizeURL, xsim.Choice{Account: account(name)})
	if err != nil {
		return 0, fmt.Errorf("consenting for %s: %w", name, err)
	}
	if page.Status != 0 && page.Status >= 400 {
		return 0, fmt.Errorf("consenting for %s: HTTP %d", name, page.Status)
	}
	key.Name = conn.TokenSecretName()
	for w.Plane.Client().Get(ctx, key, &corev1.Secret{}) != nil {
		if err := pause(ctx, poll/5); err != nil {
			return 0, fmt.Errorf("waiting for the token of %s: %w", name, err)
		}
	}
	return time.Since(began), nil
}

// account is a person's handle.
func account(name string) string { return strings.ReplaceAll(name, "-", "_") }

// awaitDoor waits until the consent pages are served.
func (w *World) awaitDoor(ctx context.Context) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.callback+"/healthz", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		if err := pause(ctx, poll); err != nil {
			return fmt.Errorf("waiting for the consent pages: %w", err)
		}
	}
}

func consentFigure(name string, latencies []time.Duration) figure {
	slices.Sort(latencies)
	f := figure{Name: name, Target: atMost(1), Note: fmt.Sprintf("%d consents, from the first click on", len(latencies))}
	if len(latencies) == 0 {
		f.Target = nil
		return f
	}
	f.Value = latencies[min(len(latencies)*99/100, len(latencies)-1)].Seconds()
	f.Note += fmt.Sprintf("; median %.2f", latencies[len(latencies)/2].Seconds())
	return f
}
