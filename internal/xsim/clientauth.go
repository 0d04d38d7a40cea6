// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

// authenticate finds the app that calls the token or revocation endpoint. A
// confidential client must use Basic (RFC 6749, section 2.3.1); a public one names
// itself in the body. If it fails, the answer says so and nothing is spent.
func (s *Server) authenticate(c *call) (App, *answer) {
	app, known := s.apps[c.ClientID]
	refusal := unauthorizedClient()
	switch named := c.form.Get("client_id"); {
	case !c.basic && (!known || app.ClientSecret != ""):
		return App{}, &refusal
	case !known:
		s.see("client secret", c.secret)
		refusal = invalidClient()
		return App{}, &refusal
	case c.secret != app.ClientSecret:
		s.see("client secret", c.secret)
		return App{}, &refusal
	case named != "" && named != app.ClientID:
		refusal = badRequest(invalidRequest, "Value passed for the client id was invalid.")
		return App{}, &refusal
	}
	return app, nil
}
