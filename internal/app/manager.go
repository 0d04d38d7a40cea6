// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
)

func (o *operator) makeManager(ctx context.Context, config *rest.Config) error {
	options := ctrl.Options{
		Scheme:                        newScheme(),
		Logger:                        discreet(ctrl.Log),
		Cache:                         o.cacheOptions(),
		MapperProvider:                newMapper,
		HealthProbeBindAddress:        o.HealthProbeBindAddress,
		Metrics:                       o.metricsOptions(),
		LeaderElection:                o.LeaderElect && o.Runs(ComponentControllers),
		LeaderElectionID:              o.leaseName(),
		LeaderElectionNamespace:       o.GrantNamespace,
		LeaderElectionReleaseOnCancel: true,
	}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	o.mgr = mgr
	// Whoever takes consents or revokes looks at what others have under way.
	if err := mgr.GetFieldIndexer().IndexField(ctx, &corev1.Secret{}, grant.IndexUnderWay, grant.UnderWay); err != nil {
		return fmt.Errorf("indexing grants by what is under way: %w", err)
	}
	return nil
}

// cacheOptions keep what is cached small: of the grants' namespace all Secrets,
// elsewhere token Secrets alone, nothing's managed fields, and of what tenants write
// what is read.
func (o *operator) cacheOptions() cache.Options {
	secrets := map[string]cache.Config{o.GrantNamespace: {LabelSelector: labels.Everything(), Transform: compact()}}
	watched := o.watchedNamespaces()
	if o.Runs(ComponentControllers) {
		tokens := labels.SelectorFromSet(labels.Set{v1alpha1.LabelToken: v1alpha1.LabelTokenValue})
		for namespace := range watched {
			if namespace != o.GrantNamespace {
				secrets[namespace] = cache.Config{LabelSelector: tokens, Transform: trimmed(trimToken, compact())}
			}
		}
	}
	return cache.Options{
		DefaultTransform: trimmed(func(any) {}, cache.TransformStripManagedFields()),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:        {Namespaces: secrets},
			&v1alpha1.XApp{}:        {Label: o.xappSelector},
			&v1alpha1.XConnection{}: {Namespaces: watched, Label: o.selector, Transform: trimmed(trimAuthored, compact())},
			&v1alpha1.XPost{}:       {Namespaces: watched, Transform: trimmed(trimAuthored, compact())},
		},
		DefaultNamespaces: watched,
	}
}

func (o *operator) watchedNamespaces() map[string]cache.Config {
	if len(o.Namespaces) == 0 {
		return map[string]cache.Config{cache.AllNamespaces: {}}
	}
	watched := map[string]cache.Config{}
	for _, namespace := range o.Namespaces {
		watched[namespace] = cache.Config{}
	}
	return watched
}

// appSecrets is a cache of its own for the labelled Secrets of Own apps: a cache
// has one selector for each kind and namespace.
func (o *operator) appSecrets(config *rest.Config) (cache.Cache, error) {
	apps, err := cache.New(config, cache.Options{
		Scheme:           o.mgr.GetScheme(),
		Mapper:           o.mgr.GetRESTMapper(),
		DefaultTransform: trimmed(trimApp, cache.TransformStripManagedFields()),
		ByObject: map[client.Object]cache.ByObject{&corev1.Secret{}: {
			Namespaces: o.watchedNamespaces(),
			Label:      labels.SelectorFromSet(labels.Set{v1alpha1.LabelApp: v1alpha1.LabelAppValue}),
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("making the cache of app Secrets: %w", err)
	}
	if err := o.mgr.Add(withCaches{apps}); err != nil {
		return nil, fmt.Errorf("adding the cache of app Secrets: %w", err)
	}
	return apps, nil
}

// withCaches makes the manager start a cache together with its own, on every replica.
// A cache by itself waits for the leadership, and a replica without it would end
// once its controllers, which warm up, had waited two minutes for this cache.
type withCaches struct{ cache.Cache }

// GetCache is what the manager tells the owner of a cache by.
func (c withCaches) GetCache() cache.Cache { return c.Cache }

func (o *operator) metricsOptions() metricsserver.Options {
	options := metricsserver.Options{BindAddress: o.MetricsBindAddress}
	if o.MetricsSecure {
		options.SecureServing = true
		options.FilterProvider = filters.WithAuthenticationAndAuthorization
		options.CertDir = o.MetricsTLSCertDir
	}
	return options
}

// leaseName is the lease of a shard: operators that share the work by namespaces or
// by a selector each elect a leader of their own.
func (o *operator) leaseName() string {
	const name = "x-operator"
	if len(o.Namespaces) == 0 && o.Selector == "" {
		return name
	}
	namespaces := slices.Sorted(slices.Values(slices.Concat(o.Namespaces, o.closed)))
	hash := fnv.New32a()
	_, _ = fmt.Fprintf(hash, "%s|%s", strings.Join(namespaces, ","), o.selector)
	return fmt.Sprintf("%s-%08x", name, hash.Sum32())
}

func (o *operator) addHealth(context.Context, *rest.Config) error {
	if err := o.mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return o.mgr.AddReadyzCheck("caches", func(request *http.Request) error {
		if !o.mgr.GetCache().WaitForCacheSync(request.Context()) {
			return errors.New("the caches are not filled yet")
		}
		return nil
	})
}
