// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/secret"
)

// longestCredential bounds an app's credentials, in bytes: X's have some fifty. Grants
// keep copies of them, and a tenant must not be able to fill a grant until a token finds
// no room in it.
const longestCredential = 512

// ParseCredentials reads an app's credentials from a Secret's data. White space
// around a value is dropped: a trailing newline gets the same 401 as a wrong
// secret. The error names the key that is missing, empty or too long, never a value.
func ParseCredentials(data map[string][]byte) (clientID string, clientSecret secret.Token, err error) {
	clientID = strings.TrimSpace(string(data[v1alpha1.AppKeyClientID]))
	value := strings.TrimSpace(string(data[v1alpha1.AppKeyClientSecret]))
	switch {
	case clientID == "":
		return "", secret.Token{}, fmt.Errorf("the key %q is missing or empty", v1alpha1.AppKeyClientID)
	case value == "":
		return "", secret.Token{}, fmt.Errorf("the key %q is missing or empty", v1alpha1.AppKeyClientSecret)
	case len(clientID) > longestCredential:
		return "", secret.Token{}, fmt.Errorf("the key %q is longer than %d bytes: X's client ids are not", v1alpha1.AppKeyClientID, longestCredential)
	case len(value) > longestCredential:
		return "", secret.Token{}, fmt.Errorf("the key %q is longer than %d bytes: X's client secrets are not", v1alpha1.AppKeyClientSecret, longestCredential)
	}
	return clientID, secret.New(value), nil
}

// ErrNoCredentials means that the app's owner must act: its Secret is missing or
// does not hold what is needed.
var ErrNoCredentials = errors.New("the X app's credentials can't be used")

// Credentials gives those of the app that tokens were, or are to be, issued under:
// the escrowed ones of an Own app, those of the Secret in the grants' namespace of
// a shared one. Errors: ErrNoCredentials, or that the Secret can't be read.
func Credentials(ctx context.Context, reader client.Reader, namespace string, app App) (App, error) {
	if app.SecretName == "" {
		return app, nil
	}
	stored := &corev1.Secret{}
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: app.SecretName}, stored)
	if apierrors.IsNotFound(err) {
		return App{}, fmt.Errorf("%w: the Secret of the XApp %q does not exist", ErrNoCredentials, app.XApp)
	}
	if err != nil {
		return App{}, fmt.Errorf("reading the Secret of the XApp %q: %w", app.XApp, err)
	}
	clientID, clientSecret, err := ParseCredentials(stored.Data)
	switch {
	case err != nil:
		return App{}, fmt.Errorf("%w: in the Secret of the XApp %q %w", ErrNoCredentials, app.XApp, err)
	case clientID != app.ClientID:
		return App{}, fmt.Errorf("%w: the Secret of the XApp %q holds another client id now", ErrNoCredentials, app.XApp)
	}
	app.ClientSecret = clientSecret
	return app, nil
}
