// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"net/http"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// Right is one verb on one kind of resource, in one namespace or, if that is
// empty, in none or in all.
type Right struct {
	Verb, Group, Resource, Namespace string
}

// String reads as in "patch xconnections.x.agentconnect.dev/status in customer-a".
func (r Right) String() string {
	resource, subresource, _ := strings.Cut(r.Resource, "/")
	if r.Group != "" {
		resource += "." + r.Group
	}
	if subresource != "" {
		resource += "/" + subresource
	}
	if r.Namespace != "" {
		resource += " in " + r.Namespace
	}
	return r.Verb + " " + resource
}

// record keeps what was asked of the API server.
type record struct {
	mu    sync.Mutex
	asked sets.Set[Right]
}

func (r *record) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(asked *http.Request) (*http.Response, error) {
		r.add(asked)
		return next.RoundTrip(asked)
	})
}

// add reads a request as the API server's authorizer does.
func (r *record) add(asked *http.Request) {
	resolver := &request.RequestInfoFactory{
		APIPrefixes:          sets.NewString("api", "apis"),
		GrouplessAPIPrefixes: sets.NewString("api"),
	}
	info, err := resolver.NewRequestInfo(asked)
	if err != nil || !info.IsResourceRequest {
		return
	}
	resource := info.Resource
	if info.Subresource != "" {
		resource += "/" + info.Subresource
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked == nil {
		r.asked = sets.New[Right]()
	}
	r.asked.Insert(Right{Verb: info.Verb, Group: info.APIGroup, Resource: resource, Namespace: info.Namespace})
}

func (r *record) rights() []Right {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked.UnsortedList()
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(asked *http.Request) (*http.Response, error) { return f(asked) }
