// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/agentconnect/x-operator/internal/secret"
)

const (
	// maxDescription is how much of X's words an error repeats, in characters.
	maxDescription = 200
	// maxExamined is how much of them is looked at.
	maxExamined = 1000
	// tellingPiece is the length from which a piece of a secret counts as the
	// secret: an answer may repeat it cut short.
	tellingPiece = 16
)

var plainCode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// secrets is what a request carried and no message may repeat, in every form it
// was sent in, in lower case.
type secrets []string

func newSecrets(values ...secret.Token) secrets {
	var s secrets
	for _, value := range values {
		s = s.with(value.Reveal())
	}
	return s
}

// withBasic adds the credentials of Basic authentication (RFC 7617).
func (s secrets) withBasic(user, password string) secrets {
	return s.with(base64.StdEncoding.EncodeToString([]byte(user + ":" + password)))
}

func (s secrets) with(value string) secrets {
	if value == "" {
		return s
	}
	return append(s, strings.ToLower(value), strings.ToLower(url.QueryEscape(value)))
}

// in tells whether a text repeats a secret, or a telling piece of one.
func (s secrets) in(text string) bool {
	text = strings.ToLower(text)
	for _, value := range s {
		size := min(len(value), tellingPiece)
		for start := 0; start+size <= len(value); start++ {
			if strings.Contains(text, value[start:start+size]) {
				return true
			}
		}
	}
	return false
}

// description makes X's words fit for a message: one line of printable
// characters, cut short; empty if they repeat a secret.
func (s secrets) description(text string) string {
	text = strings.Join(strings.Fields(printable(cut(text, maxExamined))), " ")
	if s.in(text) {
		return ""
	}
	return cut(text, maxDescription)
}

// code lets an error code through if it is one: a plain word and no secret.
func (s secrets) code(text string) string {
	if !plainCode.MatchString(text) || s.in(text) {
		return ""
	}
	return text
}

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return -1
	}, text)
}

// cut shortens a text to a number of characters.
func cut(text string, limit int) string {
	for at := range text {
		if limit == 0 {
			return text[:at]
		}
		limit--
	}
	return text
}
