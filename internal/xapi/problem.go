// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// problem is X's word on a failure in whichever form it comes: an OAuth error
// (RFC 6749, section 5.2), a problem (RFC 9457), or the older list of errors.
type problem struct {
	OAuthCode        string `json:"error"`
	OAuthDescription string `json:"error_description"`
	remark
	Errors []remark `json:"errors"`
}

// remark is one failure of a problem or of a list.
type remark struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Parameters are those of the request that are wrong, by their names.
	Parameters map[string]json.RawMessage `json:"parameters"`
	// Code is the older API's number.
	Code json.RawMessage `json:"code"`
}

// problemFrom reads a body. Anything but one whole JSON object says nothing; a
// member of the wrong type counts as absent.
func problemFrom(got answer) problem {
	var said problem
	var wrongType *json.UnmarshalTypeError
	err := json.Unmarshal(got.body, &said)
	if got.cut != nil || err != nil && !errors.As(err, &wrongType) {
		return problem{}
	}
	return said
}

// remarks are the problem itself and those it lists.
func (p problem) remarks() []remark {
	return append([]remark{p.remark}, p.Errors...)
}

// code is the shortest name of the failure.
func (p problem) code() string {
	names := []string{p.OAuthCode}
	for _, r := range p.remarks() {
		names = append(names, r.kind(), strings.Trim(string(r.Code), `"`))
	}
	return cmp.Or(names...)
}

// description is what X says for people.
func (p problem) description() string {
	texts := []string{p.OAuthDescription}
	for _, r := range p.remarks() {
		texts = append(texts, r.Detail, r.Message)
	}
	for _, r := range p.remarks() {
		texts = append(texts, r.Title)
	}
	return cmp.Or(texts...)
}

// mentions tells whether X says one of the phrases, which are in lower case.
func (p problem) mentions(phrases ...string) bool {
	said := p.OAuthDescription
	for _, r := range p.remarks() {
		said += "\n" + r.Detail + "\n" + r.Message
	}
	said = strings.ToLower(said)
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(said, phrase) })
}

// isOf tells whether the problem, or one that it lists, is of one of the kinds.
func (p problem) isOf(kinds ...string) bool {
	return slices.ContainsFunc(p.remarks(), func(r remark) bool { return slices.Contains(kinds, r.kind()) })
}

// notEnrolled tells whether X's reason is that it has not enrolled the app.
func (p problem) notEnrolled() bool {
	return slices.ContainsFunc(p.remarks(), func(r remark) bool {
		return r.Reason == "client-not-enrolled" || r.Reason == "user-not-enrolled"
	})
}

// capped tells whether a cap or the credits are used up.
func (p problem) capped() bool {
	return p.isOf("credits", "credits-depleted", "usage-capped") ||
		slices.ContainsFunc(p.remarks(), func(r remark) bool {
			return r.Title == "UsageCapExceeded" || r.Title == "CreditsDepleted"
		})
}

// kind is the end of the problem's type: its host differs between captures of X.
// "about:blank" says nothing (RFC 9457, section 4.2.1).
func (r remark) kind() string {
	trimmed := strings.TrimRight(r.Type, "/")
	if trimmed == "about:blank" {
		return ""
	}
	return trimmed[strings.LastIndex(trimmed, "/")+1:]
}
