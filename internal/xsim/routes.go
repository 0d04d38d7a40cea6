// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

// Endpoint names what a call is for; faults and limits are set by it.
type Endpoint string

// The endpoints. The token endpoint is two, by its grant_type.
const (
	EndpointAuthorize Endpoint = "authorize"
	EndpointExchange  Endpoint = "exchange"
	EndpointRefresh   Endpoint = "refresh"
	EndpointRevoke    Endpoint = "revoke"
	EndpointMe        Endpoint = "me"
	EndpointPost      Endpoint = "post"
	EndpointDelete    Endpoint = "delete"
	EndpointMentions  Endpoint = "mentions"
	EndpointPosts     Endpoint = "posts"
	EndpointHome      Endpoint = "home"
	EndpointLookup    Endpoint = "lookup"
)

// The paths, as at X.
const (
	PathAuthorize = "/i/oauth2/authorize"
	PathToken     = "/2/oauth2/token"
	PathRevoke    = "/2/oauth2/revoke"
	PathMe        = "/2/users/me"
	PathPosts     = "/2/tweets"
	PathUsers     = "/2/users"
)

// known tells whether there is such an endpoint.
func (e Endpoint) known() bool {
	switch e {
	case EndpointAuthorize, EndpointMe, EndpointMentions, EndpointPosts, EndpointHome, EndpointLookup:
		return true
	}
	return e.booked()
}

// booked tells whether each call is an event of the books: those that spend or
// change something.
func (e Endpoint) booked() bool {
	switch e {
	case EndpointExchange, EndpointRefresh, EndpointRevoke, EndpointPost, EndpointDelete:
		return true
	}
	return false
}

// route names every page and endpoint of X that the simulator has.
func (s *Server) route() {
	s.mux.Handle("GET "+PathAuthorize, s.serve(EndpointAuthorize, s.showConsent))
	s.mux.Handle("POST "+PathAuthorize, s.serve(EndpointAuthorize, s.decideConsent))
	s.mux.Handle("POST "+PathToken, s.serve(EndpointRefresh, s.token))
	s.mux.Handle("POST "+PathRevoke, s.serve(EndpointRevoke, s.revoke))
	s.mux.Handle("GET "+PathMe, s.serve(EndpointMe, s.api(s.me, "tweet.read", "users.read")))
	s.routePosts()
}

func (s *Server) routePosts() {
	writes, reads := []string{"tweet.write", "tweet.read", "users.read"}, []string{"tweet.read", "users.read"}
	const user = "GET " + PathUsers + "/{id}"
	s.mux.Handle("POST "+PathPosts, s.serve(EndpointPost, s.api(s.paid(s.createPost), writes...)))
	s.mux.Handle("DELETE "+PathPosts+"/{id}", s.serve(EndpointDelete, s.api(s.deletePost, writes...)))
	s.mux.Handle("GET "+PathPosts, s.serve(EndpointLookup, s.api(s.paid(s.lookUpPosts), reads...)))
	s.mux.Handle(user+"/mentions", s.serve(EndpointMentions, s.api(s.paid(s.mentionsOf), reads...)))
	s.mux.Handle(user+"/tweets", s.serve(EndpointPosts, s.api(s.paid(s.postsOf), reads...)))
	s.mux.Handle(user+"/timelines/reverse_chronological", s.serve(EndpointHome, s.api(s.paid(s.homeOf), reads...)))
}
