// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxState is the longest state that X takes, in characters.
const maxState = 500

// consentRequest is a valid authorization request (RFC 6749, section 4.1.1).
type consentRequest struct {
	app         App
	redirectURI string
	scopes      []string
	state       string
	challenge   string
}

// readConsent checks the parameters. X shows whatever is wrong on a page of its
// own and redirects nobody; complaint is then what the page says.
func (s *Server) readConsent(form url.Values) (request consentRequest, complaint string) {
	app, known := s.apps[form.Get("client_id")]
	request = consentRequest{
		app:         app,
		redirectURI: form.Get("redirect_uri"),
		scopes:      strings.Fields(form.Get("scope")),
		state:       form.Get("state"),
		challenge:   form.Get("code_challenge"),
	}
	s.see("state", request.state)
	switch {
	case !known:
		return request, "the client id is not known"
	case !slices.Contains(app.RedirectURIs, request.redirectURI):
		return request, "the redirect uri is not one of the app's callback URIs"
	case form.Get("response_type") != "code":
		return request, "the response type must be code"
	case len(request.scopes) == 0 || slices.ContainsFunc(request.scopes, unknownScope):
		return request, "the scope is missing or not known"
	case request.state == "" || len([]rune(request.state)) > maxState:
		return request, "the state is missing or longer than 500 characters"
	case form.Get("code_challenge_method") != "S256" || !challengeForm.MatchString(request.challenge):
		return request, "the code challenge must be there, by the method S256"
	}
	return request, ""
}

// showConsent is GET /i/oauth2/authorize.
func (s *Server) showConsent(c *call) answer {
	s.counters.AuthorizeCalls++
	request, complaint := s.readConsent(c.form)
	if complaint != "" {
		return page(http.StatusBadRequest, errorPage, complaint)
	}
	return page(http.StatusOK, consentPage, consentView{
		App:       request.app.Name,
		Scopes:    request.scopes,
		Fields:    c.form,
		Preselect: s.preselected(c.request),
		Accounts:  s.handles[:min(len(s.handles), maxListed)],
	})
}

// preselected is the account that this browser is logged in as: the one that
// decided last, or else the first that was registered.
func (s *Server) preselected(r *http.Request) string {
	if cookie, err := r.Cookie(accountCookie); err == nil {
		if account, ok := s.accounts[handleKey(cookie.Value)]; ok {
			return account.Username
		}
	}
	if len(s.handles) > 0 {
		return s.handles[0]
	}
	return ""
}

// decideConsent is POST /i/oauth2/authorize: the person approves or denies.
func (s *Server) decideConsent(c *call) answer {
	request, complaint := s.readConsent(c.form)
	account, known := s.accounts[handleKey(c.form.Get("account"))]
	switch {
	case complaint != "":
		return page(http.StatusBadRequest, errorPage, complaint)
	case !known:
		return page(http.StatusBadRequest, errorPage, "there is no account of that name")
	}
	result := url.Values{"state": {request.state}}
	switch c.form.Get("decision") {
	case "approve":
		s.counters.Approvals++
		result.Set("code", s.issueCode(request, account))
	case "deny":
		s.counters.Denials++
		result.Set("error", "access_denied")
		if s.policies.DenialDescribed {
			result.Set("error_description", "The user denied the request.")
		}
	default:
		return page(http.StatusBadRequest, errorPage, "the decision must be approve or deny")
	}
	return sendBack(request.redirectURI, result, account)
}

// issueCode makes the code of an approved request.
func (s *Server) issueCode(request consentRequest, account Account) string {
	book := s.loginBook(login{request.app.ClientID, account.ID})
	book.codes++
	value := s.mint.value("code", request.app.ClientID+"/"+account.Username, book.codes)
	s.codes[value] = &code{
		value:       value,
		client:      request.app.ClientID,
		account:     account,
		scopes:      request.scopes,
		redirectURI: request.redirectURI,
		challenge:   request.challenge,
		state:       request.state,
		expires:     s.clock.now().Add(time.Duration(s.lifetimes.Code)),
	}
	return value
}

// sendBack redirects the browser to the app with the result (RFC 6749, section
// 4.1.2).
func sendBack(redirectURI string, result url.Values, account Account) answer {
	separator := "?"
	if strings.Contains(redirectURI, "?") {
		separator = "&"
	}
	a := answerBody(http.StatusFound, typeHTML, nil)
	a.header.Set("Location", redirectURI+separator+result.Encode())
	cookie := http.Cookie{
		Name: accountCookie, Value: account.Username, Path: PathAuthorize, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	a.header.Set("Set-Cookie", cookie.String())
	return a
}
