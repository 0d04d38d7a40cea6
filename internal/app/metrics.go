// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/agentconnect/x-operator/controllers"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/version"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/webhook/oauth"
)

// registerOnce: a test process runs the operator several times.
var registerOnce sync.Once

func (o *operator) registerMetrics() {
	registerOnce.Do(func() {
		metrics.Register(ctrlmetrics.Registry)
		var components []string
		for _, component := range o.Components {
			components = append(components, string(component))
		}
		build := version.Get()
		metrics.Build(ctrlmetrics.Registry, build.Version, build.Commit, build.Go, strings.Join(components, ","))
	})
}

// checkMetricsCertificate finds out early what the metrics server would pass over: it
// makes a certificate of its own if there is none.
func (o *Options) checkMetricsCertificate() error {
	if o.MetricsTLSCertDir == "" {
		return nil
	}
	_, err := tls.LoadX509KeyPair(
		filepath.Join(o.MetricsTLSCertDir, corev1.TLSCertKey), filepath.Join(o.MetricsTLSCertDir, corev1.TLSPrivateKeyKey))
	if err != nil {
		return fmt.Errorf("--metrics-tls-cert-dir: %w", err)
	}
	return nil
}

// addFleet lets scrapes count the objects that this process reconciles, once it does,
// until it ends.
func (o *operator) addFleet(ctx context.Context, _ *rest.Config) error {
	if !o.Runs(ComponentControllers) {
		return nil
	}
	fleet := &controllers.Fleet{
		Reader:    o.mgr.GetClient(),
		Gate:      o.gate,
		Pacer:     o.pacer,
		Namespace: o.GrantNamespace,
		PerObject: o.MetricsPerObject,
		Lease:     o.leaseName(),
		Elected:   o.mgr.Elected(),
		Now:       o.Now,
		Log:       o.mgr.GetLogger().WithName("metrics"),
	}
	context.AfterFunc(ctx, metrics.Watch(fleet.Count))
	return nil
}

// requested is an xapi.Observer. Limits are an app's and need its name: see Fleet.
func requested(endpoint string, status int, took time.Duration, _ xapi.Limits) {
	metrics.Requested(endpoint, status, took)
}

// consentPages counts what the consent door answers.
type consentPages struct{}

var _ oauth.Observer = consentPages{}

// Answered implements oauth.Observer.
func (consentPages) Answered(step oauth.Step, result string) {
	metrics.ConsentPages.WithLabelValues(string(step), result).Inc()
}
