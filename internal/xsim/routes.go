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
)

// The paths, as at X.
const (
	PathAuthorize = "/i/oauth2/authorize"
	PathToken     = "/2/oauth2/token"
	PathRevoke    = "/2/oauth2/revoke"
	PathMe        = "/2/users/me"
)

// route names every page and endpoint of X that the simulator has.
func (s *Server) route() {
	s.mux.Handle("GET "+PathAuthorize, s.serve(EndpointAuthorize, s.showConsent))
	s.mux.Handle("POST "+PathAuthorize, s.serve(EndpointAuthorize, s.decideConsent))
	s.mux.Handle("POST "+PathToken, s.serve(EndpointRefresh, s.token))
	s.mux.Handle("POST "+PathRevoke, s.serve(EndpointRevoke, s.revoke))
	s.mux.Handle("GET "+PathMe, s.serve(EndpointMe, s.api(s.me, "tweet.read", "users.read")))
}
