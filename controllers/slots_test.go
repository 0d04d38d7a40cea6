// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// stuckX is an X that answers no call to revoke until it is let go, and at once
// whose a token is.
type stuckX struct {
	redeem.X
	letGo chan struct{}
}

func (x stuckX) Revoke(context.Context, xapi.Credentials, secret.Token, xapi.TokenHint, xapi.Guard) error {
	<-x.letGo
	return nil
}

func (x stuckX) Me(context.Context, secret.Token) (xapi.User, error) {
	return xapi.User{ID: "1", Username: "jane"}, nil
}

// stuck is a reconciler with so many workers, whose X does not answer revocations.
func stuck(t *testing.T, workers int) (*XConnectionReconciler, stuckX) {
	t.Helper()
	c := fake.NewClientBuilder().
		WithIndex(&corev1.Secret{}, indexGrantee, granteeHashesOf).
		WithIndex(&corev1.Secret{}, grant.IndexUnderWay, grant.UnderWay).Build()
	x := stuckX{letGo: make(chan struct{})}
	store := &grant.Store{Client: c, Live: c, Namespace: "operator", ClusterID: "cluster"}
	now := func() time.Time { return someTime }
	return &XConnectionReconciler{
		Client: c, Live: c, Store: store, Now: now, slots: newSlots(workers), Recorder: events.NewFakeRecorder(100),
		Redeemer: redeem.New(redeem.Options{
			Store: store, X: x, Keeper: redeem.NewKeeper(), Gate: redeem.NewGate(now), Now: now,
			Standing:    func(context.Context, grant.Owner) (redeem.Standing, error) { return redeem.Connectable, nil },
			ConsentCode: func(error) string { return "" },
		}),
	}, x
}

// stored is a scope of its own with its grant in the store, changed as wanted.
func (r *XConnectionReconciler) stored(t *testing.T, name string, change func(*grant.Grant)) *scope {
	t.Helper()
	s := connectedScope()
	s.conn.Name, s.conn.UID = name, types.UID(name)
	s.grant.Owner = grant.Owner{Namespace: "customer", Name: name, UID: s.conn.UID}
	s.grant.ClusterID, s.grant.Account.UserID = "cluster", name
	change(s.grant)
	g, err := r.Store.Create(t.Context(), s.grant)
	if err != nil {
		t.Fatal(err)
	}
	s.grant = g
	return s
}

// While X hangs on revocations they hold a quarter of the workers: the others of them
// come again, and leave a tombstone when their time is over; a person's consent goes on.
func TestRevocationsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, x := stuck(t, 16)
		waiting := 0
		var scopes []*scope
		for n := range 10 {
			s := r.stored(t, fmt.Sprint("deleted-", n), func(g *grant.Grant) { g.Forget() })
			s.app = newApp(grant.App{ClientID: "client"})
			deleted(s, time.Second)
			s.app.creds = xapi.Credentials{ClientID: "client", ClientSecret: secret.New("secret")}
			scopes = append(scopes, s)
			go func() {
				if err := r.revoke(t.Context(), s); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		for _, s := range scopes {
			if at := s.revoking.at; !at.IsZero() {
				waiting++
				if got := plan(s); got.action != actionWait || !got.at.Equal(at) || at.Sub(s.now) > 3*time.Second {
					t.Errorf("one that found no place does %s at %s", got.action, got.at)
				}
				deleted(s, revokeDeadline)
				if got := plan(s); got.action != actionBury {
					t.Errorf("one whose time is over does %s, not Bury", got.action)
				}
			}
		}
		if waiting != 6 {
			t.Errorf("%d of 10 revocations found no place, want 6", waiting)
		}
		person := r.stored(t, "consented", candidateOf("consented"))
		if err := r.settleCandidate(t.Context(), person); err != nil || person.grant.Candidate != nil {
			t.Errorf("a consent is not finished: %v", err)
		}
		close(x.letGo)
		synctest.Wait()
		if !r.slots.takeForRevocation() {
			t.Error("the places are not given back")
		}
	})
}

// A consent whose account X is to tell takes a place as well.
func TestSettlementsTakePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := stuck(t, 4)
		s := r.stored(t, "consented", candidateOf("consented"))
		for range 2 {
			r.slots.take(t.Context())
		}
		if err := r.settleCandidate(t.Context(), s); !errors.Is(err, errBusy) || s.grant.Candidate == nil {
			t.Errorf("without a place the error is %v, want errBusy", err)
		}
		if r.slots.takeForRevocation() {
			t.Error("a revocation takes a place that is not there")
		}
		r.slots.leave()
		if err := r.settleCandidate(t.Context(), s); err != nil || s.grant.Candidate != nil {
			t.Errorf("with a place the consent is not finished: %v", err)
		}
	})
}

// A refresh that found no place comes again behind the events: while X hangs, refreshes of
// tokens about to end would take every worker that gets free, and no deletion would be served.
func TestRefreshesWithoutAPlaceComeLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := stuck(t, 4)
		for range 2 {
			r.slots.take(t.Context())
		}
		s, d := connectedScope(), decision{action: actionRefresh}
		s.grant.Tokens.ExpiresAt = s.now.Add(time.Minute)
		result, err := r.result(s, d, r.refresh(t.Context(), s, d))
		if err != nil || result.RequeueAfter == 0 || result.Priority == nil || *result.Priority != priorityRoutine {
			t.Errorf("the result is %+v with the error %v, want a routine pass", result, err)
		}
	})
}

// While a person consents routine writes take turns, a quarter of the workers at once; a token
// that a person waits for is written at once; writes that hang keep the others waiting for a
// moment only. While nobody consents no write waits.
func TestRoutineWritesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &XConnectionReconciler{slots: newSlots(16), Now: time.Now}
		r.personSeen()
		routine, awaited := connectedScope(), connectedScope()
		routine.before.Status.ConnectedAt = timeOf(routine.grant.Tokens.ConsentedAt)
		awaited.before.Status.ConnectedAt = nil
		var writing atomic.Int32
		answer := make(chan struct{})
		write := func() {
			err := r.inTurn(t.Context(), routine, func() error {
				writing.Add(1)
				<-answer
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		expect := func(want int32, when string) {
			t.Helper()
			synctest.Wait()
			if got := writing.Load(); got != want {
				t.Errorf("%s %d began to write, want %d", when, got, want)
			}
		}
		for range 10 {
			go write()
		}
		expect(4, "of ten routine passes")
		published := false
		err := r.inTurn(t.Context(), awaited, func() error { published = true; return nil })
		if err != nil || !published {
			t.Errorf("what a person waits for is not written: %v", err)
		}
		answer <- struct{}{}
		expect(5, "of ten routine passes, of which one has its answer,")
		time.Sleep(deskWait)
		expect(10, "after a moment, of ten routine passes,")

		ended, end := context.WithCancel(t.Context())
		end()
		if err := r.inTurn(ended, routine, func() error { return errors.New("written") }); !isRace(err) {
			t.Errorf("at the end of the process the error is %v", err)
		}
		close(answer)

		time.Sleep(personTime + 1)
		answer = make(chan struct{})
		for range 10 {
			go write()
		}
		expect(20, "without anybody who consents")
		close(answer)
	})
}

// candidateOf has somebody consent.
func candidateOf(name string) func(*grant.Grant) {
	return func(g *grant.Grant) {
		g.Account.UserID = ""
		g.Candidate = &grant.Candidate{Nonce: name, Tokens: grant.Tokens{
			App: grant.App{ClientID: "client"}, AccessToken: secret.New("access-" + name), RefreshToken: secret.New("refresh-" + name),
		}}
	}
}
