// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// countTimeout bounds what a scrape waits for caches.
const countTimeout = 5 * time.Second

// Fleet counts for metrics what stands, at each scrape and from caches alone: by
// status, which costs less than to decode grants and is what people see.
type Fleet struct {
	// Reader reads from the manager's cache.
	client.Reader
	Gate  *redeem.Gate
	Pacer *pace.Pacer
	// Namespace is the operator's own: the Secrets of XApps are there.
	Namespace string
	// PerObject gives each XConnection series of its own.
	PerObject bool
	// Lease is the name of the lease that this process waits for, or holds.
	Lease string
	// Elected is closed once this process reconciles. Before that it counts nothing,
	// so that each object is counted by one replica.
	Elected <-chan struct{}
	Now     func() time.Time
	Log     logr.Logger
}

// Count is a metrics.Source. What can't be read is left out, so that the other metrics
// are still scraped.
func (f *Fleet) Count(into *metrics.Fleet) {
	elected := f.elected()
	into.AddLease(f.Lease, elected)
	if !elected {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	users, err := f.connections(ctx, into)
	err = errors.Join(err, f.posts(ctx, into), f.apps(ctx, into, users))
	if err != nil {
		f.Log.Error(err, "Objects can't be counted for metrics")
	}
}

func (f *Fleet) elected() bool {
	select {
	case <-f.Elected:
		return true
	default:
		return false
	}
}

// connections counts XConnections. It gives how many connected ones use each XApp.
func (f *Fleet) connections(ctx context.Context, into *metrics.Fleet) (map[string]int, error) {
	var list v1alpha1.XConnectionList
	if err := f.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing XConnections: %w", err)
	}
	now, users := f.Now(), map[string]int{}
	for i := range list.Items {
		conn := &list.Items[i]
		counted := countedAs(conn, now)
		into.AddConnection(counted, now)
		if f.PerObject {
			into.AddObject(counted)
		}
		if conn.Status.Connected && conn.Spec.AuthMethod != v1alpha1.AuthOwn {
			users[usedXApp(conn)]++
		}
	}
	return users, nil
}

func (f *Fleet) posts(ctx context.Context, into *metrics.Fleet) error {
	var list v1alpha1.XPostList
	if err := f.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing XPosts: %w", err)
	}
	for i := range list.Items {
		into.AddPost(label(list.Items[i].Status.Conditions, v1alpha1.ConditionReady))
	}
	return nil
}

// countedAs is what is counted of a connection; it is pure.
func countedAs(conn *v1alpha1.XConnection, now time.Time) metrics.Connection {
	status := &conn.Status
	counted := metrics.Connection{Namespace: conn.Namespace, Name: conn.Name}
	counted.Ready, counted.Reason = label(status.Conditions, v1alpha1.ConditionReady)
	counted.Connected, _ = label(status.Conditions, v1alpha1.ConditionConnected)
	counted.Undelivered = status.TokenExpiresAt != nil && slices.Contains(undeliveredFor, counted.Reason)
	if !status.Connected || status.TokenExpiresAt == nil || status.ConnectedAt == nil {
		return counted
	}
	counted.AccessTokenEnds = status.TokenExpiresAt.Time
	if status.RefreshTokenExpiresAt != nil {
		counted.RefreshTokenEnds = status.RefreshTokenExpiresAt.Time
	}
	if toBeRefreshed(conn, counted.Reason) {
		counted.RefreshDue = grant.NextRefresh(asGrant(conn), conn.RefreshInterval(), now)
	}
	return counted
}

// undeliveredFor are the reasons for which agents do not get tokens that there are: the
// grant can't be read, or the token Secret not be written, or not yet. Without tokens
// InternalError is how a consent ended, and Progressing that one is under way.
var undeliveredFor = []string{
	v1alpha1.ReasonInternalError, v1alpha1.ReasonTokenSecretConflict, v1alpha1.ReasonProgressing,
}

