// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// checkLeaks runs after all tests: nothing secret that X or the operator ever
// issued may stand in logs at any verbosity, in events, in objects that tenants
// read, or in pages. The one place for an access token is the token Secret, and
// that one must hold nothing else.
func (w *world) checkLeaks(ctx context.Context) error {
	shown := map[string]string{"the logs": w.logs.String(), "a page": w.pages.String(), "a metric": w.scrapes.String()}
	lists := map[string]client.ObjectList{
		"an event":       &eventsv1.EventList{},
		"an XConnection": &v1alpha1.XConnectionList{},
		"an XApp":        &v1alpha1.XAppList{},
		"an XPost":       &v1alpha1.XPostList{},
		"a ConfigMap":    &corev1.ConfigMapList{},
	}
	for what, list := range lists {
		if err := w.plane.Client().List(ctx, list); err != nil {
			return err
		}
		encoded, err := json.Marshal(list)
		if err != nil {
			return err
		}
		shown[what] = string(encoded)
	}
	if len(shown["the logs"]) == 0 || len(shown["a page"]) == 0 {
		return errors.New("no logs or no pages were collected: the check would prove nothing")
	}
	secrets := w.x.Secrets()
	var found []error
	for _, secret := range secrets {
		if len(secret.Value) < 8 {
			continue
		}
		for what, text := range shown {
			if strings.Contains(text, secret.Value) || strings.Contains(text, url.QueryEscape(secret.Value)) {
				found = append(found, fmt.Errorf("%s shows a %s of X", what, secret.Kind))
			}
		}
	}
	if len(secrets) == 0 {
		found = append(found, errors.New("X knows of no secret: the check would prove nothing"))
	}
	return errors.Join(append(found, w.checkTokenSecrets(ctx)...)...)
}

// checkTokenSecrets looks for anything in tenants' Secrets that is not theirs to
// have: a refresh token anywhere, another app's client secret.
func (w *world) checkTokenSecrets(ctx context.Context) []error {
	var list corev1.SecretList
	if err := w.plane.Client().List(ctx, &list); err != nil {
		return []error{err}
	}
	allowed := map[string]bool{"access": true, "client secret": true}
	var found []error
	for i := range list.Items {
		stored := &list.Items[i]
		if stored.Namespace == operatorNamespace {
			continue
		}
		text := fmt.Sprint(stored.Annotations, stored.Labels)
		for _, value := range stored.Data {
			text += " " + string(value)
		}
		for _, secret := range w.x.Secrets() {
			if !allowed[secret.Kind] && len(secret.Value) >= 8 && strings.Contains(text, secret.Value) {
				found = append(found, fmt.Errorf("the Secret %s/%s holds a %s of X", stored.Namespace, stored.Name, secret.Kind))
			}
		}
	}
	return found
}
