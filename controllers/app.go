// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// hearsayHeeded is how long the end of a consent says something of credentials: X may have
// said something else since.
const hearsayHeeded = time.Minute

// app is the X app that a connection is to use, or the problem with it.
type app struct {
	grant.App
	creds   xapi.Credentials
	problem *appProblem
	// xapp is the shared app, if its terms allow the connection; nil for an Own one.
	xapp *v1alpha1.XApp
	// name is that of the XApp that was chosen, though there may be a problem with it.
	name string
	// hold is how the app stands at X, as far as the gate knows.
	hold redeem.Hold
}

// appProblem is why there is no app to use: always InvalidConfig.
type appProblem struct {
	message string
	// stalled is true if nothing but a change by a person helps; what is merely
	// missing may be on its way.
	stalled bool
}

func missing(format string, args ...any) *appProblem {
	return &appProblem{message: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *appProblem {
	return &appProblem{message: fmt.Sprintf(format, args...), stalled: true}
}

func (r *XConnectionReconciler) readApp(ctx context.Context, s *scope) error {
	resolve := r.sharedApp
	if s.conn.Spec.AuthMethod == v1alpha1.AuthOwn {
		resolve = r.ownApp
	}
	s.issuer = issuerOf(s)
	resolved, err := resolve(ctx, s)
	if err != nil {
		return err
	}
	s.app = resolved
	if s.app.problem == nil {
		r.hearConsent(s)
		s.app.hold = r.Gate.Look(s.app.creds)
	}
	return nil
}

// hearConsent takes up, once, whether X took the app's credentials at a consent. The
// process that finishes consents is mostly another one, and without an account that is
// connected no refresh would find out.
func (r *XConnectionReconciler) hearConsent(s *scope) {
	if s.grant == nil || s.grant.Consent.Outcome == nil || s.grant.Consent.App.ClientID != s.app.ClientID {
		return
	}
	last := s.grant.Consent.Outcome
	news := s.now.Sub(last.At) < hearsayHeeded && !equality.Semantic.DeepEqual(s.before.Status.LastConsent, lastConsent(last))
	refused := last.RefusedSecret != "" && last.RefusedSecret == s.app.creds.ClientSecret.Hash()
	// When the account is known says nothing of when the code was exchanged.
	taken := last.Code == redeem.CodeConnected && s.grant.Tokens != nil && s.now.Sub(s.grant.Tokens.ConsentedAt) < hearsayHeeded
	if news && (refused || taken) {
		r.Redeemer.Hear(s.app.creds, refused)
	}
}

// ownApp reads the namespace's own app. Only a Secret that carries the label is
// read: naming a Secret must not make us send it anywhere.
func (r *XConnectionReconciler) ownApp(ctx context.Context, s *scope) (app, error) {
	conn := s.conn
	if conn.Spec.AppSecretRef == nil {
		return app{problem: forbidden("spec.appSecretRef is missing: with authMethod Own it names the Secret with your X app's credentials")}, nil
	}
	key := types.NamespacedName{Namespace: conn.Namespace, Name: conn.Spec.AppSecretRef.Name}
	stored := &corev1.Secret{}
	err := r.AppSecrets.Get(ctx, key, stored)
	if apierrors.IsNotFound(err) {
		return r.whyNoAppSecret(ctx, key)
	}
	if err != nil {
		return app{}, fmt.Errorf("reading the app Secret: %w", err)
	}
	clientID, clientSecret, err := grant.ParseCredentials(stored.Data)
	if err != nil {
		return app{problem: missing("the Secret %q: %s", key.Name, err)}, nil
	}
	own := grant.App{ClientID: clientID, ClientSecret: clientSecret}
	return app{App: own, creds: redeem.CredentialsOf(own)}, nil
}

// whyNoAppSecret tells a Secret that is missing from one without the label, by its
// metadata alone.
func (r *XConnectionReconciler) whyNoAppSecret(ctx context.Context, key types.NamespacedName) (app, error) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	err := r.Live.Get(ctx, key, meta)
	switch {
	case apierrors.IsNotFound(err):
		return app{problem: missing("the Secret %q does not exist: make it with the keys clientId and clientSecret and the label %s=%s",
			key.Name, v1alpha1.LabelApp, v1alpha1.LabelAppValue)}, nil
	case err != nil:
		return app{}, fmt.Errorf("reading the app Secret's metadata: %w", err)
	default:
		return app{problem: missing("the Secret %q lacks the label %s=%s: only a Secret that carries it is used as an X app",
			key.Name, v1alpha1.LabelApp, v1alpha1.LabelAppValue)}, nil
	}
}

// sharedApp finds the XApp, and checks that it lets this connection use it.
func (r *XConnectionReconciler) sharedApp(ctx context.Context, s *scope) (app, error) {
	xapp, problem, err := r.chooseXApp(ctx, s)
	if err != nil || problem != nil {
		return app{problem: problem}, err
	}
	namespace := &corev1.Namespace{}
	if err := r.Get(ctx, types.NamespacedName{Name: s.conn.Namespace}, namespace); err != nil {
		return app{}, fmt.Errorf("reading the namespace: %w", err)
	}
	if problem := admits(xapp, s.conn, namespace); problem != nil {
		return app{name: xapp.Name, problem: withWayOut(s, xapp, problem)}, nil
	}
	clientID, creds, problem, err := xappCredentials(ctx, r.Client, r.Store.Namespace, xapp)
	if err != nil || problem != nil {
		return app{name: xapp.Name, problem: withWayOut(s, xapp, problem)}, err
	}
	return app{
		App:   grant.App{ClientID: clientID, XApp: xapp.Name, SecretName: xapp.Spec.CredentialsSecretRef.Name},
		creds: creds,
		xapp:  xapp,
		name:  xapp.Name,
	}, nil
}

// findXApp gives the named XApp, or the one that is marked as the default.
func findXApp(ctx context.Context, reader client.Reader, name string) (*v1alpha1.XApp, *appProblem, error) {
	if name != "" {
		xapp := &v1alpha1.XApp{}
		err := reader.Get(ctx, types.NamespacedName{Name: name}, xapp)
		switch {
		case apierrors.IsNotFound(err):
			return nil, missing("the XApp %q does not exist: ask your platform team, or correct spec.appName", name), nil
		case err != nil:
			return nil, nil, fmt.Errorf("reading the XApp %q: %w", name, err)
		default:
			return xapp, nil, nil
		}
	}
	var list v1alpha1.XAppList
	if err := reader.List(ctx, &list); err != nil {
		return nil, nil, fmt.Errorf("listing XApps: %w", err)
	}
	defaults := slices.DeleteFunc(list.Items, func(xapp v1alpha1.XApp) bool { return !xapp.IsDefault() })
	switch len(defaults) {
	case 0:
		return nil, missing("no XApp is marked as the default one: name one in spec.appName, or ask your platform team"), nil
	case 1:
		return &defaults[0], nil, nil
	default:
		return nil, forbidden("several XApps are marked as the default one (%s): name one in spec.appName", names(defaults)), nil
	}
}

// admits checks the XApp's terms: the namespaces that may use it, the scopes that
// may be asked for, and whether the account must be named.
func admits(xapp *v1alpha1.XApp, conn *v1alpha1.XConnection, namespace *corev1.Namespace) *appProblem {
	allowed, err := xapp.AllowsNamespace(namespace.Labels)
	switch {
	case err != nil:
		return forbidden("the XApp %q has an allowedNamespaces.selector that can't be read", xapp.Name)
	case !allowed:
		return forbidden("the XApp %q does not allow the namespace %q: its administrator must allow it", xapp.Name, conn.Namespace)
	}
	if refused := xapp.RefusedScopes(conn.EffectiveScopes()); len(refused) > 0 {
		return forbidden("the XApp %q does not allow the scopes %s: remove them from spec.scopes, or ask its administrator",
			xapp.Name, strings.Join(refused, ", "))
	}
	if xapp.Spec.RequireUsername && conn.Spec.Username == "" {
		return forbidden("the XApp %q insists on spec.username: name the account that is to be connected", xapp.Name)
	}
	return nil
}

// xappCredentials reads an XApp's Secret in the grants' namespace.
func xappCredentials(ctx context.Context, reader client.Reader, namespace string, xapp *v1alpha1.XApp) (string, xapi.Credentials, *appProblem, error) {
	stored := &corev1.Secret{}
	key := types.NamespacedName{Namespace: namespace, Name: xapp.Spec.CredentialsSecretRef.Name}
	err := reader.Get(ctx, key, stored)
	if apierrors.IsNotFound(err) {
		return "", xapi.Credentials{}, missing("the XApp %q has no credentials: its administrator must make the Secret %q in the namespace %q, with the keys %s and %s",
			xapp.Name, key.Name, key.Namespace, v1alpha1.AppKeyClientID, v1alpha1.AppKeyClientSecret), nil
	}
	if err != nil {
		return "", xapi.Credentials{}, nil, fmt.Errorf("reading the Secret of the XApp %q: %w", xapp.Name, err)
	}
	clientID, clientSecret, err := grant.ParseCredentials(stored.Data)
	if err != nil {
		return "", xapi.Credentials{}, missing("the XApp %q has no usable credentials: in its Secret %s", xapp.Name, err), nil
	}
	return clientID, xapi.Credentials{ClientID: clientID, ClientSecret: clientSecret}, nil, nil
}

func names(xapps []v1alpha1.XApp) string {
	var list []string
	for _, xapp := range xapps {
		list = append(list, xapp.Name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
