// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/internal/grant"
)

// witness watches the grants of a world, and remembers every refresh token that
// was ever stored, by its hash. What is written and overwritten around an outage
// it may miss.
type witness struct {
	api       client.WithWatch
	namespace string

	mu   sync.Mutex
	seen map[string]bool
}

// watch goes on until the context ends. It goes on from the last version that it
// saw, and starts anew where the API server does not remember that one.
func (w *witness) watch(ctx context.Context) {
	version := ""
	for ctx.Err() == nil {
		if version = w.follow(ctx, version); version == "" {
			pause(ctx, tryAgain/10)
		}
	}
}

// follow watches from a version, or from what there is, until the watch ends. It
// gives the version to go on from; empty to start anew.
func (w *witness) follow(ctx context.Context, version string) string {
	var list corev1.SecretList
	if version == "" {
		if w.api.List(ctx, &list, client.InNamespace(w.namespace), client.MatchingLabels{grant.LabelGrant: "true"}) != nil {
			return ""
		}
		for i := range list.Items {
			w.note(&list.Items[i])
		}
		version = list.ResourceVersion
	}
	options := &client.ListOptions{Namespace: w.namespace}
	client.MatchingLabels{grant.LabelGrant: "true"}.ApplyToList(options)
	options.Raw = &metav1.ListOptions{ResourceVersion: version}
	events, err := w.api.Watch(ctx, &corev1.SecretList{}, options)
	if err != nil {
		return ""
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		stored, ok := event.Object.(*corev1.Secret)
		if !ok || event.Type == watch.Error {
			return ""
		}
		w.note(stored)
		version = stored.ResourceVersion
	}
	return version
}

func (w *witness) note(stored *corev1.Secret) {
	g, err := grant.FromSecret(stored)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, tokens := range allTokens(g) {
		w.seen[tokens.RefreshToken.Hash()] = true
	}
}

func (w *witness) all() map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.seen)
}

// allTokens are all sets that a grant holds.
func allTokens(g *grant.Grant) []grant.Tokens {
	var all []grant.Tokens
	if g.Tokens != nil {
		all = append(all, *g.Tokens)
	}
	if g.Candidate != nil {
		all = append(all, g.Candidate.Tokens)
	}
	for _, set := range slices.Concat(g.Retired, g.Superseded) {
		all = append(all, set.Tokens)
	}
	return all
}
