// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
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
	for what, text := range maps.Clone(shown) {
		shown[what+", in base64,"] = decoded(text)
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

// base64Text is what may be a value of a Secret, as JSON has it.
var base64Text = regexp.MustCompile(`[A-Za-z0-9+/]{8,}={0,2}`)

// decoded gives what a text holds in base64.
func decoded(text string) string {
	var all strings.Builder
	for _, piece := range base64Text.FindAllString(text, -1) {
		if value, err := base64.StdEncoding.DecodeString(piece); err == nil {
			all.Write(value)
			all.WriteByte('\n')
		}
	}
	return all.String()
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
