// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/url"
	"regexp"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/secret"
)

// The bounds of what X may send back.
const (
	// maxQuery is for the whole query, parameters included that we don't know.
	maxQuery = 8 << 10
	// maxState is X's own limit.
	maxState = 500
	// maxCode is far above X's codes.
	maxCode = 2 << 10
)

var (
	// visible is RFC 6749's VSCHAR, of which codes and states consist (appendix A).
	visible = regexp.MustCompile(`^[ -~]*$`)
	// errorWord is what an "error" parameter looks like in every server there is.
	errorWord = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

// answer is what X sent back: a code, or a word that says why there is none
// (RFC 6749, section 4.1.2).
type answer struct {
	state  string
	code   secret.Token
	denied string
}

// parseAnswer reads the callback's query. It refuses what is missing, twice there
// or not as X sends it; parameters that it does not know are ignored.
func parseAnswer(rawQuery string) (answer, error) {
	if len(rawQuery) > maxQuery {
		return answer{}, malformed("The address is far longer than any that X makes.")
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return answer{}, malformed("The address can’t be read.")
	}
	for _, name := range []string{"state", "code", "error"} {
		if len(query[name]) > 1 {
			return answer{}, malformed("The address gives one of its parts twice.")
		}
	}
	return checkAnswer(answer{
		state:  query.Get("state"),
		code:   secret.New(query.Get("code")),
		denied: query.Get("error"),
	}, query.Get("code"))
}

func checkAnswer(got answer, code string) (answer, error) {
	switch {
	case got.state == "":
		return answer{}, malformed("The state is missing.")
	case len(got.state) > maxState || len(code) > maxCode || !visible.MatchString(got.state+code):
		return answer{}, malformed("The answer is not one that X makes.")
	case got.denied != "" && !errorWord.MatchString(got.denied):
		return answer{}, malformed("The error is not one that X makes.")
	case got.denied == "" && code == "":
		return answer{}, malformed("There is neither a code nor an error.")
	case got.denied != "":
		// Both at once is against the RFC; refusing is the safe side.
		got.code = secret.Token{}
	}
	return got, nil
}

func malformed(detail string) error { return refuse(v1alpha1.ErrorMissingParams, detail) }
