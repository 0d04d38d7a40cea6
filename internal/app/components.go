// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"

	"github.com/agentconnect/x-operator/controllers"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
	"github.com/agentconnect/x-operator/webhook"
	"github.com/agentconnect/x-operator/webhook/oauth"
)

func (o *operator) addControllers(ctx context.Context, config *rest.Config) error {
	if !o.Runs(ComponentControllers) {
		return nil
	}
	apps, err := o.appSecrets(config)
	if err != nil {
		return err
	}
	recorder := o.mgr.GetEventRecorder("x-operator")
	connections := &controllers.XConnectionReconciler{
		Client:     o.mgr.GetClient(),
		Live:       o.live,
		AppSecrets: apps,
		Store:      o.store,
		Redeemer:   o.redeemer,
		Gate:       o.gate,
		Address:    o.address,
		Keyring:    o.keyring,
		Rekeyed:    o.rekeyed,
		Late:       o.newLate(),
		Recorder:   recorder,
		Now:        o.Now,
		Namespaces: o.Namespaces,
		Workers:    o.MaxConcurrentReconciles,
	}
	xapps := &controllers.XAppReconciler{
		Shard:     o.Selector != "" || len(o.Namespaces) > 0,
		Client:    o.mgr.GetClient(),
		Gate:      o.gate,
		Pacer:     o.pacer,
		Address:   o.address,
		Namespace: o.GrantNamespace,
		Recorder:  recorder,
		Now:       o.Now,
		Changed:   o.changed,
	}
	posts := &controllers.XPostReconciler{
		Client:   o.mgr.GetClient(),
		Live:     o.live,
		Store:    o.store,
		X:        o.x,
		Keeper:   o.keeper,
		Pacer:    o.pacer,
		Self:     o.redeemer.Self,
		Recorder: recorder,
		Now:      o.Now,
		Late:     o.newLate(),
		Workers:  o.MaxConcurrentReconciles,
	}
	return errors.Join(
		connections.SetupWithManager(ctx, o.mgr, apps),
		xapps.SetupWithManager(o.mgr),
		posts.SetupWithManager(ctx, o.mgr),
		o.sweep(recorder).SetupWithManager(o.mgr),
	)
}

func (o *operator) sweep(recorder events.EventRecorder) *controllers.SweepReconciler {
	return &controllers.SweepReconciler{
		Shard:      o.Selector != "",
		Client:     o.mgr.GetClient(),
		Live:       o.live,
		Store:      o.store,
		Redeemer:   o.redeemer,
		Recorder:   recorder,
		Namespaces: o.Namespaces,
		NotRevoked: metrics.NotRevoked.Inc,
		Late:       o.newLate(),
		Now:        o.Now,
	}
}

func (o *operator) addCallback(context.Context, *rest.Config) error {
	if !o.Runs(ComponentCallback) {
		return nil
	}
	log := o.mgr.GetLogger().WithName("callback")
	door, err := oauth.New(oauth.Options{
		Address:           o.address,
		AuthorizeEndpoint: o.Endpoints.AuthorizeURL,
		AuthorizeURL:      o.x.AuthorizeURL,
		Namespaces:        o.Namespaces,
		Cached:            o.mgr.GetClient(),
		Live:              o.live,
		Grants:            o.store,
		Consenter:         o.redeemer,
		CredentialsFor:    o.credentialsFor,
		Keyring:           o.keyring,
		Observer:          consentPages{},
		Log:               log,
	})
	if err != nil {
		return err
	}
	server := &webhook.Server{Name: "callback", BindAddress: o.CallbackBindAddress, Handler: door, Log: log}
	if err := o.mgr.Add(server); err != nil {
		return fmt.Errorf("adding the callback server: %w", err)
	}
	return nil
}

// credentialsFor reads an app's credentials live: a code is exchanged once, and
// the Secret may have just been corrected.
func (o *operator) credentialsFor(ctx context.Context, app grant.App) (xapi.Credentials, error) {
	app, err := grant.Credentials(ctx, o.live, o.GrantNamespace, app)
	return redeem.CredentialsOf(app), err
}
