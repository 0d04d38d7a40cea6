// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/chaos/judge"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	// settleWithin bounds the wait until every connection has come to rest once
	// nothing goes wrong any more: longer than any back-off and any takeover.
	settleWithin = 7 * time.Minute
	// longLife is the lifetime of the access tokens that the last refreshes give:
	// none of them ends, or is refreshed, while the evidence is read.
	longLife = 2 * time.Hour
)

// examine asks each connection that says it works to prove it by one more
// refresh, and waits until all have come to rest, and all posts. Time running out is no error:
// the judge finds those that have not.
func (w *world) examine(ctx context.Context) error {
	const request = "examination"
	for _, conn := range w.wantedOnes() {
		err := insist(ctx, func() error {
			return w.annotate(ctx, conn.object(w.namespace), v1alpha1.AnnotationRefreshRequestedAt, request)
		})
		if err != nil {
			return err
		}
	}
	w.x.SetLifetimes(xsim.Lifetimes{Access: xsim.Duration(longLife)})
	deadline := time.Now().Add(settleWithin)
	for time.Now().Before(deadline) {
		if w.look(ctx) == nil && w.rests(request) {
			break
		}
		if !pause(ctx, lookEvery) {
			return ctx.Err()
		}
	}
	return nil
}

// rests tells whether every connection has proved that it works, or asks for
// consent, or, if it was deleted, is gone.
func (w *world) rests(request string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.ContainsFunc(w.posts, func(post *xpost) bool { return !post.rests() }) {
		return false
	}
	return !slices.ContainsFunc(w.connections, func(conn *connection) bool {
		switch {
		case !conn.wanted:
			return conn.seen != nil
		case conn.seen == nil:
			return true
		}
		status := conn.seen.Status
		ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
		if ready == nil {
			return true
		}
		proved := status.LastHandledRefreshAt == request && status.TokenExpiresAt != nil &&
			time.Until(status.TokenExpiresAt.Time) > longLife/2
		works := meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) && proved
		asks := ready.Status != "True" && status.AuthorizeURL != ""
		return !works && !asks
	})
}

// evidence reads what the judge wants to know, after every process has ended.
func (w *world) evidence(ctx context.Context) (judge.Evidence, error) {
	e := judge.Evidence{
		Books:             w.x.Books(),
		KeepEarlierLogins: w.policies.KeepEarlierLogins,
		Outages:           w.suite.outagesSoFar(),
		Seen:              w.witness.all(),
	}
	for _, p := range w.processes() {
		e.Runs = append(e.Runs, p.run())
	}
	if err := w.look(ctx); err != nil {
		return e, fmt.Errorf("reading the connections: %w", err)
	}
	grants, err := w.grants(ctx)
	if err != nil {
		return e, fmt.Errorf("reading the grants: %w", err)
	}
	published, err := w.published(ctx)
	if err != nil {
		return e, fmt.Errorf("reading the token Secrets: %w", err)
	}
	logins, err := w.logins(e.Books)
	if err != nil {
		return e, err
	}
	for _, conn := range w.connections {
		found := judge.Connection{
			Name: w.name + "/" + conn.name, Account: conn.account, Stranger: conn.stranger, Logins: logins[conn],
			Wanted: conn.wanted, Removed: conn.removed, Published: published[conn.name],
		}
		fillGrant(&found, grants[conn.name])
		fillStatus(&found, conn.seen)
		e.Connections = append(e.Connections, found)
	}
	for _, post := range w.posts {
		e.Posts = append(e.Posts, post.evidence(w.name))
	}
	return e, nil
}

// logins are the ids of the grants at X that each connection's person consented to.
func (w *world) logins(books xsim.Books) (map[*connection][]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	began := map[string]*connection{}
	for _, conn := range w.connections {
		for state := range conn.states {
			began[state] = conn
		}
	}
	logins := map[*connection][]string{}
	for _, login := range books.Grants {
		conn := began[login.State]
		if conn == nil {
			return nil, fmt.Errorf("nobody is known to have consented to %s", login.ID)
		}
		logins[conn] = append(logins[conn], login.ID)
	}
	return logins, nil
}

func (p *xpost) evidence(world string) judge.Post {
	found := judge.Post{
		Name: world + "/" + p.name, Account: p.conn.account, Texts: p.texts, ReplyTo: p.replyTo,
		Connected: p.conn.stands(), IDs: make([]string, len(p.texts)), Reason: p.reason(),
	}
	if p.seen == nil {
		return found
	}
	found.Ready = meta.IsStatusConditionTrue(p.seen.Status.Conditions, v1alpha1.ConditionReady)
	for _, published := range p.seen.Status.Posts {
		found.IDs[published.Index] = published.ID
	}
	return found
}

// grants are those of the world, by the name of their connection.
func (w *world) grants(ctx context.Context) (map[string]*grant.Grant, error) {
	var list corev1.SecretList
	if err := w.suite.plane.Client().List(ctx, &list, client.InNamespace(w.home), client.MatchingLabels{grant.LabelGrant: "true"}); err != nil {
		return nil, err
	}
	grants := map[string]*grant.Grant{}
	for i := range list.Items {
		g, err := grant.FromSecret(&list.Items[i])
		if err != nil {
			return nil, err
		}
		grants[g.Owner.Name] = g
	}
	return grants, nil
}

// published are the hashes of the access tokens in the token Secrets, by the name
// of their connection.
func (w *world) published(ctx context.Context) (map[string]string, error) {
	var list corev1.SecretList
	if err := w.suite.plane.Client().List(ctx, &list, client.InNamespace(w.namespace), client.HasLabels{v1alpha1.LabelToken}); err != nil {
		return nil, err
	}
	published := map[string]string{}
	for _, token := range list.Items {
		for _, owner := range token.OwnerReferences {
			published[owner.Name] = xsim.Hash(string(token.Data[v1alpha1.TokenKeyAccessToken]))
		}
	}
	return published, nil
}

func fillGrant(found *judge.Connection, g *grant.Grant) {
	if g == nil {
		return
	}
	if g.Tokens != nil {
		found.Working, found.Access = g.Tokens.RefreshToken.Hash(), g.Tokens.AccessToken.Hash()
	}
	for _, tokens := range allTokens(g) {
		found.Stored = append(found.Stored, tokens.RefreshToken.Hash())
	}
}

func fillStatus(found *judge.Connection, object *v1alpha1.XConnection) {
	if object == nil {
		return
	}
	found.Exists = true
	found.Username = object.Status.Username
	found.Link = object.Status.AuthorizeURL != ""
	if ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		found.Ready, found.Reason = ready.Status == "True", ready.Reason
	}
}
