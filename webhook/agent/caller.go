// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
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
// hash of the token.
type authenticator struct {
	client   client.Client
	audience string
	known    *cache.LRUExpireCache
}

// caller gives the user behind a request. Errors: errNoToken, errBadToken, or that
// the API server can't tell now.
func (a *authenticator) caller(ctx context.Context, request *http.Request) (authenticationv1.UserInfo, error) {
	token, err := bearerOf(request)
	if err != nil {
		return authenticationv1.UserInfo{}, err
	}
	key := sha256.Sum256([]byte(token))
	if user, ok := a.known.Get(key); ok {
		return user.(authenticationv1.UserInfo), nil
	}
	user, err := a.review(ctx, token)
	if err != nil {
		return authenticationv1.UserInfo{}, err
	}
	a.known.Add(key, user, reviewKept)
	return user, nil
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
