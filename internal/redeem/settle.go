// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/internal/failpoint"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// settlement is something that must reach the store.
type settlement struct {
	owner grant.Owner
	// change alters the grant if the settlement still belongs there. It judges by
	// the content that is stored, never by versions: a write that was called a
	// conflict may have been applied. A grant that it leaves as it is, is settled.
	change func(*grant.Grant)
	// answer is what X gave, if that is to be stored. Without one, a grant that does not
	// exist needs nothing.
	answer *tokenAnswer
}

// tokenAnswer is what X gave for a grant. It may outlive the grant.
type tokenAnswer struct {
	// last is the grant as it was before: it is made again from it.
	last *grant.Grant
	// set is what X gave, under the app of the credentials.
	set         grant.Retired
	credentials xapi.Credentials
}

// settle stores a settlement, starting from the grant as it was last seen, and
// tries until it is stored or needless: an API server that is away, and a refusal
// too, only makes it wait, unless it is an answer that nobody wants. It gives the grant
// as it then is; nil if there is none.
func (r *Redeemer) settle(ctx context.Context, seen *grant.Grant, s settlement) (*grant.Grant, error) {
	var unwanted time.Time
	for try := 0; ; try++ {
		settled, err := r.settleOnce(ctx, seen, s)
		if err == nil {
			return settled, nil
		}
		if errors.Is(err, grant.ErrNewerSchema) {
			// Never while a version keeps grant.Schema's rule; if one does not, say so.
			r.Report.Held(s.owner, err)
			return nil, err
		}
		if errors.Is(err, errUnwanted) {
			if unwanted.IsZero() {
				unwanted = r.Now()
			}
			if r.end(ctx, s, unwanted) {
				return nil, nil
			}
		}
		if !errors.Is(err, grant.ErrConflict) {
			r.Report.Held(s.owner, err)
		}
		pause(ctx, min(keepFirst<<min(try, 10), keepMax))
		// Without a grant the next attempt reads it first.
		seen = nil
	}
}

func (r *Redeemer) settleOnce(ctx context.Context, seen *grant.Grant, s settlement) (*grant.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if seen == nil {
		fresh, err := r.Store.GetLive(ctx, s.owner.UID)
		if errors.Is(err, grant.ErrNotFound) {
			if s.answer == nil {
				return nil, nil
			}
			return r.restore(ctx, s)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the grant again: %w", err)
		}
		seen = fresh
	}
	failpoint.Hit("persist-before-write")
	settled, err := r.Store.Update(ctx, seen, s.change)
	failpoint.Hit("persist-after-write")
	return settled, err
}

// pause waits; ctx is one that does not end while there is something to keep.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