// toBeRefreshed tells whether the operator is to keep the token alive. Where somebody
// else must act first, it is not late: so too where X gave no refresh token, which
// shows as a wish for a new consent with no refresh planned.
func toBeRefreshed(conn *v1alpha1.XConnection, reason string) bool {
	switch {
	case !conn.DeletionTimestamp.IsZero(), conn.Spec.Suspend, conn.Spec.State == v1alpha1.StateDisconnected:
		return false
	case reason == v1alpha1.ReasonReauthorizationDue && conn.Status.NextRefreshTime == nil:
		return false
	default:
		return reason != v1alpha1.ReasonInvalidConfig && reason != v1alpha1.ReasonReauthorizationRequired
	}
}

// asGrant gives what a refresh is scheduled by, as status has it. Status has no time of the
// last answer: the last refresh stands for it, or else the consent, with the second that
// status rounds away.
func asGrant(conn *v1alpha1.XConnection) *grant.Grant {
	tokens := &grant.Tokens{ReceivedAt: conn.Status.ConnectedAt.Add(time.Second), ExpiresAt: conn.Status.TokenExpiresAt.Time}
	if last := conn.Status.LastRefreshTime; last != nil {
		tokens.RefreshedAt, tokens.ReceivedAt = last.Time, last.Time
	}
	return &grant.Grant{Owner: grant.Owner{UID: conn.UID}, Tokens: tokens}
}

// tokensHeldFor and postsHeldFor are the reasons for which an app's calls are held back.
var (
	tokensHeldFor = map[redeem.Hold]string{
		redeem.HoldLimited: v1alpha1.ReasonRateLimited,
		redeem.HoldCapped:  v1alpha1.ReasonUsageCapExceeded,
		redeem.HoldRefused: v1alpha1.ReasonInvalidConfig,
		redeem.HoldAway:    v1alpha1.ReasonXUnavailable,
	}
	postsHeldFor = map[pace.Hold]string{
		pace.HoldApp:    v1alpha1.ReasonRateLimited,
		pace.HoldCapped: v1alpha1.ReasonUsageCapExceeded,
	}
)

// apps tells of XApps alone: an Own app is seen through its connections, since a
// tenant may name any number of them. Users are as connections gives them.
func (f *Fleet) apps(ctx context.Context, into *metrics.Fleet, users map[string]int) error {
	var list v1alpha1.XAppList
	if err := f.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing XApps: %w", err)
	}
	for i := range list.Items {
		xapp := &list.Items[i]
		if users != nil {
			into.AddAppConnections(xapp.Name, users[xapp.Name])
		}
		clientID, creds, problem, err := xappCredentials(ctx, f.Reader, f.Namespace, xapp)
		if err != nil {
			return err
		}
		if problem != nil {
			into.AddHeld(xapp.Name, "tokens", v1alpha1.ReasonInvalidConfig, true)
			continue
		}
		tokens, posts := f.Gate.Look(creds), f.Pacer.Look(xapi.EndpointCreatePost, clientID)
		for hold, reason := range tokensHeldFor {
			into.AddHeld(xapp.Name, "tokens", reason, hold == tokens)
		}
		for hold, reason := range postsHeldFor {
			into.AddHeld(xapp.Name, "posts", reason, hold == posts)
		}
		for endpoint, day := range f.Pacer.Days(clientID) {
			into.AddLimit(xapp.Name, routes[endpoint], metrics.Limit{Limit: day.Limit, Remaining: day.Remaining, ResetAt: day.ResetAt})
		}
	}
	return nil
}

// label gives a condition's status and reason as labels: what this version does not
// know, as somebody may have written it, counts as Other, and what has no status yet
// as Unknown and None.
func label(conditions []metav1.Condition, kind string) (status, reason string) {
	condition := meta.FindStatusCondition(conditions, kind)
	if condition == nil {
		return string(metav1.ConditionUnknown), "None"
	}
	status, reason = string(metav1.ConditionUnknown), "Other"
	if condition.Status == metav1.ConditionTrue || condition.Status == metav1.ConditionFalse {
		status = string(condition.Status)
	}
	if reasons[condition.Reason] {
		reason = condition.Reason
	}
	return status, reason
}
