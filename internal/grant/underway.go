// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// X may end all tokens of an account and app at once, those of other connections as
// well. What one grant does about that is written first, and others are looked at
// after: of two that do so at the same time the later one sees the earlier.

const (
	// IndexUnderWay is the cache index of the grants with something under way that
	// concerns others; UnderWay gives its values.
	IndexUnderWay = "underWay"

	revocationUnderWay = "revocation"
	candidateUnderWay  = "candidate"

	// catchUpPoll and catchUpTimeout bound the wait for a cache.
	catchUpPoll    = 20 * time.Millisecond
	catchUpTimeout = 5 * time.Second

	// undecidedFor is how long the account of a candidate is waited for: X tells it at
	// once, or does not for hours.
	undecidedFor = 5 * time.Minute
)

// UnderWay is the index function of IndexUnderWay. It decodes nothing.
func UnderWay(object client.Object) []string {
	stored, ok := object.(*corev1.Secret)
	if !ok || stored.Labels[LabelGrant] == "" {
		return nil
	}
	var what []string
	if has(stored, keyRevoking) {
		what = append(what, revocationUnderWay)
	}
	if has(stored, keyCandidate) {
		what = append(what, candidateUnderWay)
	}
	return what
}

// CaughtUp waits until the cache shows a grant as it was read, or later: it shows the
// writes to all grants in their order, so that what was written to any before is there
// then. It fails if that takes too long.
func (s *Store) CaughtUp(ctx context.Context, g *Grant) error {
	err := wait.PollUntilContextTimeout(ctx, catchUpPoll, catchUpTimeout, true, func(ctx context.Context) (bool, error) {
		stored, err := s.read(ctx, s.Client, g.Owner.UID)
		if err != nil {
			return false, client.IgnoreNotFound(err)
		}
		order, err := resourceversion.CompareResourceVersion(stored.ResourceVersion, g.Version())
		return order >= 0, err
	})
	if err != nil {
		return fmt.Errorf("waiting until the cache shows the grant: %w", err)
	}
	return nil
}

// Revocations gives the apps and accounts whose tokens are being revoked for other
// grants than g, begun before g was written or since.
func (s *Store) Revocations(ctx context.Context, g *Grant, now time.Time) ([]Grantee, error) {
	others, err := s.others(ctx, g, revocationUnderWay)
	var grantees []Grantee
	for _, other := range others {
		if other.revoking(now) {
			grantees = append(grantees, other.Revoking.Of)
		}
	}
	return grantees, err
}

// Undecided tells whether another grant than g holds tokens of an app that a person just
// consented to, and X did not tell yet whose they are.
func (s *Store) Undecided(ctx context.Context, g *Grant, clientID string, now time.Time) (bool, error) {
	others, err := s.others(ctx, g, candidateUnderWay)
	for _, other := range others {
		c := other.Candidate
		if c.App.ClientID == clientID && c.Account.UserID == "" && now.Sub(c.ReceivedAt).Abs() < undecidedFor {
			return true, nil
		}
	}
	return false, err
}

// others reads from the cache the other grants with something under way, as it was when
// g was written or later. One that can't be decoded is left out: Get reports it.
func (s *Store) others(ctx context.Context, g *Grant, what string) ([]*Grant, error) {
	if err := s.CaughtUp(ctx, g); err != nil {
		return nil, err
	}
	var list corev1.SecretList
	err := s.Client.List(ctx, &list, client.InNamespace(s.Namespace),
		client.MatchingFields{IndexUnderWay: what}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, classify(err)
	}
	var others []*Grant
	for i := range list.Items {
		if other, err := FromSecret(&list.Items[i]); err == nil && other.Owner.UID != g.Owner.UID {
			others = append(others, other)
		}
	}
	return others, nil
}
