// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// issuer is the shared app whose tokens keep a connection that names no XApp.
type issuer struct{ xapp, clientID string }

// issuerOf gives the app that issued a connection's tokens, as long as these live and
// spec names no app; zero otherwise.
func issuerOf(s *scope) issuer {
	spec := s.conn.Spec
	if spec.AuthMethod == v1alpha1.AuthOwn || spec.AppName != "" || !alive(s) || s.grant.Tokens.App.XApp == "" {
		return issuer{}
	}
	return issuer{xapp: s.grant.Tokens.App.XApp, clientID: s.grant.Tokens.App.ClientID}
}

// followIssuer reads the app anew if an action changed which one a connection stays with:
// a person's consent was settled, or X declared the tokens dead.
func (r *XConnectionReconciler) followIssuer(ctx context.Context, s *scope) error {
	if issuerOf(s) == s.issuer {
		return nil
	}
	return r.readApp(ctx, s)
}

// chooseXApp gives the XApp that a connection uses: the one that spec.appName names; else
// the one that the account consented to, whose tokens would end with any other, whichever
// is the default one by now; else the default one.
func (r *XConnectionReconciler) chooseXApp(ctx context.Context, s *scope) (*v1alpha1.XApp, *appProblem, error) {
	if s.issuer != (issuer{}) {
		if xapp, err := r.issuingXApp(ctx, s.issuer); xapp != nil || err != nil {
			return xapp, nil, err
		}
	}
	return findXApp(ctx, r.Client, s.conn.Spec.AppName)
}

// issuingXApp gives the XApp that issued tokens, or if it is gone, or another app's by now,
// one with the same client id; nil if there is none. An XApp whose credentials are missing
// may get them back.
func (r *XConnectionReconciler) issuingXApp(ctx context.Context, of issuer) (*v1alpha1.XApp, error) {
	xapp := &v1alpha1.XApp{}
	switch err := r.Get(ctx, types.NamespacedName{Name: of.xapp}, xapp); {
	case apierrors.IsNotFound(err):
	case err != nil:
		return nil, fmt.Errorf("reading the XApp %q: %w", of.xapp, err)
	default:
		clientID, _, problem, err := xappCredentials(ctx, r.Client, r.Store.Namespace, xapp)
		if err != nil || problem != nil || clientID == of.clientID {
			return xapp, err
		}
	}
	var list v1alpha1.XAppList
	if err := r.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing XApps: %w", err)
	}
	for i := range list.Items {
		clientID, _, _, err := xappCredentials(ctx, r.Client, r.Store.Namespace, &list.Items[i])
		if err != nil || clientID == of.clientID {
			return &list.Items[i], err
		}
	}
	return nil, nil
}

// withWayOut adds to a problem with an XApp that a connection stays with, though another
// is the default one, that it need not stay.
func withWayOut(s *scope, xapp *v1alpha1.XApp, problem *appProblem) *appProblem {
	if problem == nil || s.issuer == (issuer{}) || xapp.IsDefault() {
		return problem
	}
	return &appProblem{stalled: problem.stalled, message: problem.message +
		". The account consented to this XApp, which is not the default one any more: to use another, name it in spec.appName, and consent again"}
}

// usedXApp is the name of the XApp that a connection uses, as far as it is known; empty
// for an Own app, and as long as it is the default one that is to be used.
func usedXApp(conn *v1alpha1.XConnection) string {
	switch {
	case conn.Spec.AuthMethod == v1alpha1.AuthOwn:
		return ""
	case conn.Spec.AppName != "":
		return conn.Spec.AppName
	default:
		return conn.Status.AppName
	}
}

// appsOf is the index function of indexApp.
func appsOf(conn *v1alpha1.XConnection) []string {
	if conn.Spec.AuthMethod == v1alpha1.AuthOwn {
		return nil
	}
	apps := []string{usedXApp(conn)}
	if conn.Spec.AppName == "" && apps[0] != "" {
		apps = append(apps, "")
	}
	return apps
}
