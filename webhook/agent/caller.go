// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errNoToken and errBadToken are why a caller is not known.
var (
	errNoToken  = errors.New("the request has no bearer token: send the projected token of the pod's service account")
	errBadToken = errors.New("the token is not valid for this audience: project a service account token with it, and read its file again for each call")
)

// authenticator finds out who a caller is. It keeps answers for a moment, by the
// hash of the token: those that tell a user in known, refusals in refused, where no
// flood of made-up tokens reaches the others.
type authenticator struct {
	client   client.Client
	audience string
	known    *cache.LRUExpireCache
	refused  *cache.LRUExpireCache
	// reviews are counted by the caller's address, as nothing else of it is known.
	reviews *turnstile
}

func newAuthenticator(client client.Client, audience string, clock clock) *authenticator {
	return &authenticator{
		client: client, audience: audience, reviews: newTurnstile(clock, reviewShare),
		known:   cache.NewLRUExpireCacheWithClock(maxReviews, clock),
		refused: cache.NewLRUExpireCacheWithClock(maxReviews, clock),
	}
}

// caller gives the user behind a request. Errors: errNoToken, errBadToken, a fault if
// there are too many callers at its address, or that the API server can't tell now.
func (a *authenticator) caller(ctx context.Context, request *http.Request) (authenticationv1.UserInfo, error) {
	token, err := bearerOf(request)
	if err != nil {
		return authenticationv1.UserInfo{}, err
	}
	key := sha256.Sum256([]byte(token))
	if user, ok := a.known.Get(key); ok {
		return user.(authenticationv1.UserInfo), nil
	}
	if _, ok := a.refused.Get(key); ok {
		return authenticationv1.UserInfo{}, errBadToken
	}
	user, err := a.reviewFrom(ctx, addressOf(request), token)
	switch {
	case err == nil:
		a.known.Add(key, user, reviewKept)
	case errors.Is(err, errBadToken):
		a.refused.Add(key, nil, reviewKept)
	}
	return user, err
}

// addressOf is where a request comes from: the other end of its connection, whatever
// its headers say.
func addressOf(request *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(request.RemoteAddr)
	return from.Addr()
}

// reviewFrom reviews a token unless its address has had its share. A loopback address
// has none, since a sidecar's is that of all callers behind it.
func (a *authenticator) reviewFrom(ctx context.Context, from netip.Addr, token string) (authenticationv1.UserInfo, error) {
	if from.IsLoopback() {
		return a.review(ctx, token)
	}
	leave, err := a.reviews.enter(from.String())
	if err != nil {
		return authenticationv1.UserInfo{}, err
	}
	defer leave()
	return a.review(ctx, token)
}

// bearerOf gives the token of a request (RFC 6750, section 2.1), and only that of
// one header: a query is logged everywhere.
func bearerOf(request *http.Request) (string, error) {
	headers := request.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoToken
	}
	if len(token) > maxBearer {
		return "", errBadToken
	}
	return token, nil
}

// review asks the API server. That it authenticates the token is not enough: only
// the audiences in its answer say that the token was made for this door, and a
// server that does not know of audiences gives none.
func (a *authenticator) review(ctx context.Context, token string) (authenticationv1.UserInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	review := &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: []string{a.audience}},
	}
	if err := a.client.Create(ctx, review); err != nil {
		return authenticationv1.UserInfo{}, fmt.Errorf("reviewing a caller's token: %w", err)
	}
	if !review.Status.Authenticated || !slices.Contains(review.Status.Audiences, a.audience) {
		return authenticationv1.UserInfo{}, errBadToken
	}
	return review.Status.User, nil
}
