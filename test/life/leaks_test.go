// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/app"
	"github.com/agentconnect/x-operator/internal/xsim"
)

// checkLeaks runs after all tests: nothing secret that X or the operator ever
// issued, and no key of the operator, may stand in logs at any verbosity, in events, in
// objects that tenants read, or in pages. The one place for an access token is the
// token Secret of its account, and that one must hold nothing else.
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
	ofX := w.x.Secrets()
	keys, err := w.sealingKeys(ctx)
	if err != nil {
		return err
	}
	if len(ofX) == 0 || len(keys) == 0 {
		return errors.New("X knows of no secret, or there are no keys: the check would prove nothing")
	}
	var found []error
	for what, text := range shown {
		for _, secret := range slices.Concat(ofX, keys) {
			if holds(text, secret) {
				found = append(found, fmt.Errorf("%s shows a %s", what, secret.Kind))
			}
		}
	}
	return errors.Join(append(found, w.checkSecrets(ctx, ofX, keys)...)...)
}

// holds tells whether a text holds a secret, as it is or as part of an address. One that
// is short is a word that may stand anywhere.
func holds(text string, secret xsim.Secret) bool {
	return len(secret.Value) >= 8 &&
		(strings.Contains(text, secret.Value) || strings.Contains(text, url.QueryEscape(secret.Value)))
}

// sealingKeys are the keys of links, states and verifiers, in each form that bytes are
// written in.
func (w *world) sealingKeys(ctx context.Context) ([]xsim.Secret, error) {
	stored := &corev1.Secret{}
	if err := w.plane.Client().Get(ctx, types.NamespacedName{Namespace: operatorNamespace, Name: app.KeysSecret}, stored); err != nil {
		return nil, err
	}
	var keys []xsim.Secret
	for _, key := range stored.Data {
		for _, form := range []string{string(key), hex.EncodeToString(key), base64.RawStdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key)} {
			keys = append(keys, xsim.Secret{Kind: "sealing key", Value: form})
		}
	}
	return keys, nil
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

// checkSecrets looks for anything in Secrets that is not theirs to have. In tenants' that
// is whatever they are not made for; in the operator's own, the keys.
func (w *world) checkSecrets(ctx context.Context, ofX, keys []xsim.Secret) []error {
	var list corev1.SecretList
	if err := w.plane.Client().List(ctx, &list); err != nil {
		return []error{err}
	}
	accounts := w.accountsOf(ofX)
	var found []error
	for i := range list.Items {
		stored := &list.Items[i]
		forbidden := slices.Concat(ofX, keys)
		switch {
		case stored.Namespace != operatorNamespace:
		case stored.Name == app.KeysSecret:
			continue
		default:
			forbidden = keys
		}
		text := notMeantFor(stored, accounts)
		for _, secret := range forbidden {
			if holds(text, secret) {
				found = append(found, fmt.Errorf("the Secret %s/%s holds a %s", stored.Namespace, stored.Name, secret.Kind))
			}
		}
	}
	return found
}

// accountsOf gives the user ids of X's access tokens.
func (w *world) accountsOf(ofX []xsim.Secret) map[string]string {
	byHash := map[string]string{}
	for _, record := range w.x.Books().Tokens {
		byHash[record.Hash] = record.UserID
	}
	accounts := map[string]string{}
	for _, secret := range ofX {
		if secret.Kind == string(xsim.KindAccess) {
			accounts[secret.Value] = byHash[xsim.Hash(secret.Value)]
		}
	}
	return accounts
}

// notMeantFor is all that a Secret holds beside what it is made for: a token Secret for
// the access token of its own account, an app's for the client secret.
func notMeantFor(stored *corev1.Secret, accounts map[string]string) string {
	text := fmt.Sprint(stored.Annotations, stored.Labels)
	for key, value := range stored.Data {
		account, known := accounts[string(value)]
		switch {
		case key == v1alpha1.TokenKeyAccessToken && stored.Labels[v1alpha1.LabelToken] != "" &&
			known && account == string(stored.Data[v1alpha1.TokenKeyUserID]):
		case key == v1alpha1.AppKeyClientSecret && stored.Labels[v1alpha1.LabelApp] != "":
		default:
			text += " " + string(value)
		}
	}
	return text
}
