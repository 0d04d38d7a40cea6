// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/webhook"
	"github.com/agentconnect/x-operator/webhook/agent"
)

func (o *operator) addAgent(ctx context.Context, _ *rest.Config) error {
	if !o.Runs(ComponentAgent) {
		return nil
	}
	// Asked for now, so that the process is not ready before these are filled.
	for _, object := range []client.Object{&corev1.Secret{}, &v1alpha1.XConnection{}, &v1alpha1.XPost{}} {
		if _, err := o.mgr.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("watching for the agents' door: %w", err)
		}
	}
	log := o.mgr.GetLogger().WithName("agent")
	server := &webhook.Server{Name: "agent", BindAddress: o.AgentBindAddress, Log: log, Handler: agent.New(agent.Options{
		Cached:     o.mgr.GetClient(),
		Live:       o.live,
		Grants:     o.store,
		X:          o.x,
		Pacer:      o.pacer,
		Audience:   o.AgentAudience,
		Namespaces: o.Namespaces,
		Called:     func(what, result string) { metrics.AgentCalls.WithLabelValues(what, result).Inc() },
		Now:        o.Now,
		Log:        log,
	})}
	if o.AgentTLSCertDir != "" {
		if err := o.certify(server); err != nil {
			return err
		}
	}
	if err := o.mgr.Add(server); err != nil {
		return fmt.Errorf("adding the agents' door: %w", err)
	}
	return nil
}

// certify makes the server serve TLS with the files of a mounted Secret, which change
// when the certificate is renewed.
func (o *operator) certify(server *webhook.Server) error {
	certificate := filepath.Join(o.AgentTLSCertDir, corev1.TLSCertKey)
	key := filepath.Join(o.AgentTLSCertDir, corev1.TLSPrivateKeyKey)
	watcher, err := certwatcher.New(certificate, key)
	if err != nil {
		return fmt.Errorf("reading the certificate of the agents' door: %w", err)
	}
	if err := o.mgr.Add(watcher); err != nil {
		return fmt.Errorf("watching the certificate of the agents' door: %w", err)
	}
	server.Certificate = watcher.GetCertificate
	return nil
}
