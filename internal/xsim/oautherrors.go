// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// oauthError is the body of RFC 6749, section 5.2.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

const invalidRequest = "invalid_request"

// badRequest is X's 400 in its own words.
func badRequest(code, description string) answer {
	return answerJSON(http.StatusBadRequest, oauthError{code, description})
}

// missing is X's 400 for a parameter that is not there.
func missing(parameter string) answer {
	return badRequest(invalidRequest, "Missing required parameter ["+parameter+"].")
}

// dead is the 400 for a token or code that is not, or no longer, good.
func (s *Server) dead(what string) answer {
	code := s.policies.DeadTokenError
	if code == "" {
		code = invalidRequest
	}
	return badRequest(code, "Value passed for the "+what+" was invalid.")
}

// unauthorizedClient is the 401 for wrong or missing Basic credentials.
func unauthorizedClient() answer {
	return answerJSON(http.StatusUnauthorized, oauthError{"unauthorized_client", "Missing valid authorization header"})
}

// invalidClient is the 401 for an app that X does not know.
func invalidClient() answer {
	return answerJSON(http.StatusUnauthorized, oauthError{"invalid_client", "Value passed for the client id was invalid."})
}
