// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// hands is how much of the bench's own preparation is done at once.
const hands = 16

// Interval is the time between refreshes of connections that say nothing of it.
const Interval = v1alpha1.DefaultRefreshInterval

// Apply makes connections of the main app, numbered from 0, as a GitOps tool does:
// by server-side apply, over all namespaces in turn.
func (w *World) Apply(ctx context.Context, count int, interval time.Duration) error {
	return inParallel(ctx, count, func(ctx context.Context, i int) error {
		return w.apply(ctx, w.Namespaces[i%len(w.Namespaces)], fmt.Sprintf("conn-%06d", i), AppMain, interval)
	})
}

func (w *World) apply(ctx context.Context, namespace, name, app string, interval time.Duration) error {
	object := &v1alpha1.XConnection{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "XConnection"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.XConnectionSpec{AppName: app, RefreshInterval: &metav1.Duration{Duration: interval}},
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	delete(content, "status")
	applied := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: content})
	if err := w.Plane.Client().Apply(ctx, applied, client.FieldOwner("gitops"), client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s/%s: %w", namespace, name, err)
	}
	return nil
}

// Connect gives every connection of the main app an account, as if all people had
// consented now. They are due at a time.
func (w *World) Connect(ctx context.Context, due time.Time) error {
	grants, err := w.grants(ctx)
	if err != nil {
		return err
	}
	return inParallel(ctx, len(grants), func(ctx context.Context, i int) error {
		g := grants[i]
		login, err := w.X.LogIn(ctx, g.Owner.Name, g.Consent.App.ClientID, g.Consent.Scopes)
		if err != nil {
			return err
		}
		now := time.Now().UTC()
		_, err = w.Store.Update(ctx, g, func(g *grant.Grant) {
			g.Candidate = &grant.Candidate{
				Account: grant.Account{UserID: login.Account.ID, Username: login.Account.Username},
				Tokens: grant.Tokens{
					App:          g.Consent.App,
					AccessToken:  secret.New(login.AccessToken),
					RefreshToken: secret.New(login.RefreshToken),
					TokenType:    "bearer",
					Scope:        login.Scope,
					Asked:        g.Consent.Scopes,
					ReceivedAt:   now,
					ExpiresAt:    login.ExpiresAt,
					ConsentedAt:  now,
					RefreshedAt:  lastRefresh(due),
				},
			}
			g.Promote()
			g.Journal.NotBefore = due.UTC()
		})
		return err
	})
}

// Reset lets the first connections be due at a time, and no other for an hour at least.
// No operator may run meanwhile.
func (w *World) Reset(ctx context.Context, due int, at time.Time) error {
	return w.alter(ctx, func(i int, g *grant.Grant) {
		// The journal holds back what the interval alone would let be due earlier.
		switch {
		case i < due:
			g.Tokens.RefreshedAt, g.Journal.NotBefore = lastRefresh(at), at.UTC()
		case time.Until(g.Journal.NotBefore) < time.Hour:
			g.Tokens.RefreshedAt, g.Journal.NotBefore = time.Now().UTC(), time.Now().UTC().Add(4*time.Hour)
		}
	})
}

// lastRefresh is when connections that are due at a time were refreshed last.
func lastRefresh(due time.Time) time.Time { return due.UTC().Add(-2 * Interval) }

// Spread lets all connections be as if they had been made together just now. No
// operator may run meanwhile.
func (w *World) Spread(ctx context.Context) error {
	now := time.Now().UTC().Round(0)
	return w.alter(ctx, func(_ int, g *grant.Grant) {
		g.Tokens.ReceivedAt, g.Tokens.RefreshedAt, g.Journal.NotBefore = now, time.Time{}, time.Time{}
	})
}

// EndAt lets all access tokens end at a time. No operator may run meanwhile.
func (w *World) EndAt(ctx context.Context, at time.Time) error {
	return w.alter(ctx, func(_ int, g *grant.Grant) { g.Tokens.ExpiresAt = at.UTC().Round(0) })
}

// alter changes the grants of the main app's connections, numbered in the order of their
// names.
func (w *World) alter(ctx context.Context, change func(i int, g *grant.Grant)) error {
	grants, err := w.grants(ctx)
	if err != nil {
		return err
	}
	return inParallel(ctx, len(grants), func(ctx context.Context, i int) error {
		_, err := w.Store.Update(ctx, grants[i], func(g *grant.Grant) { change(i, g) })
		return err
	})
}

// SetInterval changes the time between refreshes of every connection of the main app.
func (w *World) SetInterval(ctx context.Context, interval time.Duration) error {
	grants, err := w.grants(ctx)
	if err != nil {
		return err
	}
	return inParallel(ctx, len(grants), func(ctx context.Context, i int) error {
		return w.apply(ctx, grants[i].Owner.Namespace, grants[i].Owner.Name, AppMain, interval)
	})
}

// grants are those of the main app, in the order of their connections' names.
func (w *World) grants(ctx context.Context) ([]*grant.Grant, error) {
	all, err := w.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	mine := slices.DeleteFunc(all, func(g *grant.Grant) bool { return g.Consent.App.XApp != AppMain })
	slices.SortFunc(mine, func(a, b *grant.Grant) int { return cmp.Compare(a.Owner.Name, b.Owner.Name) })
	return mine, nil
}

// Connected counts the connections of the main app that are connected and ready.
func (w *World) Connected(ctx context.Context) (int, error) {
	var list v1alpha1.XConnectionList
	if err := w.Plane.Client().List(ctx, &list); err != nil {
		return 0, err
	}
	count := 0
	for i := range list.Items {
		status := &list.Items[i].Status
		if list.Items[i].Spec.AppName == AppMain && status.Connected && status.TokenSecretRef != nil {
			count++
		}
	}
	return count, nil
}

func inParallel(ctx context.Context, count int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(hands)
	for i := range count {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}
