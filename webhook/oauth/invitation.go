// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/seal"
	"github.com/agentconnect/x-operator/webhook"
)

// invitation is what a link or a state leads to.
type invitation struct {
	connection *v1alpha1.XConnection
	grant      *grant.Grant
}

// standing says whether an invitation is open, or why it is not.
type standing string

const (
	standingOpen         standing = "open"
	standingReplaced     standing = "replaced"
	standingConnected    standing = "connected"
	standingDisconnected standing = "disconnected"
	standingSuspended    standing = "suspended"
	standingNotWanted    standing = "not wanted"
)

// standing judges the invitation for someone who holds one of that epoch.
func (i invitation) standing(epoch int64) standing {
	consent := i.grant.Consent
	switch {
	case i.connection.Spec.State == v1alpha1.StateDisconnected:
		return standingDisconnected
	case i.connection.Spec.Suspend:
		return standingSuspended
	case consent.Wanted && consent.Epoch == epoch:
		return standingOpen
	case consent.Wanted:
		return standingReplaced
	case i.grant.Tokens != nil:
		return standingConnected
	default:
		return standingNotWanted
	}
}

// linked finds what a link leads to, and the epoch of its capability. Nothing but
// the cache is read before the capability is verified. An object that is not
// there has the uid "", for which no capability was ever made: so a name that
// does not exist, one that does, and a bad capability all give the same answer
// after the same work.
func (d *door) linked(ctx context.Context, r *http.Request) (invitation, int64, error) {
	connection := &v1alpha1.XConnection{}
	key := client.ObjectKey{Namespace: r.PathValue("namespace"), Name: r.PathValue("name")}
	if webhook.Serves(d.Namespaces, key.Namespace) {
		if err := d.Cached.Get(ctx, key, connection); client.IgnoreNotFound(err) != nil {
			return invitation{}, 0, fmt.Errorf("reading the XConnection %s: %w", key, err)
		}
	}
	epoch, ok := d.Keyring.CheckCapability(string(connection.UID), capabilityIn(r))
	if !ok || !connection.DeletionTimestamp.IsZero() {
		return invitation{}, 0, refuse(v1alpha1.ErrorAgentNotFound, "")
	}
	found, err := d.grantFor(ctx, connection.UID, epoch)
	if err != nil {
		return invitation{}, 0, err
	}
	return invitation{connection, found}, epoch, nil
}

// capabilityIn gives a link's capability; one that is given twice is none.
func capabilityIn(r *http.Request) string {
	if given := r.URL.Query()[seal.ParamCapability]; len(given) == 1 {
		return given[0]
	}
	return ""
}

// grantFor reads a grant from the cache. If that is behind the link, which another
// process made a moment ago, it asks the API server.
func (d *door) grantFor(ctx context.Context, owner types.UID, epoch int64) (*grant.Grant, error) {
	found, err := d.Grants.Get(ctx, owner)
	if errors.Is(err, grant.ErrNotFound) || err == nil && found.Consent.Epoch < epoch {
		return d.liveGrant(ctx, owner)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the grant of the uid %s: %w", owner, err)
	}
	return found, nil
}

func (d *door) liveGrant(ctx context.Context, owner types.UID) (*grant.Grant, error) {
	found, err := d.Grants.GetLive(ctx, owner)
	if errors.Is(err, grant.ErrNotFound) {
		return nil, refuse(v1alpha1.ErrorAgentNotFound, "")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the grant of the uid %s live: %w", owner, err)
	}
	return found, nil
}

// live reads what a state leads to from the API server: the grant by the uid, and
// the object by the name that the grant has. An object of that name with another
// uid is a stranger.
func (d *door) live(ctx context.Context, uid types.UID) (invitation, error) {
	found, err := d.liveGrant(ctx, uid)
	if err != nil {
		return invitation{}, err
	}
	connection := &v1alpha1.XConnection{}
	key := client.ObjectKey{Namespace: found.Owner.Namespace, Name: found.Owner.Name}
	err = d.Live.Get(ctx, key, connection)
	if apierrors.IsNotFound(err) || err == nil && connection.UID != uid {
		return invitation{}, refuse(v1alpha1.ErrorAgentNotFound, "")
	}
	if err != nil {
		return invitation{}, fmt.Errorf("reading the XConnection %s live: %w", key, err)
	}
	return invitation{connection, found}, nil
}
